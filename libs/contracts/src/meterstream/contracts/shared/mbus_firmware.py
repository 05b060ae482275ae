"""Firmware files for M-Bus devices of SMR 5: a header of 35 octets, the image, a message authentication code.

Numbers have their least significant octet first. A file is delivered with a code of zeros: it is made for one device.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEADER_OCTETS: Final = 35
CODE_OCTETS: Final = 16

_HEADER: Final = struct.Struct("<4sBH4sIHBBBH4sBBB6s")
_MAGIC: Final = (b"SMR5", b"5RMS")
_MBUS: Final = 1
_ADDRESS_OCTETS: Final = 8
_GMAC: Final = 2
_GAS: Final = 3
_BY_MASTER: Final = 3


class BrokenFile(ValueError):
    """A header that the device would refuse; names field and rule."""


class MbusFirmwareHeader(NamedTuple):
    """The header's fields.

    Attributes:
        image_version: four octets as they stand: 11 00 40 00 is version 00400011.
        manufacturer: as the M-Bus identity has it, five bits a letter.
        identification: four octets as they stand: eight BCD digits, the last two first; a digit F stands for any.
    """

    magic: bytes
    header_version: int
    header_length: int
    image_version: bytes
    image_length: int
    security_length: int
    security_type: int
    address_length: int
    address_type: int
    manufacturer: int
    identification: bytes
    mbus_version: int
    device_type: int
    activation_type: int
    activation_time: bytes

    @property
    def pattern(self) -> str:
        """The identification numbers that the file is for, the most significant digit first; F stands for any digit."""
        return self.identification[::-1].hex().upper()


def read_header(file: bytes) -> MbusFirmwareHeader | None:
    """The header of a file for M-Bus devices; None for any other file, which is one for an electricity meter."""
    if len(file) < HEADER_OCTETS:
        return None
    header = MbusFirmwareHeader(*_HEADER.unpack_from(file))
    return header if header.magic in _MAGIC and header.address_type == _MBUS else None


def check_header(header: MbusFirmwareHeader, size: int) -> None:
    """Compare a header with what devices take, and with the size of its file in octets.

    Raises: BrokenFile.
    """
    security_length = header.security_length & 0xFF
    if size != header.header_length + header.image_length + security_length:
        raise BrokenFile(
            f"length {size} is not the sum of header {header.header_length}, image {header.image_length} and"
            f" security {security_length}"
        )
    expected = {
        "header version": (header.header_version, 0),
        "header length": (header.header_length, HEADER_OCTETS),
        "security length": (security_length, CODE_OCTETS),
        "security type": (header.security_type, _GMAC),
        "address length": (header.address_length, _ADDRESS_OCTETS),
        "M-Bus device type": (header.device_type, _GAS),
        "activation type": (header.activation_type, _BY_MASTER),
        "activation time": (int.from_bytes(header.activation_time, "little"), 0),
    }
    for name, (found, right) in expected.items():
        if found != right:
            raise BrokenFile(f"{name} is {found}, must be {right}")
    if any(digit not in "0123456789F" for digit in header.pattern):
        raise BrokenFile(f"identification number {header.pattern} has digits that are neither 0 to 9 nor F")
