"""DataBlock-SA: the piece of a long SET or ACTION that one APDU carries (IEC 62056-5-3, clause 8)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import DecodeError, EncodeError

BLOCK_HEAD_OCTETS: Final = 1 + 4 + 3
"""Last-block, block number, and the length of the raw data, which takes three octets at most."""
MAX_BLOCK_NUMBER: Final = 0xFFFF_FFFF

_HEAD: Final = struct.Struct(">BI")
_NUMBER: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class DataBlock:
    """Raw octets of an encoding, in order; `number` begins at 1. Octets stay out of repr: they may be keys."""

    last: bool
    number: int
    raw: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        try:
            return _HEAD.pack(self.last, self.number) + encode_length(len(self.raw)) + self.raw
        except struct.error as error:
            raise EncodeError(f"block number {self.number} does not fit four octets") from error


def decode_block(raw: bytes, offset: int) -> DataBlock:
    """The block that `raw` ends with. Raises: DecodeError; IndexError or struct.error where the octets end."""
    last, number = _HEAD.unpack_from(raw, offset)
    length, start = decode_length(raw, offset + _HEAD.size)
    if start + length != len(raw):
        raise DecodeError(f"data block of {length} octets in {len(raw) - start}")
    return DataBlock(bool(last), number, raw[start:])


def encode_number(number: int) -> bytes:
    """A block number by itself. Raises: EncodeError."""
    try:
        return _NUMBER.pack(number)
    except struct.error as error:
        raise EncodeError(f"block number {number} does not fit four octets") from error


def decode_number(raw: bytes, offset: int, what: str) -> int:
    """The block number that `raw` ends with. Raises: DecodeError; struct.error where the octets end."""
    if len(raw) > offset + _NUMBER.size:
        raise DecodeError(f"{len(raw) - offset - _NUMBER.size} octets after {what}")
    return int(_NUMBER.unpack_from(raw, offset)[0])
