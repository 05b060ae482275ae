"""What a rule module offers: checks of a meter operation, a registry operation, or a query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from meterstream.contracts.envelope import CommandHeader, DlmsResponseHeader
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.records import FirmwareImage, KeyKind
from meterstream.contracts.shared.relays import KnownRelay
from meterstream.domain.model.addressing import ANY_DEVICE, Addressing
from meterstream.domain.model.keys import DeviceKey, GivenKey
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import Device, FunctionGroups
from meterstream.domain.model.world import World
from meterstream.runtime.codec import Codec


@dataclass(frozen=True, slots=True)
class Subject:
    """A command for a meter whose device is known and whose operation is allowed; what its own rules look at.

    Attributes:
        device: of the command, for an action of a bundle too.
        world: with the rows that the rules need, and the device that the request names.
        in_bundle: the request is an action of a bundle.
    """

    header: CommandHeader
    request: OperationRequest
    device: Device
    groups: frozenset[str]
    functions: FunctionGroups
    codec: Codec
    world: World
    in_bundle: bool = False


Given = tuple[GivenKey, ...] | PlatformError
"""Keys that came with a request, opened and sealed at rest, or why that failed."""

MakeKey = Callable[[str, KeyKind], GivenKey]
"""Makes a key of a device at random, sealed at rest."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A request that is about to leave for a meter, alone or in a bundle; its rule may change keys first.

    Attributes:
        given_keys: keys that came with it; None where none did.
        former: ids of the keys that an earlier attempt had with it, by device and kind.
    """

    subject: Subject
    now: datetime
    given_keys: Given | None
    former: Mapping[tuple[str, KeyKind], str]
    make_key: MakeKey


Reveal = Callable[[str, DeviceKey, bytes], bytes]
"""Encrypts a device's key for a public key (RSA, DER SubjectPublicKeyInfo): device, key, public key."""


@dataclass(frozen=True, slots=True)
class RegistryTurn:
    """A registry operation's turn: it may change the world.

    Attributes:
        given_keys: keys of the request, opened and sealed at rest, or why that failed.
        protocols: (name, version) of every protocol that meters may speak.
        cancel: ends a command of the organisation that waits; raises UNKNOWN_CORRELATION_UID (405), TOO_LATE.
        reveal: encrypts a key of the device for whom it is meant.
    """

    header: CommandHeader
    request: OperationRequest
    world: World
    now: datetime
    given_keys: Given | None
    protocols: frozenset[tuple[str, str]]
    cancel: Callable[[str], None]
    reveal: Reveal


@dataclass(frozen=True, slots=True)
class DevicePage:
    """A page of devices for which an organisation has an authorisation, and how many there are in all."""

    devices: tuple[ListedDevice, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A line of such a page."""

    uid: str
    identification: str
    device_type: str
    activated: bool
    has_schedule: bool
    public_key_present: bool
    relay: KnownRelay | None


class RegistryReader(Protocol):
    """Reads of the registry that have no effect."""

    async def device_pages(self, wanted: Sequence[tuple[str, int]], size: int) -> list[DevicePage]:
        """One page for each (organisation, page from 0), in one round trip."""

    async def read(self, statement: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a statement of `administration.sql`, by the names of their columns."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A good answer, for what the registry learns from it; `observed_at` decides between two of them.

    Attributes:
        device: of the command; `gateway` owns the association in which the answer was given.
        cause: organisation and correlation uid of the command.
    """

    device: str
    gateway: str
    request: OperationRequest
    response: OperationResponse
    observed_at: datetime
    world: World
    cause: tuple[str, str]


@dataclass(frozen=True, slots=True)
class MeterRule:
    """Rules of an operation that goes to a meter.

    Attributes:
        check: raises PlatformError where the request may not go out, alone or in a bundle.
        learn: changes the registry after a good answer, alone or in a bundle; raises a PlatformError in place of the
            answer, a retryable one where another attempt is to go on with what was learned.
        complete: puts what the registry knows into a good answer before anybody sees it, alone or in a bundle; raises
            PlatformError where the registry refuses it.
        learns_from: what `complete` and `learn` look at and change beside the answer itself; locked while they decide.
        goes_on_at: when the next attempt after a good answer is to be made that leaves something to do (the answer's
            `retryable`); None: the answer is the result.
        settle: the answer of a request for which nothing has to be done on the meter; None: it goes out.
        needs: what `check` looks at beside organisation and device of its command, alone or in a bundle.
        addressing: what is said of M-Bus devices that cannot be reached; in bundles `addressing_in_bundle` where set.
        not_for_mbus: that it is not for M-Bus devices, in the words of the operation.
        images: the firmware images that go along with the request, alone or in a bundle; raises PlatformError where
            one of them cannot.
        mbus_devices: M-Bus devices that the request is about without naming them, alone or in a bundle; raises
            PlatformError where one of them is not known.
        ciphertexts: the keys that a request brings along, encrypted for the platform; raises PlatformError where some
            are missing.
        prepare: the keys that the request hands over, stored by now, alone or in a bundle; raises PlatformError and
            then has changed nothing. What it changes stands among its `needs`.
    """

    operation: Operation
    check: Callable[[Subject], None] | None = None
    learn: Callable[[Lesson], None] | None = None
    complete: Callable[[Lesson], OperationResponse] | None = None
    learns_from: Callable[[DlmsResponseHeader, OperationResponse], Needs] | None = None
    goes_on_at: Callable[[OperationResponse], datetime | None] | None = None
    settle: Callable[[Subject], OperationResponse | None] | None = None
    needs: Callable[[CommandHeader, OperationRequest], Needs] | None = None
    addressing: Addressing = ANY_DEVICE
    addressing_in_bundle: Addressing | None = None
    not_for_mbus: str = "{operation} is not for M-Bus devices"
    images: Callable[[Subject], Sequence[FirmwareImage]] | None = None
    mbus_devices: Callable[[Subject], Sequence[Device]] | None = None
    ciphertexts: Callable[[OperationRequest], Mapping[KeyKind, bytes]] | None = None
    prepare: Callable[[Departure], Sequence[NewKey]] | None = None

    @property
    def looks_at_requests(self) -> bool:
        """Whether it has a say before the meter is asked; otherwise actions of bundles need not be read."""
        parts = (self.check, self.needs, self.images, self.mbus_devices, self.ciphertexts, self.prepare)
        return any(part is not None for part in parts)


@dataclass(frozen=True, slots=True)
class RegistryRule:
    """An operation that domain carries out itself.

    Attributes:
        carry_out: raises PlatformError and then has changed nothing.
        needs: what it looks at beside organisation and device of its command.
        ciphertexts: as in MeterRule.
    """

    operation: Operation
    carry_out: Callable[[RegistryTurn], OperationResponse]
    needs: Callable[[CommandHeader, OperationRequest], Needs] | None = None
    ciphertexts: Callable[[OperationRequest], Mapping[KeyKind, bytes]] | None = None


Asked = tuple[CommandHeader, OperationRequest]


@dataclass(frozen=True, slots=True)
class QueryRule:
    """An operation without effect.

    Attributes:
        answer: takes the organisations and requests of a batch, and answers each, or says why it does not.
    """

    operation: Operation
    answer: Callable[[RegistryReader, Sequence[Asked]], Awaitable[Sequence[OperationResponse | PlatformError]]]


Rule = MeterRule | RegistryRule | QueryRule
Rules = Mapping[str, Rule]
