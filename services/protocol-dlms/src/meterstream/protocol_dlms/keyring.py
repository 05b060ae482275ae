"""Opens device keys and keeps the opened ones for a bounded number of meters. Nothing here is ever logged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import DeviceRecord, SealedKey
from meterstream.dlms.security import SecurityKeys, SecuritySuite
from meterstream.dlms.security.keys import KEY_OCTETS
from meterstream.protocol_dlms.model.candidates import KeySet
from meterstream.runtime.sealing import Opener, SealError, key_binding


class KeyRing:
    """Opened keys by gateway and key id; the same id always stands for the same octets."""

    def __init__(self, opener: Opener, meters: int = 20_000) -> None:
        self._opener = opener
        self._meters = meters
        self._opened: OrderedDict[str, dict[str, bytes]] = OrderedDict()

    def open(
        self, record: DeviceRecord, keys: KeySet, suite: SecuritySuite = SecuritySuite.SUITE_0
    ) -> tuple[SecurityKeys, bytes | None]:
        """Keys and, for LLS, the password of an association.

        Raises: KEY_NOT_PRESENT when the record is sealed for somebody else, DECRYPTION_EXCEPTION,
        INVALID_DLMS_KEY_FORMAT.
        """
        gateway = record.device_identification
        known = self._opened_of(record, [(gateway, key) for key in keys if key is not None])
        password = None if keys.password is None else known[keys.password.key_id]
        return SecurityKeys(known[keys.encryption.key_id], known[keys.authentication.key_id], suite), password

    def octets(self, record: DeviceRecord, device: str, key: SealedKey) -> bytes:
        """One key of the gateway, or of an M-Bus device on one of its channels. Raises: as open."""
        return self._opened_of(record, [(device, key)])[key.key_id]

    def forget(self, gateway: str) -> None:
        """Drop the keys of a meter that is no longer visited from here."""
        self._opened.pop(gateway, None)

    def __repr__(self) -> str:
        return f"KeyRing({len(self._opened)} meters)"

    def _opened_of(self, record: DeviceRecord, keys: Sequence[tuple[str, SealedKey]]) -> dict[str, bytes]:
        """The opened keys of a gateway by id, these among them; those that its record no longer holds are dropped."""
        known = self._known(record.device_identification)
        missing = [(device, key) for device, key in keys if key.key_id not in known]
        if missing:
            present = {key.key_id for key in record.keys}
            present |= {key.key_id for channel in record.channels for key in channel.keys}
            for key_id in known.keys() - present:
                del known[key_id]
            known.update(self._unseal(record, missing))
        return known

    def _known(self, gateway: str) -> dict[str, bytes]:
        known = self._opened.get(gateway)
        if known is None:
            known = self._opened[gateway] = {}
            if len(self._opened) > self._meters:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end(gateway)
        return known

    def _unseal(self, record: DeviceRecord, keys: Iterable[tuple[str, SealedKey]]) -> dict[str, bytes]:
        gateway = record.device_identification
        if record.recipient != self._opener.recipient:
            raise error("KEY_NOT_PRESENT", f"the keys of {gateway} are sealed for {record.recipient or 'nobody'}")
        try:
            unseal = self._opener.opened_record(record.ephemeral_public)
        except SealError:
            raise _unopened(gateway) from None
        found: dict[str, bytes] = {}
        for device, key in keys:
            try:
                octets = unseal(key.sealed, key_binding(device, key.kind.value, key.key_id))
            except SealError:
                raise _unopened(device, key) from None
            if key.kind != "LLS_PASSWORD" and len(octets) != KEY_OCTETS:
                raise error(
                    "INVALID_DLMS_KEY_FORMAT",
                    f"{key.kind} of {device} has {len(octets)} octets instead of {KEY_OCTETS}",
                )
            found[key.key_id] = octets
        return found


def _unopened(device: str, key: SealedKey | None = None) -> PlatformError:
    what = "keys" if key is None else key.kind.value
    return error("DECRYPTION_EXCEPTION", f"the {what} of {device} do not open", kind=what)
