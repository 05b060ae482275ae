"""HDLC addresses (IEC 62056-46, 6.4.2): the client has one octet; the server one, two or four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.dlms.errors import ConfigurationError, HdlcFrameError

_SEVEN_BITS: Final = 0x7F
_FOURTEEN_BITS: Final = 0x3FFF
MAX_OCTETS: Final = 4


@dataclass(frozen=True, slots=True)
class HdlcAddress:
    """An address of a station.

    Attributes:
        upper: client, or logical device of a server: 0..127, 0..16383 when `wide`.
        lower: physical device of a server, in the same range; None in addresses of one octet.
        wide: four octets instead of two.

    Raises: ConfigurationError for anything else.
    """

    upper: int
    lower: int | None = None
    wide: bool = False

    def __post_init__(self) -> None:
        if self.wide and self.lower is None:
            raise ConfigurationError("an HDLC address of four octets needs a lower part")
        highest = _FOURTEEN_BITS if self.wide else _SEVEN_BITS
        for name, part in (("upper", self.upper), ("lower", self.lower)):
            if part is not None and not 0 <= part <= highest:
                raise ConfigurationError(f"{name} part {part} of an HDLC address is not in 0..{highest}")

    def encode(self) -> bytes:
        if self.lower is None:
            return bytes((self.upper << 1 | 1,))
        if not self.wide:
            return bytes((self.upper << 1, self.lower << 1 | 1))
        return bytes(
            (
                self.upper >> 7 << 1,
                (self.upper & _SEVEN_BITS) << 1,
                self.lower >> 7 << 1,
                (self.lower & _SEVEN_BITS) << 1 | 1,
            )
        )


def decode_address(octets: bytes) -> HdlcAddress:
    """Of exactly the octets of one address, the last of which has its lowest bit set.

    Raises: HdlcFrameError for three octets, or where that bit is somewhere else.
    """
    if [octet & 1 for octet in octets] != [0] * (len(octets) - 1) + [1]:
        raise HdlcFrameError("the last octet of an HDLC address is the one with its lowest bit set")
    parts = [octet >> 1 for octet in octets]
    match parts:
        case [upper]:
            return HdlcAddress(upper)
        case [upper, lower]:
            return HdlcAddress(upper, lower)
        case [upper_high, upper_low, lower_high, lower_low]:
            return HdlcAddress(upper_high << 7 | upper_low, lower_high << 7 | lower_low, wide=True)
        case _:
            raise HdlcFrameError(f"an HDLC address has 1, 2 or 4 octets, not {len(octets)}")
