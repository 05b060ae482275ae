"""CRC-16/X.25 of HDLC header and frame (ISO/IEC 13239; IEC 62056-46, annex A), at the speed of the C library."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final

_MIRRORED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_MIRRORED_INVERTED: Final = bytes(octet ^ 0xFF for octet in _MIRRORED)


def check_octets(octets: bytes | bytearray) -> bytes:
    """The two octets of the HCS or FCS in the order in which they are sent, low one first."""
    # crc_hqx has the same polynomial, most significant bit first: mirror what goes in and what comes out.
    return crc_hqx(octets.translate(_MIRRORED), 0xFFFF).to_bytes(2, "big").translate(_MIRRORED_INVERTED)


def crc16(octets: bytes) -> int:
    """The same as a number; `crc16(b"123456789") == 0x906E`."""
    return int.from_bytes(check_octets(octets), "little")
