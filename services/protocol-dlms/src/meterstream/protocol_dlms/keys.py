"""What executors see of device keys: forms that the line takes, and outcomes; never the octets of a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn, Protocol

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import KeyKind
from meterstream.dlms.data import Data


class Keys(Protocol):
    """Keys of the devices that a step is about. `device` is the gateway, or an M-Bus device on one of its channels.

    Methods that need a key raise KEY_NOT_PRESENT where the gateway's record lacks it, DECRYPTION_EXCEPTION or
    INVALID_DLMS_KEY_FORMAT where it does not open. What they return shows no key in its representation.
    """

    def firmware_mac(self, device: str, iv: bytes, associated_data: bytes) -> bytes:
        """GMAC (AES-128-GCM without plaintext), 16 octets, over the firmware of an M-Bus device.

        Key: G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY of `device`, the active one; `iv` has 12 octets.
        """

    def is_new(self, device: str, kind: KeyKind) -> bool:
        """Whether this step has a key of that kind to hand over."""

    def in_force(self, device: str, kind: KeyKind) -> bool:
        """Whether the association stands with the key that the step hands over."""

    def wrapped(self, device: str, kind: KeyKind) -> Sequence[Data]:
        """The new key under each master key that the meter may hold (RFC 3394): octet-strings of 24 octets.

        The likeliest first, one alone where there is no doubt. A master key that was accepted in this step leaves none.
        """

    def unwrapped(self, device: str, place: int) -> None:
        """The meter has taken what was wrapped at that place of `wrapped`: it holds that master key."""

    async def enveloped(self, device: str, kind: KeyKind, *, counted: bool, closing: bool = False) -> Data:
        """The new key under the default key of an M-Bus device, an octet-string.

        Args:
            counted: AES-GCM under a key change counter that only rises, 30 octets (SMR 5); else AES-CBC, 16 octets.
            closing: instead of a new key 16 octets of zero, which close the optical port.
        """

    def plain(self, device: str, kind: KeyKind) -> Data:
        """The new key itself, an octet-string: for set_encryption_key and for the password of an association, which
        ciphering of the association protects.
        """

    def sending(self, device: str, kind: KeyKind) -> None:
        """To be called before the first request that carries the new key: until the answer nobody knows who has it."""

    def refused(self, device: str, kind: KeyKind) -> None:
        """The meter has said no to the first request that carried the new key: it is not there."""

    def accepted(self, device: str, kind: KeyKind) -> None:
        """The meter has taken the new key; the association goes on with it where it is one of its own."""

    def retire(self, device: str, kind: KeyKind) -> None:
        """The device no longer has a key of that kind."""

    async def prove(self) -> None:
        """Associate anew with the keys that were accepted.

        Raises: PlatformError when the meter cannot be reached with them; KEYS_UNDECIDED when it holds others.
        """

    def undecided_master(self, device: str) -> Data | None:
        """The NEW master key of an earlier command wrapped by itself, where there is one: see `probed_master`."""

    def probed_master(self, device: str, *, taken: bool) -> None:
        """Whether the meter has taken what `undecided_master` gave: then it holds that key."""

    def agrees(self, device: str) -> bool:
        """Whether a master key is agreed on before the new one is handed over: the meter has security suite 1."""

    def can_agree(self, device: str) -> bool:
        """Whether that is so, and both sides have the signature keys that it takes."""

    def agreement(self, device: str) -> Data:
        """Begin an agreement on the master key: key data for the meter, an octet-string, other ones each time.

        Raises: KEY_NOT_PRESENT, INVALID_DLMS_KEY_FORMAT for the meter's public key of signatures,
        UNSUPPORTED_COMMUNICATION_SETTING where the platform has no key to sign with.
        """

    def agreed(self, device: str, answer: Data | None) -> None:
        """What the meter has returned: `wrapped` gives the next key under the agreed one alone, once.

        Raises: ILLEGAL_RESPONSE, AUTHENTICATION_ERROR; then nobody knows what the meter holds.
        """

    def active_master(self, device: str) -> Data:
        """The ACTIVE master key under the agreed one."""

    def restored_master(self, device: str) -> None:
        """The meter has taken what `active_master` gave: it holds that key, and no NEW one."""

    def probe(self, device: str) -> NoReturn:
        """The step has nothing to hand over because keys of an earlier command are undecided: tell which ones the
        meter lacks, as far as the association shows it.

        Raises: KEYS_UNDECIDED, for another attempt to go on.
        """


class NoKeys:
    """Of a step whose device has none."""

    def firmware_mac(self, device: str, iv: bytes, associated_data: bytes) -> bytes:  # noqa: ARG002  # the port's signature
        """See Keys."""
        _lacks(device, KeyKind.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY)

    def is_new(self, device: str, kind: KeyKind) -> bool:  # noqa: ARG002  # the port's signature
        """See Keys."""
        return False

    def in_force(self, device: str, kind: KeyKind) -> bool:  # noqa: ARG002  # the port's signature
        """See Keys."""
        return False

    def wrapped(self, device: str, kind: KeyKind) -> Sequence[Data]:
        """See Keys."""
        _lacks(device, kind)

    def unwrapped(self, device: str, place: int) -> None:
        """See Keys."""

    async def enveloped(self, device: str, kind: KeyKind, *, counted: bool, closing: bool = False) -> Data:  # noqa: ARG002  # the port's signature
        """See Keys."""
        _lacks(device, kind)

    def plain(self, device: str, kind: KeyKind) -> Data:
        """See Keys."""
        _lacks(device, kind)

    def sending(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        _lacks(device, kind)

    def refused(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        _lacks(device, kind)

    def accepted(self, device: str, kind: KeyKind) -> None:
        """See Keys."""
        _lacks(device, kind)

    def retire(self, device: str, kind: KeyKind) -> None:
        """See Keys."""

    async def prove(self) -> None:
        """See Keys."""

    def undecided_master(self, device: str) -> Data | None:  # noqa: ARG002  # the port's signature
        """See Keys."""
        return None

    def probed_master(self, device: str, *, taken: bool) -> None:
        """See Keys."""

    def agrees(self, device: str) -> bool:  # noqa: ARG002  # the port's signature
        """See Keys."""
        return False

    def can_agree(self, device: str) -> bool:  # noqa: ARG002  # the port's signature
        """See Keys."""
        return False

    def agreement(self, device: str) -> Data:
        """See Keys."""
        _lacks(device, KeyKind.E_METER_MASTER_KEY)

    def agreed(self, device: str, answer: Data | None) -> None:  # noqa: ARG002  # the port's signature
        """See Keys."""
        _lacks(device, KeyKind.E_METER_MASTER_KEY)

    def active_master(self, device: str) -> Data:
        """See Keys."""
        _lacks(device, KeyKind.E_METER_MASTER_KEY)

    def restored_master(self, device: str) -> None:
        """See Keys."""

    def probe(self, device: str) -> NoReturn:
        """See Keys."""
        raise undecided(device)


NO_KEYS: Final = NoKeys()


def undecided(device: str) -> PlatformError:
    """Keys of an earlier command stood in the way; what is found out about them lets another attempt go on."""
    return error("KEYS_UNDECIDED", f"keys of an earlier command for {device} are undecided", device=device)


def _lacks(device: str, kind: KeyKind) -> NoReturn:
    raise error("KEY_NOT_PRESENT", f"{device} has no {kind}", kind=kind.value)
