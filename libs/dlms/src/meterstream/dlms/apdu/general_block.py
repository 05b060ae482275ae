"""General-Block-Transfer APDU (IEC 62056-5-3, clause 8; Green Book 9.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import DecodeError, EncodeError

GENERAL_BLOCK_HEAD_OCTETS: Final = 6 + 3
"""Tag, control, both numbers, and the length of the data, which takes three octets at most."""
MAX_WINDOW: Final = 0x3F
MAX_GENERAL_BLOCK: Final = 0xFFFF

_HEAD: Final = struct.Struct(">BBHH")
_LAST: Final = 0x80
_STREAMING: Final = 0x40


@dataclass(frozen=True, slots=True)
class GeneralBlock:
    """A piece of an APDU, which is plain or protected, and what its sender has received so far.

    Attributes:
        last: nothing follows it in its direction.
        streaming: more follow it at once; otherwise it is the other side's turn.
        window: blocks that its sender takes before it acknowledges, 0..63; 0 is none at all.
        number: of this block, from 1; 0 aborts the transfer.
        acknowledged: number of the last block received from the other side without a gap.
        data: empty in a block that only acknowledges; out of repr, for it may be plain.
    """

    last: bool
    streaming: bool
    window: int
    number: int
    acknowledged: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        if not 0 <= self.window <= MAX_WINDOW:
            raise EncodeError(f"window of {self.window} blocks; 0..{MAX_WINDOW} are possible")
        control = (_LAST if self.last else 0) | (_STREAMING if self.streaming else 0) | self.window
        try:
            head = _HEAD.pack(tags.GENERAL_BLOCK_TRANSFER, control, self.number, self.acknowledged)
        except struct.error as error:
            raise EncodeError(f"block {self.number} or {self.acknowledged} does not fit two octets") from error
        return head + encode_length(len(self.data)) + self.data


ABORT: Final = GeneralBlock(last=True, streaming=False, window=0, number=0, acknowledged=0, data=b"")
"""Ends a transfer early."""


def decode_general_block(raw: bytes) -> GeneralBlock:
    """Raises: DecodeError."""
    try:
        tag, control, number, acknowledged = _HEAD.unpack_from(raw)
        length, start = decode_length(raw, _HEAD.size)
    except (IndexError, struct.error) as error:
        raise DecodeError(f"general-block-transfer ends too early: {len(raw)} octets") from error
    if tag != tags.GENERAL_BLOCK_TRANSFER:
        raise DecodeError(f"tag {tag:#04x} is no general-block-transfer")
    if start + length != len(raw):
        raise DecodeError(f"general block of {length} octets in {len(raw) - start}")
    last, streaming = bool(control & _LAST), bool(control & _STREAMING)
    return GeneralBlock(last, streaming, control & MAX_WINDOW, number, acknowledged, raw[start:])
