"""Keys of M-Bus devices: those from the factory, and new ones wrapped with the default key.

AES-128-CBC up to SMR 4.3; from SMR 5 on AES-128-GCM under a key change counter (KCC) that only rises.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meterstream.simulator.mbus.device import MbusIdentity, to_bcd

KEY_OCTETS: Final = 16

_SALT: Final = b"meterstream simulated fleet: M-Bus keys"
_COUNTER_OCTETS: Final = 4
_TAG_OCTETS: Final = 8
_PLAIN_OCTETS: Final = 2 + KEY_OCTETS
_SEALED_OCTETS: Final = _COUNTER_OCTETS + _PLAIN_OCTETS + _TAG_OCTETS
_IV_VERSION_AND_MEDIUM: Final = b"\x50\x03"
_NO_IV: Final = bytes(16)


class MbusKeys(NamedTuple):
    """Default, user (P2), firmware update authentication and optical port (P0) key of a device, 16 octets each."""

    default: bytes
    user: bytes
    firmware: bytes
    optical_port: bytes

    def __repr__(self) -> str:
        return "MbusKeys(...)"


class KeyKind(IntEnum):
    """Key id of SMR 5."""

    USER = 0
    FIRMWARE = 1
    OPTICAL_PORT = 2


class Refusal(StrEnum):
    """Why a device does not take a key."""

    LENGTH = "it has another length"
    COUNTER = "its key change counter has not risen"
    TAG = "its tag is wrong"
    CONTENT = "it holds no key"


class NewKey(NamedTuple):
    """A key a device has taken from its envelope; `counter` is its KCC, 0 where the form has none."""

    kind: KeyKind
    key: bytes
    counter: int

    def __repr__(self) -> str:
        return f"NewKey({self.kind.name}, counter={self.counter})"


def mbus_keys_for(seed: str, identification: int) -> MbusKeys:
    """Derive the keys a device leaves the factory with: HKDF-SHA-256 of the fleet's seed, bound to its number.

    Args:
        identification: the number its eight digits stand for.
    """
    info = identification.to_bytes(4, "big")
    octets = HKDF(algorithm=SHA256(), length=4 * KEY_OCTETS, salt=_SALT, info=info).derive(seed.encode())
    return MbusKeys(octets[:16], octets[16:32], octets[32:48], octets[48:])


def open_cbc(default_key: bytes, octets: bytes) -> NewKey | Refusal:
    """Decrypt a user key of DSMR 4: AES-128-CBC, IV of zeros, no padding.

    Nothing tells a wrong default key; it gives another key, which shows at the next telegram.
    """
    if len(octets) != KEY_OCTETS:
        return Refusal.LENGTH
    decryptor = Cipher(AES128(default_key), CBC(_NO_IV)).decryptor()
    return NewKey(KeyKind.USER, decryptor.update(octets) + decryptor.finalize(), 0)


def open_gcm(default_key: bytes, identity: MbusIdentity, octets: bytes, last_counter: int) -> NewKey | Refusal:
    """Decrypt a key of SMR 5: KCC (4), AES-128-GCM ciphertext (18), tag (8).

    The IV is identification number (BCD) and manufacturer, both least significant octet first, the constants 50
    and 03 for version and medium, and the KCC.

    Args:
        last_counter: KCC of the last key the device took; only a higher one is taken.
    """
    if len(octets) != _SEALED_OCTETS:
        return Refusal.LENGTH
    counter, sealed, tag = octets[:_COUNTER_OCTETS], octets[_COUNTER_OCTETS:-_TAG_OCTETS], octets[-_TAG_OCTETS:]
    number = int.from_bytes(counter, "big")
    if number <= last_counter:
        return Refusal.COUNTER
    iv = initialisation_vector(identity) + counter
    decryptor = Cipher(AES128(default_key), GCM(iv, tag, min_tag_length=_TAG_OCTETS)).decryptor()
    try:
        plain = decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag:
        return Refusal.TAG
    if plain[0] not in tuple(KeyKind) or plain[1] != KEY_OCTETS:
        return Refusal.CONTENT
    return NewKey(KeyKind(plain[0]), plain[2:], number)


def initialisation_vector(identity: MbusIdentity) -> bytes:
    """Give the eight octets of the IV that stand for the device."""
    number = to_bcd(identity.identification).to_bytes(4, "little")
    return number + identity.manufacturer.to_bytes(2, "little") + _IV_VERSION_AND_MEDIUM
