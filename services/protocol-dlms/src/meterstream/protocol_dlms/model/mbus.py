"""Short identifiers of M-Bus devices as attributes 5 to 9 of the M-Bus client carry them, and which channel is whose.

IEC 62056-6-2, M-Bus client (class 72); EN 13757-3 for the letters of manufacturers.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.dlms.data import INTEGER_TYPES, Data, double_long_unsigned, long_unsigned, unsigned
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected

CHANNELS: Final = (1, 2, 3, 4)
PRIMARY_ADDRESS, IDENTIFICATION_NUMBER, MANUFACTURER, VERSION, DEVICE_TYPE = 5, 6, 7, 8, 9
KEY_STATUS: Final = 14
SHORT_ID: Final = (IDENTIFICATION_NUMBER, MANUFACTURER, VERSION, DEVICE_TYPE)

FIELDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        PRIMARY_ADDRESS: "primary_address",
        IDENTIFICATION_NUMBER: "identification_number",
        MANUFACTURER: "manufacturer",
        VERSION: "version",
        DEVICE_TYPE: "device_type",
    }
)
"""Attribute of the M-Bus client -> field of the contract."""

UNREADABLE_NUMBER: Final = " (Cannot not be correctly interpreted)"
"""Follows the raw text of an identification number that is none in a scan; clients know it in this spelling."""

_KEY_STATUSES: Final = tuple(EncryptionKeyStatus)
_NO_NUMBER: Final = "00000000"
_DIGITS: Final = 8
_BCD_VERSION: Final = 0
_MANUFACTURERS: Final = range(1057, 27483)
_LETTER_BITS: Final = 5
_ALPHABET: Final = len(string.ascii_uppercase)
_SCORES: Final = {"identification_number": 5, "manufacturer": 1, "version": 1, "device_type": 1}


def number_text(raw: int, client_version: int, type_name: str) -> str:
    """Eight digits: of a BCD number in version 0 of the class, of a plain one from version 1 on.

    What is no such number comes as clients know it, as the meter's value with its type.
    """
    text = f"{raw:08X}" if client_version == _BCD_VERSION else f"{raw:08d}"
    return text if is_number(text) else f"{type_name} Value: {raw}"


def is_number(text: str | None) -> bool:
    """Whether it is an identification number of eight digits."""
    return text is not None and len(text) == _DIGITS and text.isascii() and text.isdigit()


def manufacturer_letters(raw: int, what: str) -> str | None:
    """Three letters of five bits each; None for 0.

    Raises: ILLEGAL_RESPONSE.
    """
    if raw == 0:
        return None
    letters = [raw >> shift & 0x1F for shift in (2 * _LETTER_BITS, _LETTER_BITS, 0)]
    if raw not in _MANUFACTURERS or not all(1 <= letter <= _ALPHABET for letter in letters):
        raise unexpected(what, "expected three letters of five bits")
    return "".join(string.ascii_uppercase[letter - 1] for letter in letters)


def manufacturer_code(letters: str) -> int:
    """The sixteen bits of three capital letters.

    Raises: ValueError.
    """
    if len(letters) != 3 or not set(letters) <= set(string.ascii_uppercase):
        raise ValueError("a manufacturer has three capital letters")
    code = 0
    for letter in letters:
        code = code << _LETTER_BITS | string.ascii_uppercase.index(letter) + 1
    return code


def decode(attribute: int, data: Data, client_version: int, what: str) -> str | int | None:
    """What attribute 5 to 9 says; None for null-data, and for manufacturer 0.

    Raises: ILLEGAL_RESPONSE naming `what`.
    """
    raw = read_integer(data, what)
    if raw is None:
        return None
    if attribute == IDENTIFICATION_NUMBER:
        return number_text(raw, client_version, data.type.name)
    if attribute == MANUFACTURER:
        return manufacturer_letters(raw, what)
    if not 0 <= raw <= 0xFF:
        raise unexpected(what, "expected a number from 0 to 255")
    return raw


def key_status(data: Data, channel: int) -> EncryptionKeyStatus:
    """Attribute 14.

    Raises: ILLEGAL_RESPONSE.
    """
    what = f"encryption_key_status channel {channel}"
    if data.type not in INTEGER_TYPES or not isinstance(data.value, int):
        raise error("ILLEGAL_RESPONSE", "Received unexpected result data.", value=what, type=data.type.name)
    if not 0 <= data.value < len(_KEY_STATUSES):
        raise unexpected(what, f"a status is 0 to {len(_KEY_STATUSES) - 1}")
    return _KEY_STATUSES[data.value]


def encode(values: MbusChannelValues, client_version: int) -> dict[int, Data]:
    """Attributes 6 to 9, then 5, with what is known of them; the number is one, the letters are capital ones.

    Raises: ValueError.
    """
    number, letters = values.identification_number, values.manufacturer
    if number is not None and not is_number(number):
        raise ValueError("an identification number has eight digits")
    raw: dict[int, int | None] = {
        IDENTIFICATION_NUMBER: None if number is None else int(number, 16 if client_version == _BCD_VERSION else 10),
        MANUFACTURER: None if letters is None else manufacturer_code(letters),
        VERSION: values.version,
        DEVICE_TYPE: values.device_type,
        PRIMARY_ADDRESS: values.primary_address,
    }
    return {attribute: _TYPES[attribute](value) for attribute, value in raw.items() if value is not None}


_TYPES: Final[Mapping[int, Callable[[int], Data]]] = MappingProxyType(
    {
        IDENTIFICATION_NUMBER: double_long_unsigned,
        MANUFACTURER: long_unsigned,
        VERSION: unsigned,
        DEVICE_TYPE: unsigned,
        PRIMARY_ADDRESS: unsigned,
    }
)
NOBODY: Final = tuple((attribute, kind(0)) for attribute, kind in _TYPES.items())
"""What empties attributes 6 to 9 and 5."""


def nobody_there(values: MbusChannelValues) -> bool:
    """Whether no device stands on the channel: it names no manufacturer, or no device type."""
    return values.manufacturer is None or not values.device_type


def is_free(values: MbusChannelValues) -> bool:
    """Whether a device may be put on the channel."""
    number = values.identification_number
    return (
        not values.version
        and not values.device_type
        and values.manufacturer is None
        and (number is None or (number == _NO_NUMBER and not values.primary_address))
    )


def named_by(device: MbusDevice, channel: int) -> MbusChannelValues:
    """What the registry knows of a device, as its channel would carry it."""
    number = device.identification_number
    return MbusChannelValues(
        channel=channel,
        primary_address=device.primary_address or None,
        identification_number=None if number is None else number.zfill(_DIGITS),
        manufacturer=None if device.manufacturer is None else device.manufacturer.upper(),
        version=device.version,
        device_type=device.device_type,
    )


def is_on(device: MbusDevice, values: MbusChannelValues) -> bool:
    """Whether the channel says that this very device stands on it.

    A device with a primary address is wired: the addresses are equal, and so is all that is known of the short
    identifier. Another one is known by all four parts of it.
    """
    known = named_by(device, values.channel)
    pairs = [(getattr(known, field), getattr(values, field)) for field in _SCORES]
    if known.primary_address:
        return known.primary_address == values.primary_address and all(
            wanted is None or wanted == found for wanted, found in pairs
        )
    return all(wanted is not None and wanted == found for wanted, found in pairs)


def best_match(device: MbusDevice, channels: Iterable[MbusChannelValues]) -> MbusChannelValues | None:
    """Of the channels with a primary address that contradict nothing known of the device the one that says most.

    The first one on a tie; None where none of them says anything that fits.
    """
    best, most = None, 0
    for values in channels:
        score = _score(named_by(device, values.channel), values)
        if values.primary_address and score > most:
            best, most = values, score
    return best


def _score(known: MbusChannelValues, values: MbusChannelValues) -> int:
    score = 0
    for field, weight in _SCORES.items():
        wanted, found = getattr(known, field), getattr(values, field)
        if wanted is None or not found or found == _NO_NUMBER:
            continue
        if wanted != found:
            return 0
        score += weight
    return score
