"""A firmware file made ready for one M-Bus device: its number, the message authentication code, the identifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.shared.mbus_firmware import (
    CODE_OCTETS,
    BrokenFile,
    MbusFirmwareHeader,
    check_header,
    read_header,
)

Mac = Callable[[bytes, bytes], bytes]
"""GMAC of 16 octets from IV (12 octets) and associated data, under the device's firmware authentication key."""

_NUMBER: Final = slice(22, 26)
_VERSION: Final = 26
_ADDRESS: Final = slice(20, 28)
_IMAGE_VERSION: Final = slice(7, 11)
_VERSION_OF_DEVICES: Final = 0x50
_DIGITS: Final = 8


def prepare(file: bytes, number: str, mac: Mac) -> tuple[bytes, bytes]:
    """File and image identifier (19 octets) for the device with identification number `number`, 8 digits.

    Raises: IMAGE_UNUSABLE where the file is broken or for other devices; what `mac` raises.
    """
    header = read_header(file)
    if header is None:
        raise unusable("it is no file for M-Bus devices")
    if len(number) != _DIGITS or not (number.isascii() and number.isdigit()):
        raise unusable("the identification number of the M-Bus device has not 8 digits")
    _check_number(header, number)
    made = bytearray(file)
    made[_NUMBER] = bytes.fromhex(number)[::-1]
    made[_VERSION] = _VERSION_OF_DEVICES
    try:
        check_header(header, len(file))
    except BrokenFile as failure:
        raise unusable(str(failure)) from failure
    covered = bytes(made[:-CODE_OCTETS])
    made[-CODE_OCTETS:] = mac(covered[_ADDRESS] + covered[_IMAGE_VERSION][::-1], covered)
    return bytes(made), _identifier(header, covered)


def _check_number(header: MbusFirmwareHeader, number: str) -> None:
    if any(wanted not in ("F", digit) for wanted, digit in zip(header.pattern, number, strict=True)):
        raise unusable(
            f"M-Bus Device Identification Number ({number}) does not fit the range of Identification Numbers supported"
            f" by this Firmware File ({header.pattern})"
        )


def _identifier(header: MbusFirmwareHeader, covered: bytes) -> bytes:
    """Letters of the manufacturer, MBUS, number, manufacturer, version, type, zeros."""
    address = covered[_ADDRESS]
    letters = bytes(64 + (header.manufacturer >> shift & 0x1F) for shift in (10, 5, 0))
    return letters + b"MBUS" + address[2:6] + address[:2] + address[6:] + bytes(4)


def unusable(reason: str, **details: object) -> PlatformError:
    """The file cannot be sent, whatever the meter does."""
    message = f"Upgrade of firmware did not succeed. The firmware file cannot be used: {reason}"
    return error("IMAGE_UNUSABLE", message, **details)
