"""SET service (IEC 62056-5-3, 6.7 and 8.3.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import (
    DESCRIPTOR,
    AttributeItem,
    decode_items,
    decode_selection,
    encode_descriptor,
    encode_items,
    encode_selection,
    expect_end,
)
from meterstream.dlms.apdu.results import DataAccessResult
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    AttributeRef,
    Data,
    DataLimits,
    Selection,
    decode_length,
    encode,
    encode_length,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError, EncodeError

_NORMAL: Final = 1
_REQUEST_WITH_LIST: Final = 4
_RESPONSE_WITH_LIST: Final = 5


@dataclass(frozen=True, slots=True)
class SetRequestNormal:
    """One attribute; `invoke` is the whole invoke-id-and-priority octet. No value in repr: it may be a key."""

    invoke: int
    ref: AttributeRef
    data: Data = field(repr=False)
    selection: Selection | None = None

    def encode(self) -> bytes:
        head = bytes((tags.SET_REQUEST, _NORMAL, self.invoke))
        return head + encode_descriptor(*self.ref) + encode_selection(self.selection) + encode(self.data)


@dataclass(frozen=True, slots=True)
class SetRequestWithList:
    invoke: int
    items: tuple[AttributeItem, ...]
    values: tuple[Data, ...] = field(repr=False)

    def encode(self) -> bytes:
        if len(self.items) != len(self.values):
            raise EncodeError(f"{len(self.items)} attributes and {len(self.values)} values")
        count = encode_length(len(self.items))
        head = bytes((tags.SET_REQUEST, _REQUEST_WITH_LIST, self.invoke))
        return b"".join((head, count, encode_items(self.items), count, *map(encode, self.values)))


@dataclass(frozen=True, slots=True)
class SetResponseNormal:
    invoke: int
    result: DataAccessResult

    def encode(self) -> bytes:
        return bytes((tags.SET_RESPONSE, _NORMAL, self.invoke, self.result))


@dataclass(frozen=True, slots=True)
class SetResponseWithList:
    invoke: int
    results: tuple[DataAccessResult, ...]

    def encode(self) -> bytes:
        head = bytes((tags.SET_RESPONSE, _RESPONSE_WITH_LIST, self.invoke))
        return head + encode_length(len(self.results)) + bytes(self.results)


SetRequest = SetRequestNormal | SetRequestWithList
SetResponse = SetResponseNormal | SetResponseWithList


def decode_set_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> SetRequest:
    """Raises: DecodeError (also for requests in blocks), LimitExceeded."""
    try:
        kind = raw[1]
        if raw[0] != tags.SET_REQUEST:
            raise DecodeError(f"tag {raw[0]:#04x} is no set-request")
        if kind == _NORMAL:
            ref = AttributeRef(*DESCRIPTOR.unpack_from(raw, 3))
            selection, offset = decode_selection(raw, 3 + DESCRIPTOR.size, limits)
            data, end = Decoder(raw, limits).value(offset)
            expect_end(raw, end, "set-request-normal")
            return SetRequestNormal(raw[2], ref, data, selection)
        if kind == _REQUEST_WITH_LIST:
            return _decode_list_request(raw, limits)
    except (IndexError, struct.error) as error:
        raise DecodeError("set-request ends too early") from error
    raise DecodeError(f"set-request choice {kind}")


def _decode_list_request(raw: bytes, limits: DataLimits) -> SetRequestWithList:
    items, offset = decode_items(raw, 3, limits)
    count, offset = decode_length(raw, offset)
    if count != len(items):
        raise DecodeError(f"set-request-with-list of {len(items)} attributes and {count} values")
    decoder = Decoder(raw, limits)
    values: list[Data] = []
    for _ in range(count):
        value, offset = decoder.value(offset)
        values.append(value)
    expect_end(raw, offset, "set-request-with-list")
    return SetRequestWithList(raw[2], items, tuple(values))


def decode_set_response(raw: bytes) -> SetResponse:
    """Raises: DecodeError."""
    try:
        kind = raw[1]
        if raw[0] != tags.SET_RESPONSE:
            raise DecodeError(f"tag {raw[0]:#04x} is no set-response")
        if kind == _NORMAL:
            expect_end(raw, 4, "set-response-normal")
            return SetResponseNormal(raw[2], DataAccessResult(raw[3]))
        if kind == _RESPONSE_WITH_LIST:
            count, offset = decode_length(raw, 3)
            expect_end(raw, offset + count, "set-response-with-list")
            return SetResponseWithList(raw[2], tuple(map(DataAccessResult, raw[offset:])))
    except IndexError as error:
        raise DecodeError("set-response ends too early") from error
    raise DecodeError(f"set-response choice {kind}")
