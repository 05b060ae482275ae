"""Behind the port of keys: opens those of the record, hands them to the association, gathers what becomes of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NoReturn, Protocol

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.key_transfers import KeyFact, KeyOutcome, NewKey
from meterstream.contracts.records import DeviceRecord, KeyKind, KeyState, MbusDevice, SealedKey
from meterstream.dlms.client import client_title_for
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.objects import MeterProfile
from meterstream.dlms.security import SecurityKeys, SecuritySuite, wrap_key
from meterstream.protocol_dlms.key_agreement import Agreement, Agreements, suite_of
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.keys import undecided
from meterstream.protocol_dlms.model.candidates import MAX_CANDIDATES
from meterstream.protocol_dlms.model.mbus_keys import CLOSED, change_counter, firmware_mac, sealed_cbc, sealed_gcm

AUTHENTICATION: Final = KeyKind.E_METER_AUTHENTICATION_KEY
ENCRYPTION: Final = KeyKind.E_METER_ENCRYPTION_KEY_UNICAST
MASTER: Final = KeyKind.E_METER_MASTER_KEY
PASSWORD: Final = KeyKind.LLS_PASSWORD
_CIPHERING: Final = (ENCRYPTION, AUTHENTICATION)
_ASSOCIATED: Final = (*_CIPHERING, PASSWORD)
"""What an association proves."""

ChangeCounter = Callable[[str, int], Awaitable[int]]
"""(id of the default key, least value) -> a key change counter that was never used with that key."""
Renew = Callable[[Sequence[str]], Awaitable[None]]
"""Associate anew, these key ids being the likeliest. Raises: PlatformError."""


class Secret(bytes):
    """Octets that no representation shows."""

    def __repr__(self) -> str:
        return f"<{len(self)} octets>"

    __str__ = __repr__


class KeyedAssociation(Protocol):
    """The association of the attempt, as far as its keys go."""

    key_ids: tuple[str, ...]

    @property
    def profile(self) -> MeterProfile:
        """The objects of the meter's type."""

    @property
    def title(self) -> bytes | None:
        """The meter's system title, where the association is ciphered."""

    def offer_keys(self, keys: SecurityKeys) -> None:
        """The next request hands these over: its answer may come under them."""

    def use_keys(self, keys: SecurityKeys) -> None:
        """These are in force from the next request on."""


class AttemptKeys:
    """The keys of one attempt, over all its steps.

    Attributes:
        outcomes: what became of keys, by device and key id.
    """

    def __init__(
        self,
        record: DeviceRecord,
        new_keys: Sequence[NewKey],
        mbus_devices: Mapping[str, MbusDevice],
        keyring: KeyRing,
        change_counters: ChangeCounter,
        clock: Callable[[], datetime],
        agreements: Agreements,
    ) -> None:
        self.record = record
        self.agreements = agreements
        self.gateway = record.device_identification
        self.new_keys = new_keys
        self.mbus_devices = mbus_devices
        self.change_counters = change_counters
        self.clock = clock
        self.outcomes: dict[tuple[str, str], KeyOutcome] = {}
        self._keyring = keyring

    @property
    def facts(self) -> list[KeyFact]:
        """The outcomes, as a response tells them."""
        return [
            KeyFact(device_identification=device, key_id=key_id, outcome=outcome)
            for (device, key_id), outcome in self.outcomes.items()
        ]

    def of_step(self, step: int, association: KeyedAssociation, renew: Renew) -> StepKeys:
        """The port of one step."""
        return StepKeys(self, step, association, renew)

    def sealed(self, device: str) -> Sequence[SealedKey]:
        """All keys of the gateway or of an M-Bus device."""
        if device == self.gateway:
            return self.record.keys
        return next((held.keys for held in self.record.channels if held.device_identification == device), ())

    def active(self, device: str, kind: KeyKind) -> SealedKey:
        """Raises: KEY_NOT_PRESENT."""
        for key in self.sealed(device):
            if key.kind is kind and key.state is KeyState.ACTIVE:
                return key
        raise error("KEY_NOT_PRESENT", f"{device} has no {kind}", kind=kind.value)

    def octets(self, device: str, key: SealedKey) -> bytes:
        """Raises: KEY_NOT_PRESENT, DECRYPTION_EXCEPTION, INVALID_DLMS_KEY_FORMAT."""
        return self._keyring.octets(self.record, device, key)


