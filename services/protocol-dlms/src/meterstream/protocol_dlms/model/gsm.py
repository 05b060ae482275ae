"""What a modem says of its network: attributes of the GSM diagnostic in the words of the contract.

Source: IEC 62056-6-2, GSM diagnostic (class 47, versions 0 to 2); 3GPP TS 27.007, +CSQ.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

from meterstream.contracts.operations.get_gsm_diagnostic import AdjacentCell, CellInfo
from meterstream.contracts.shared.gsm import (
    CircuitSwitchedStatus,
    ModemRegistrationStatus,
    PacketSwitchedStatus,
    SignalQuality,
)
from meterstream.dlms.data import Data, DataType
from meterstream.protocol_dlms.model.quantities import read_whole, unexpected

S = TypeVar("S", bound=StrEnum)

NOT_KNOWN: Final = 99
"""Signal quality and bit error rate that the modem does not know."""
_QUALITIES: Final = tuple(SignalQuality)
_WORST_BIT_ERROR_RATE: Final = 7
_OCTET: Final = 0xFF
_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF
_MOST_CELLS: Final = 64
_CELL_INFO: Final = 7
_ADJACENT_CELL: Final = 2


def operator(data: Data) -> str:
    """Name of the network operator.

    Raises: ILLEGAL_RESPONSE.
    """
    text = data.value
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str) or data.type is DataType.BIT_STRING:
        raise unexpected("operator", f"expected a text, got {data.type.name}")
    text = text.rstrip("\0 ")
    if not text.isprintable():
        raise unexpected("operator", "the text cannot be printed")
    return text


def registration(data: Data) -> ModemRegistrationStatus:
    """Raises: ILLEGAL_RESPONSE."""
    return _status(data, ModemRegistrationStatus, "registration status")


def circuit_switched(data: Data) -> CircuitSwitchedStatus:
    """Raises: ILLEGAL_RESPONSE."""
    return _status(data, CircuitSwitchedStatus, "circuit switched status")


def packet_switched(data: Data) -> PacketSwitchedStatus:
    """Raises: ILLEGAL_RESPONSE."""
    return _status(data, PacketSwitchedStatus, "packet switched status")


def cell_info(data: Data) -> CellInfo:
    """The serving cell; versions differ in the types of its numbers.

    Raises: ILLEGAL_RESPONSE.
    """
    cell, location, quality, errors, country, network, channel = _members(data, _CELL_INFO, "cell info")
    return CellInfo(
        cell_id=read_whole(cell, "cell id", _U32),
        location_id=read_whole(location, "location id", _U32),
        signal_quality=signal_quality(quality),
        bit_error_rate=bit_error_rate(errors),
        mobile_country_code=read_whole(country, "mobile country code", _U16),
        mobile_network_code=read_whole(network, "mobile network code", _U16),
        channel_number=read_whole(channel, "channel number", _U32),
    )


def adjacent_cells(data: Data) -> list[AdjacentCell]:
    """The cells next to it; null-data are none.

    Raises: ILLEGAL_RESPONSE.
    """
    if data.type is DataType.NULL_DATA:
        return []
    if data.type not in (DataType.ARRAY, DataType.COMPACT_ARRAY) or not isinstance(data.value, tuple):
        raise unexpected("adjacent cells", f"expected an array, got {data.type.name}")
    if len(data.value) > _MOST_CELLS:
        raise unexpected("adjacent cells", f"more than {_MOST_CELLS} cells")
    found = []
    for element in data.value:
        cell, quality = _members(element, _ADJACENT_CELL, "adjacent cell")
        found.append(AdjacentCell(cell_id=read_whole(cell, "cell id", _U32), signal_quality=signal_quality(quality)))
    return found


def signal_quality(data: Data) -> SignalQuality:
    """0 to 31 in steps of 2 dB; 99 and null-data: not known.

    Raises: ILLEGAL_RESPONSE.
    """
    number = NOT_KNOWN if data.type is DataType.NULL_DATA else read_whole(data, "signal quality", _OCTET)
    if number == NOT_KNOWN:
        return SignalQuality.NOT_KNOWN_OR_NOT_DETECTABLE
    if number >= len(_QUALITIES) - 1:
        raise unexpected("signal quality", f"{number} is not defined")
    return _QUALITIES[number]


def bit_error_rate(data: Data) -> int:
    """0 to 7; 99 and null-data: not known.

    Raises: ILLEGAL_RESPONSE.
    """
    number = NOT_KNOWN if data.type is DataType.NULL_DATA else read_whole(data, "bit error rate", _OCTET)
    if number > _WORST_BIT_ERROR_RATE and number != NOT_KNOWN:
        raise unexpected("bit error rate", f"{number} is not defined")
    return number


def _status(data: Data, kind: type[S], what: str) -> S:
    """By number; the last name stands for all numbers that have none."""
    names = tuple(kind)
    return names[min(read_whole(data, what, _OCTET), len(names) - 1)]


def _members(data: Data, count: int, what: str) -> tuple[Data, ...]:
    if data.type is not DataType.STRUCTURE or not isinstance(data.value, tuple):
        raise unexpected(what, f"expected a structure, got {data.type.name}")
    if len(data.value) != count:
        raise unexpected(what, f"{len(data.value)} members instead of {count}")
    return data.value
