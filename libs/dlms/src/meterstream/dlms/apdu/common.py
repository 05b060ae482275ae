"""Parts that the GET, SET and ACTION services share."""

from __future__ import annotations

import struct
from typing import Final

from meterstream.dlms.apdu.results import DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    DataLimits,
    Selection,
    decode_length,
    decode_prefix,
    encode,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError, EncodeError

NAME_OCTETS: Final = 6
DESCRIPTOR: Final = struct.Struct(">H6sb")

_LONG_HEAD: Final = struct.Struct(">BI")
_DATE_TIME_OCTETS: Final = 12

AttributeItem = tuple[AttributeRef, Selection | None]
ReadResult = Data | DataAccessResult


def expect_end(raw: bytes, offset: int, what: str) -> None:
    if offset != len(raw):
        raise DecodeError(f"{len(raw) - offset} octets after {what}")


def check_name(logical_name: bytes) -> None:
    if len(logical_name) != NAME_OCTETS:
        raise EncodeError(f"a logical name has 6 bytes, not {len(logical_name)}")


def encode_descriptor(class_id: int, logical_name: bytes, number: int) -> bytes:
    """Attribute or method descriptor, 9 octets. Raises: EncodeError."""
    check_name(logical_name)
    try:
        return DESCRIPTOR.pack(class_id, logical_name, number)
    except struct.error as error:
        raise EncodeError(f"class id {class_id} or number {number} out of range") from error


def encode_selection(selection: Selection | None) -> bytes:
    if selection is None:
        return b"\x00"
    selector, parameters = selection
    if not 0 <= selector <= 0xFF:
        raise EncodeError(f"access selector {selector} does not fit an octet")
    return bytes((1, selector)) + encode(parameters)


def decode_selection(raw: bytes, offset: int, limits: DataLimits) -> tuple[Selection | None, int]:
    present = raw[offset]
    if present == 0:
        return None, offset + 1
    if present != 1:
        raise DecodeError(f"access selection flag {present:#04x}")
    selector = raw[offset + 1]
    parameters, offset = decode_prefix(raw, offset + 2, limits)
    return Selection(selector, parameters), offset


def decode_items(raw: bytes, offset: int, limits: DataLimits) -> tuple[tuple[AttributeItem, ...], int]:
    """List of attribute descriptors with selection, as GET and SET with-list carry it."""
    count, offset = decode_length(raw, offset)
    if count * (DESCRIPTOR.size + 1) > len(raw) - offset:
        raise DecodeError(f"list of {count} attributes in {len(raw) - offset} octets")
    items: list[AttributeItem] = []
    for _ in range(count):
        ref = AttributeRef(*DESCRIPTOR.unpack_from(raw, offset))
        selection, offset = decode_selection(raw, offset + DESCRIPTOR.size, limits)
        items.append((ref, selection))
    return tuple(items), offset


def encode_items(items: tuple[AttributeItem, ...]) -> bytes:
    return b"".join(encode_descriptor(*ref) + encode_selection(selection) for ref, selection in items)


def encode_read_result(result: ReadResult) -> bytes:
    """Get-Data-Result: 00 data, or 01 and the code."""
    if isinstance(result, DataAccessResult):
        return bytes((1, result))
    return b"\x00" + encode(result)


def decode_read_result(raw: bytes, offset: int, decoder: Decoder) -> tuple[ReadResult, int]:
    choice = raw[offset]
    if choice == 0:
        return decoder.value(offset + 1)
    if choice == 1:
        return DataAccessResult(raw[offset + 1]), offset + 2
    raise DecodeError(f"result choice {choice:#04x}")


def decode_read_results(raw: bytes, offset: int, limits: DataLimits) -> tuple[tuple[ReadResult, ...], int]:
    """Results of a with-list, which share one set of limits."""
    count, offset = decode_length(raw, offset)
    if count * 2 > len(raw) - offset:
        raise DecodeError(f"list of {count} results in {len(raw) - offset} octets")
    decoder = Decoder(raw, limits)
    results: list[ReadResult] = []
    for _ in range(count):
        result, offset = decode_read_result(raw, offset, decoder)
        results.append(result)
    return tuple(results), offset


def encode_long_head(tag: int, invoke: int, date_time: CosemDateTime | None) -> bytes:
    """Tag, long-invoke-id-and-priority and date-time: the head of unconfirmed and access services.

    Raises: EncodeError.
    """
    if not 0 <= invoke <= 0xFFFF_FFFF:
        raise EncodeError(f"long-invoke-id-and-priority {invoke} does not fit four octets")
    head = _LONG_HEAD.pack(tag, invoke)
    return head + (b"\x00" if date_time is None else b"\x0c" + date_time.to_bytes())


def decode_long_head(raw: bytes, what: str, offset: int = _LONG_HEAD.size) -> tuple[int, CosemDateTime | None, int]:
    """Reverse of encode_long_head for an APDU whose tag is known: invoke, date-time, offset after them.

    `offset` is where the length of the date-time stands.

    Raises: DecodeError, IndexError or struct.error where the octets end.
    """
    _, invoke = _LONG_HEAD.unpack_from(raw)
    length, offset = decode_length(raw, offset)
    if length == 0:
        return invoke, None, offset
    if length != _DATE_TIME_OCTETS:
        raise DecodeError(f"{what}: date-time of {length} octets at offset {offset}")
    return invoke, CosemDateTime.from_bytes(raw[offset : offset + length]), offset + length
