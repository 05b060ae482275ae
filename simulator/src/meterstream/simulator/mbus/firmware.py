"""Firmware of M-Bus devices: the file that a head-end sends to the meter, and what the device checks of it."""

from __future__ import annotations

import struct
from enum import IntEnum
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import GCM

from meterstream.simulator.mbus.device import MbusIdentity, manufacturer_letters

HEADER_OCTETS: Final = 35

_HEADER: Final = struct.Struct("<4sBH4sIHBBBH4sBBB6s")
_MAGIC: Final = (b"SMR5", b"5RMS")
_MARK: Final = b"MBUS"
_IDENTIFIER_OCTETS: Final = 19
_GMAC, _GMAC_OCTETS = 2, 16
_MBUS_ADDRESS, _ADDRESS_OCTETS = 1, 8
_INITIATED_BY_MASTER: Final = 3


class FirmwareOutcome(IntEnum):
    """Last octet of the auxiliary events 1c00 to 1c07."""

    SUCCESSFUL = 0
    BLOCK_SIZE_NOT_SUPPORTED = 1
    IMAGE_SIZE_TOO_BIG = 2
    INVALID_BLOCK_NUMBER = 3
    DATA_RECEIVE_ERROR = 4
    IMAGE_NOT_COMPLETE = 5
    INVALID_SECURITY = 6
    INVALID_FIRMWARE_FOR_THIS_DEVICE = 7


class FirmwareHeader(NamedTuple):
    """The 35 octets in front; numbers have their least significant octet first.

    Attributes:
        version: of the image, four octets as they stand.
        identification: four octets as they stand: eight BCD digits, the last two first.
    """

    magic: bytes
    header_version: int
    header_length: int
    version: bytes
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


def is_for_mbus(identifier: bytes) -> bool:
    """Tell whether an image identifier says that the image is for an M-Bus device: three letters, then MBUS."""
    return len(identifier) == _IDENTIFIER_OCTETS and identifier[3:7] == _MARK


def addressee(identifier: bytes) -> tuple[str, int | None]:
    """Read letters of the manufacturer and identification number from an image identifier.

    None: the number has a digit above 9.
    """
    digits = identifier[7:11][::-1].hex()
    return identifier[:3].decode("latin-1"), int(digits) if digits.isdigit() else None


def identifier_of(identity: MbusIdentity) -> bytes:
    """Write the image identifier for a device: letters, MBUS, number, manufacturer, version 50, type 03, zeros."""
    number = bytes.fromhex(f"{identity.identification:08d}")[::-1]
    letters = manufacturer_letters(identity.manufacturer).encode()
    return letters + _MARK + number + identity.manufacturer.to_bytes(2, "little") + b"\x50\x03" + bytes(4)


def check_firmware(octets: bytes, identity: MbusIdentity, key: bytes) -> FirmwareOutcome:
    """Judge a whole file as the device does: form and length, addressee, message authentication code.

    Args:
        key: firmware update authentication key of the device.
    """
    if len(octets) < HEADER_OCTETS:
        return FirmwareOutcome.IMAGE_NOT_COMPLETE
    header = FirmwareHeader(*_HEADER.unpack_from(octets))
    if header.magic not in _MAGIC or header.header_length != HEADER_OCTETS:
        return FirmwareOutcome.DATA_RECEIVE_ERROR
    if len(octets) != HEADER_OCTETS + header.image_length + (header.security_length & 0xFF):
        return FirmwareOutcome.IMAGE_NOT_COMPLETE
    if header.security_type != _GMAC or header.security_length & 0xFF != _GMAC_OCTETS:
        return FirmwareOutcome.INVALID_SECURITY
    if not _is_for(header, identity):
        return FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE
    if not compare_digest(message_authentication_code(octets[:-_GMAC_OCTETS], key), octets[-_GMAC_OCTETS:]):
        return FirmwareOutcome.INVALID_SECURITY
    return FirmwareOutcome.SUCCESSFUL


def message_authentication_code(octets: bytes, key: bytes) -> bytes:
    """Compute the GMAC over header and image.

    The IV is octets 20 to 27 of the header (manufacturer, number, version, device type) and the image version with
    its most significant octet first.
    """
    iv = octets[20:28] + octets[7:11][::-1]
    encryptor = Cipher(AES128(key), GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(octets)
    encryptor.finalize()
    return encryptor.tag


def version_of(octets: bytes) -> bytes:
    """Give the image version as the simple version info shows it: most significant octet first."""
    return octets[7:11][::-1]


def _is_for(header: FirmwareHeader, identity: MbusIdentity) -> bool:
    number = bytes.fromhex(f"{identity.identification:08d}")[::-1]
    return (
        header.header_version == 0
        and (header.address_length, header.address_type) == (_ADDRESS_OCTETS, _MBUS_ADDRESS)
        and (header.manufacturer, header.identification) == (identity.manufacturer, number)
        and (header.mbus_version, header.device_type) == (identity.version, identity.device_type)
        and header.activation_type == _INITIATED_BY_MASTER
        and not any(header.activation_time)
    )
