"""Negotiation of the data link layer in the information fields of SNRM and UA (IEC 62056-46, 6.4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.dlms.errors import ConfigurationError, HdlcProtocolError

_FORMAT: Final = 0x81
_GROUP: Final = 0x80
_MAX_VALUE_OCTETS: Final = 4

MIN_INFORMATION: Final = 32
"""The smallest value that a meter may have by its object of class IEC HDLC setup (Blue Book, class 23, attributes 5 and
6: 32 to 2030 octets); 128 is the default of both that class and IEC 62056-46."""
MAX_INFORMATION: Final = 2030
DEFAULT_INFORMATION: Final = 128
MAX_WINDOW: Final = 7


@dataclass(frozen=True, slots=True)
class HdlcParameters:
    """As one station sees them; the other one's transmit is this one's receive.

    Attributes:
        information_transmit, information_receive: largest information field in octets, LLC header
            included, 32..2030. Values below 128 are for meters that cannot do more.
        window_transmit, window_receive: I frames in a row without acknowledgement, 1..7.

    Raises: ConfigurationError.
    """

    information_transmit: int = DEFAULT_INFORMATION
    information_receive: int = DEFAULT_INFORMATION
    window_transmit: int = 1
    window_receive: int = 1

    def __post_init__(self) -> None:
        for name in ("information_transmit", "information_receive"):
            if not MIN_INFORMATION <= getattr(self, name) <= MAX_INFORMATION:
                raise ConfigurationError(f"{name} is not in {MIN_INFORMATION}..{MAX_INFORMATION}")
        for name in ("window_transmit", "window_receive"):
            if not 1 <= getattr(self, name) <= MAX_WINDOW:
                raise ConfigurationError(f"{name} is not in 1..{MAX_WINDOW}")

    def encode(self, *, always: bool = False) -> bytes:
        """Information field of SNRM or UA; none where all values are the standard's, unless `always`."""
        if self == HdlcParameters() and not always:
            return b""
        values = b"".join(
            (
                _element(5, self.information_transmit, 1 if self.information_transmit <= 0xFF else 2),
                _element(6, self.information_receive, 1 if self.information_receive <= 0xFF else 2),
                _element(7, self.window_transmit, 4),
                _element(8, self.window_receive, 4),
            )
        )
        return bytes((_FORMAT, _GROUP, len(values))) + values


def _element(identifier: int, value: int, octets: int) -> bytes:
    return bytes((identifier, octets)) + value.to_bytes(octets, "big")


def decode_parameters(information: bytes) -> HdlcParameters:
    """Of the station that sent them; what it does not name has the standard's value.

    Values above the range are cut to it, parameters we do not know and groups after the first one are passed over.

    Raises: HdlcProtocolError for other formats, broken lengths and values below the range.
    """
    if not information:
        return HdlcParameters()
    if len(information) < 3 or information[0] != _FORMAT or information[1] != _GROUP:
        raise HdlcProtocolError("parameters of SNRM or UA do not begin with 81 80")
    end = 3 + information[2]
    if end > len(information):
        raise HdlcProtocolError("parameter group of SNRM or UA is longer than the information field")
    values = _elements(information[3:end])
    return HdlcParameters(
        _within(values.get(5, DEFAULT_INFORMATION), MIN_INFORMATION, MAX_INFORMATION),
        _within(values.get(6, DEFAULT_INFORMATION), MIN_INFORMATION, MAX_INFORMATION),
        _within(values.get(7, 1), 1, MAX_WINDOW),
        _within(values.get(8, 1), 1, MAX_WINDOW),
    )


def _elements(group: bytes) -> dict[int, int]:
    values: dict[int, int] = {}
    position = 0
    while position < len(group):
        start = position + 2
        if start > len(group) or (end := start + group[position + 1]) > len(group):
            raise HdlcProtocolError("a parameter of SNRM or UA is cut off")
        identifier = group[position]
        if 5 <= identifier <= 8:
            if not 1 <= end - start <= _MAX_VALUE_OCTETS:
                raise HdlcProtocolError(f"parameter {identifier} of SNRM or UA has {end - start} octets")
            values[identifier] = int.from_bytes(group[start:end], "big")
        position = end
    return values


def _within(value: int, lowest: int, highest: int) -> int:
    if value < lowest:
        raise HdlcProtocolError(f"parameter of SNRM or UA is {value}, at least {lowest} is needed")
    return min(value, highest)


def negotiate(own: HdlcParameters, peer: HdlcParameters) -> HdlcParameters:
    """The smaller of both, as this station sees it."""
    return HdlcParameters(
        min(own.information_transmit, peer.information_receive),
        min(own.information_receive, peer.information_transmit),
        min(own.window_transmit, peer.window_receive),
        min(own.window_receive, peer.window_transmit),
    )