class StepKeys:
    """The keys of one step (see keys.Keys)."""

    def __init__(self, attempt: AttemptKeys, step: int, association: KeyedAssociation, renew: Renew) -> None:
        self._attempt = attempt
        self._step = step
        self._association = association
        self._renew = renew
        self._taken: dict[KeyKind, SealedKey] = {}
        self._agreement: Agreement | None = None
        self._agreed: bytes | None = None

    def __repr__(self) -> str:
        return f"StepKeys({self._attempt.gateway}, step {self._step})"

    def firmware_mac(self, device: str, iv: bytes, associated_data: bytes) -> bytes:
        """See Keys."""
        key = self._attempt.active(device, KeyKind.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY)
        return firmware_mac(self._attempt.octets(device, key), iv, associated_data)

    def is_new(self, device: str, kind: KeyKind) -> bool:
        """See Keys."""
        return self._named(device, kind) is not None

    def in_force(self, device: str, kind: KeyKind) -> bool:
        """See Keys."""
        named = self._named(device, kind)
        if named is None or device != self._attempt.gateway:
            return False
        if kind is MASTER:  # no association shows it: the registry was told by an attempt before
            return self._attempt.active(device, MASTER).key_id == named.key_id
        return named.key_id in self._association.key_ids

    def wrapped(self, device: str, kind: KeyKind) -> Sequence[Data]:
        """See Keys."""
        new = self._new(device, kind)
        if self._agreed is not None:
            return [self._under_agreed(device, new, self._agreed)]
        return [self._wrapped(device, new, master) for master in self._masters(device)]

    def unwrapped(self, device: str, place: int) -> None:
        """See Keys."""
        if self._agreed is not None:  # what was wrapped under it has taken its place
            self._agreed = None
            return
        master = self._taken[MASTER] = self._masters(device)[place]
        if master.state is not KeyState.ACTIVE:
            self._note(device, master, KeyOutcome.TRANSFERRED)

    async def enveloped(self, device: str, kind: KeyKind, *, counted: bool, closing: bool = False) -> Data:
        """See Keys."""
        attempt = self._attempt
        default = attempt.active(device, KeyKind.G_METER_MASTER_KEY)
        key = CLOSED if closing else attempt.octets(device, self._new(device, kind))
        if not counted:
            return _secret(sealed_cbc(attempt.octets(device, default), key))
        known = attempt.mbus_devices.get(device) or MbusDevice(device_identification=device)
        counter = await attempt.change_counters(default.key_id, change_counter(attempt.clock()))
        return _secret(sealed_gcm(attempt.octets(device, default), kind, key, known, counter))

    def plain(self, device: str, kind: KeyKind) -> Data:
        """See Keys."""
        return _secret(self._attempt.octets(device, self._new(device, kind)))

    def sending(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        key = self._new(device, kind)
        if device == self._attempt.gateway and kind is PASSWORD and kind not in self._standing():
            raise _without(device, "a password")
        self._note(device, key, KeyOutcome.UNDECIDED)
        if device == self._attempt.gateway and kind in _CIPHERING:
            self._association.offer_keys(self._security(key))

    def refused(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        self._note(device, self._new(device, kind), KeyOutcome.REFUSED)

    def accepted(self, device: str, kind: KeyKind) -> None:
        """See Keys.

        The counters of the association belong to its encryption key: under a new one nothing more may be sent, so the
        association ends with that, and `prove` makes another one.
        """
        key = self._new(device, kind)
        self._note(device, key, KeyOutcome.TRANSFERRED)
        if device != self._attempt.gateway:
            return
        if kind in _CIPHERING:
            self._association.use_keys(self._security(key))
        self._taken[kind] = key

    async def prove(self) -> None:
        """See Keys."""
        expected = [key.key_id for key in self._standing().values()]
        await self._renew(expected)
        if set(expected) - set(self._association.key_ids):
            raise error(
                "KEYS_UNDECIDED",
                f"{self._attempt.gateway} has taken new keys and associates with others",
                device=self._attempt.gateway,
            )

    def undecided_master(self, device: str) -> Data | None:
        """See Keys."""
        key = self._new_master(device)
        return None if key is None else self._wrapped(device, key, key)

    def probed_master(self, device: str, *, taken: bool) -> None:
        """See Keys."""
        key = self._new_master(device)
        if key is not None:
            self._note(device, key, KeyOutcome.TRANSFERRED if taken else KeyOutcome.ABSENT)

    def agrees(self, device: str) -> bool:
        """See Keys."""
        return device == self._attempt.gateway and self._suite is not SecuritySuite.SUITE_0

    def can_agree(self, device: str) -> bool:
        """See Keys."""
        return self.agrees(device) and self._attempt.agreements.are_possible(self._attempt.record)

    def agreement(self, device: str) -> Data:
        """See Keys."""
        if not self.agrees(device):
            raise _without(device, "keys that are agreed on")
        self._agreed = None
        self._agreement = self._attempt.agreements.begin(self._attempt.record, self._suite)
        return self._agreement.offer

    def agreed(self, device: str, answer: Data | None) -> None:
        """See Keys."""
        agreement, self._agreement = self._agreement, None
        title = self._association.title
        if agreement is None or title is None:
            raise _without(device, "ciphering")
        self._agreed = agreement.agreed(answer, client_title_for(device), title)

    def active_master(self, device: str) -> Data:
        """See Keys."""
        if self._agreed is None:
            raise _without(device, "a key that was agreed on")
        return self._under_agreed(device, self._attempt.active(device, MASTER), self._agreed)

    def restored_master(self, device: str) -> None:
        """See Keys."""
        self._agreed = None
        self._taken[MASTER] = self._attempt.active(device, MASTER)
        self.probed_master(device, taken=False)

    def probe(self, device: str) -> NoReturn:
        """See Keys."""
        for key in self._attempt.sealed(device):
            if key.state is KeyState.NEW and key.kind in _ASSOCIATED and key.key_id not in self._association.key_ids:
                self._note(device, key, KeyOutcome.ABSENT)
        raise undecided(device)

    def retire(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        for key in self._attempt.sealed(device):
            if key.kind is kind and key.state is KeyState.ACTIVE:
                self._note(device, key, KeyOutcome.ABSENT)

    def _named(self, device: str, kind: KeyKind) -> NewKey | None:
        wanted = (self._step, device, kind)
        return next(
            (new for new in self._attempt.new_keys if (new.step, new.device_identification, new.kind) == wanted), None
        )

    def _new(self, device: str, kind: KeyKind) -> SealedKey:
        """The key that the step hands over. Raises: KEY_NOT_PRESENT, KEYS_UNDECIDED."""
        named = self._named(device, kind)
        if named is None:
            raise error("KEY_NOT_PRESENT", f"there is no new {kind} for {device}", kind=kind.value)
        for key in self._attempt.sealed(device):
            if key.key_id == named.key_id and key.kind is kind and key.state in (KeyState.NEW, KeyState.ACTIVE):
                return key
        raise undecided(device)  # withdrawn meanwhile: another command has come in between

    def _new_master(self, device: str) -> SealedKey | None:
        held = self._attempt.sealed(device)
        return next((key for key in held if key.kind is MASTER and key.state is KeyState.NEW), None)

    def _masters(self, device: str) -> list[SealedKey]:
        """Those that the meter may hold; whoever replaces it tries the new one too, which it may have already."""
        if MASTER in self._taken:
            return [self._taken[MASTER]]
        active = self._attempt.active(device, MASTER)
        others = [key for key in self._attempt.sealed(device) if key.kind is MASTER and key.key_id != active.key_id]
        return [active, *sorted(others, key=lambda key: key.state is not KeyState.NEW)][:MAX_CANDIDATES]

    def _wrapped(self, device: str, new: SealedKey, master: SealedKey) -> Data:
        octets = self._attempt.octets
        return _secret(wrap_key(octets(device, master), octets(device, new)))

    def _under_agreed(self, device: str, key: SealedKey, agreed: bytes) -> Data:
        return _secret(wrap_key(agreed, self._attempt.octets(device, key)))

    @property
    def _suite(self) -> SecuritySuite:
        return suite_of(self._association.profile)

    def _standing(self) -> dict[KeyKind, SealedKey]:
        """The keys of the association, and those that the meter has taken for it since."""
        found = {key.kind: key for key in self._attempt.record.keys if key.key_id in self._association.key_ids}
        return found | {kind: key for kind, key in self._taken.items() if kind in _ASSOCIATED}

    def _security(self, new: SealedKey) -> SecurityKeys:
        held = self._standing() | {new.kind: new}
        if not held.keys() >= set(_CIPHERING):
            raise _without(self._attempt.gateway, "keys")
        encryption, authentication = (self._attempt.octets(self._attempt.gateway, held[kind]) for kind in _CIPHERING)
        return SecurityKeys(encryption, authentication, self._suite)

    def _note(self, device: str, key: SealedKey, outcome: KeyOutcome) -> None:
        self._attempt.outcomes[device, key.key_id] = outcome


def _without(gateway: str, what: str) -> PlatformError:
    return error(
        "UNSUPPORTED_COMMUNICATION_SETTING",
        f"{gateway} associates without {what}: it cannot be given any",
        setting="security level",
    )


def _secret(octets: bytes) -> Data:
    return Data(DataType.OCTET_STRING, Secret(octets))
