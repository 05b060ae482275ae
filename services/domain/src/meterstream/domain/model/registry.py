"""Organisations, devices and who may do what with which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from meterstream.contracts.operations.add_device import DeviceModel, NewDevice
from meterstream.contracts.records import DeviceState, KafkaCommands

OWNER: Final = "OWNER"
"""The function group of whoever answers for a device; it holds practically every function."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as the decisions need it.

    Attributes:
        slug: names its own command topic; None where it has none.
        signing_key: public key of its signatures, DER SubjectPublicKeyInfo.
    """

    identification: str
    enabled: bool = True
    admin: bool = False
    kafka_commands: KafkaCommands = KafkaCommands.OFF
    slug: str | None = None
    signing_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """The device that owns the connection, as far as a request needs it.

    Attributes:
        published_revision: the newest revision that is known to lie on `devices`.
    """

    identification: str
    state: DeviceState
    revision: int
    published_revision: int

    @property
    def is_published(self) -> bool:
        """Whether protocol-dlms can know the newest record."""
        return self.published_revision >= self.revision


@dataclass(frozen=True, slots=True)
class MbusFacts:
    """What is known of an M-Bus device beside its place: the short identifier of AddDevice, and what a meter told.

    Attributes:
        identification_number: 8 digits; with `manufacturer` (3 letters) it names the device on a meter's channel.
        device_type: attribute 9 of the M-Bus client (IEC 62056-6-2, class 72), 3 for gas.
        primary_address: of a wired device, where a meter told it.
        coupled_at: when the registry's knowledge of its place was observed; an older observation does not change it.
    """

    identification_number: str | None = None
    manufacturer: str | None = None
    version: int | None = None
    device_type: int | None = None
    model_code: str | None = None
    primary_address: int | None = None
    coupled_at: datetime | None = None


NO_MBUS_FACTS: Final = MbusFacts()


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the registry. An M-Bus device has its own record only as a channel of its gateway's.

    Attributes:
        organisation: who added it.
        description: as given with AddDevice, without keys; None where nothing of it changes.
        debug: the frames of its sessions are kept in the message log.
        use_short_names, use_hdlc: how the meter is talked to, beside what the description says.
        stored_mbus_facts: of an M-Bus device, as they are stored.
    """

    identification: str
    uid: str
    organisation: str
    state: DeviceState
    is_mbus: bool
    gateway: Gateway | None
    revision: int
    published_revision: int
    channel: int | None = None
    mbus_identity: str | None = None
    description: NewDevice | None = None
    model: DeviceModel | None = None
    time_zone: str | None = None
    changed_at: datetime | None = None
    debug: bool = False
    use_short_names: bool = False
    use_hdlc: bool = False
    stored_mbus_facts: MbusFacts = NO_MBUS_FACTS

    @property
    def mbus_facts(self) -> MbusFacts:
        """What is known of the M-Bus device, with what this batch changes."""
        given = self.description
        if given is None:
            return self.stored_mbus_facts
        return replace(
            self.stored_mbus_facts,
            identification_number=given.mbus_identification_number,
            manufacturer=given.mbus_manufacturer_identification,
            version=given.mbus_version,
            device_type=given.mbus_device_type_identification,
            model_code=self.model.model_code if self.model is not None else self.stored_mbus_facts.model_code,
        )

    @property
    def mbus_name(self) -> str | None:
        """How meters name the M-Bus device, see `mbus_name`; None where AddDevice did not tell."""
        facts = self.mbus_facts
        if facts.identification_number is None or facts.manufacturer is None:
            return None
        return mbus_name(facts.manufacturer, facts.identification_number)

    def is_behind(self, gateway: str) -> bool:
        """Whether the registry knows it as an M-Bus device of that gateway."""
        return self.is_mbus and self.gateway is not None and self.gateway.identification == gateway

    @property
    def is_known(self) -> bool:
        """Whether it stands in the registry; a removed device only keeps its keys and revision."""
        return self.state is DeviceState.ACTIVE

    def with_own_gateway(self) -> Device:
        """The same device as its own gateway, which every device with a connection is."""
        return replace(self, gateway=Gateway(self.identification, self.state, self.revision, self.published_revision))


def mbus_name(manufacturer: str, identification_number: str) -> str:
    """How meters name an M-Bus device: LGB12056731 of manufacturer LGB, identification number 12056731."""
    return f"{manufacturer}{identification_number}"


@dataclass(frozen=True, slots=True)
class FunctionGroups:
    """Which device functions each function group holds; the mapping is data."""

    functions: Mapping[str, frozenset[str]]

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]]) -> FunctionGroups:
        """From rows (function group, device function)."""
        found: dict[str, set[str]] = {}
        for group, function in pairs:
            found.setdefault(group, set()).add(function)
        return cls({group: frozenset(functions) for group, functions in found.items()})

    def allow(self, groups: Iterable[str], function: str) -> bool:
        """Whether one of the groups that an organisation holds for a device contains the function."""
        return any(function in self.functions.get(group, frozenset()) for group in groups)
