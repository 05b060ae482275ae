"""Who a simulated meter is: identification, names and secrets, all derived from its number (and the fleet's seed)."""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meterstream.dlms.security import PrivateKey, SecuritySuite

MAX_NUMBER: Final = 10**12 - 1
_KEY_OCTETS: Final = 16
_KEYS_SALT: Final = b"meterstream simulated fleet: keys"
_PASSWORD_SALT: Final = b"meterstream simulated fleet: password"
_SIGNATURE_SALT: Final = b"meterstream simulated fleet: signature keys"
_PASSWORD_DIGITS: Final = 8


class MeterKeys(NamedTuple):
    """Master, authentication (AK) and unicast encryption key (EK) of one meter, 16 octets each."""

    master: bytes
    authentication: bytes
    encryption: bytes

    def __repr__(self) -> str:
        return "MeterKeys(...)"


def keys_for(seed: str, number: int) -> MeterKeys:
    """Derive the keys a meter leaves the factory with: HKDF-SHA-256 of the fleet's seed, bound to the number.

    Raises:
        ValueError: the number is outside 1 to 999999999999.
    """
    octets = _derive(seed, number, _KEYS_SALT, 3 * _KEY_OCTETS)
    return MeterKeys(octets[:16], octets[16:32], octets[32:])


def password_for(seed: str, number: int) -> bytes:
    """Derive the LLS password of a meter, or its secret of HLS 3, 4 and 6: eight ASCII digits.

    Raises:
        ValueError: the number is outside 1 to 999999999999.
    """
    value = int.from_bytes(_derive(seed, number, _PASSWORD_SALT, 16), "big")
    return f"{value % 10**_PASSWORD_DIGITS:0{_PASSWORD_DIGITS}d}".encode()


def signature_keys_for(seed: str, number: int) -> tuple[PrivateKey, PrivateKey]:
    """Derive the keys that HLS 7 proves who both sides are with, on P-256: the meter's, and its client's.

    Raises:
        ValueError: the number is outside 1 to 999999999999.
    """
    suite = SecuritySuite.SUITE_1
    octets = PrivateKey.random_octets(suite)
    derived = _derive(seed, number, _SIGNATURE_SALT, 2 * octets)
    return PrivateKey.from_random(suite, derived[:octets]), PrivateKey.from_random(suite, derived[octets:])


def identification_for(number: int) -> str:
    """Give the 17-character equipment identifier: type code E0001 and the number as 12 digits.

    Raises:
        ValueError: the number is outside 1 to 999999999999.
    """
    return f"E0001{_checked(number):012d}"


def logical_device_name_for(number: int) -> bytes:
    """Give the logical device name, 16 octets: manufacturer and number (Blue Book 4.1.8.2)."""
    return f"MSM{_checked(number):013d}".encode()


def system_title_for(number: int) -> bytes:
    """Give the meter's system title, 8 octets: manufacturer and number (Green Book 4.3.4)."""
    return b"MSM" + _checked(number).to_bytes(5, "big")


def _derive(seed: str, number: int, salt: bytes, length: int) -> bytes:
    info = _checked(number).to_bytes(8, "big")
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(seed.encode())


def _checked(number: int) -> int:
    if not 1 <= number <= MAX_NUMBER:
        raise ValueError(f"meter number {number} is outside 1 to {MAX_NUMBER}")
    return number
