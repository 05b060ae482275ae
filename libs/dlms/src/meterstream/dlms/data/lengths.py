"""Length octets as A-XDR and BER write them: below 128 one octet, else 0x80 + number of octets that follow."""

from __future__ import annotations

from meterstream.dlms.errors import DecodeError

MAX_LENGTH_OCTETS = 4


def encode_length(length: int) -> bytes:
    if length < 0x80:
        return length.to_bytes(1, "big")
    if length < 0x100:
        return bytes((0x81, length))
    if length < 0x10000:
        return b"\x82" + length.to_bytes(2, "big")
    return b"\x84" + length.to_bytes(4, "big")


def decode_length(raw: bytes, offset: int) -> tuple[int, int]:
    """(length, offset after it); longer forms than needed are fine. Raises: IndexError, DecodeError if cut."""
    first = raw[offset]
    offset += 1
    if first < 0x80:
        return first, offset
    octets = first - 0x80
    end = offset + octets
    if not 0 < octets <= MAX_LENGTH_OCTETS or end > len(raw):
        raise DecodeError(f"length octet {first:#04x} at offset {offset - 1} is not possible here")
    return int.from_bytes(raw[offset:end], "big"), end
