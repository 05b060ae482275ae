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
from meterstream.dlms.apdu.data_block import DataBlock, decode_block, decode_number, encode_number
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
_FIRST_BLOCK: Final = 2
_BLOCK: Final = 3
_REQUEST_WITH_LIST: Final = 4
_LIST_AND_FIRST_BLOCK: Final = 5

_RESPONSE_BLOCK: Final = 2
_RESPONSE_LAST_BLOCK: Final = 3
_RESPONSE_LAST_BLOCK_WITH_LIST: Final = 4
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
        head = bytes((tags.SET_REQUEST, _REQUEST_WITH_LIST, self.invoke))
        return head + _encode_list(self.items) + encode_values(self.values)


@dataclass(frozen=True, slots=True)
class SetRequestWithFirstDataBlock:
    """One attribute, and the first piece of its encoded value."""

    invoke: int
    ref: AttributeRef
    block: DataBlock
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.SET_REQUEST, _FIRST_BLOCK, self.invoke))
        return head + encode_descriptor(*self.ref) + encode_selection(self.selection) + self.block.encode()


@dataclass(frozen=True, slots=True)
class SetRequestWithDataBlock:
    """A further piece of what an earlier request began."""

    invoke: int
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.SET_REQUEST, _BLOCK, self.invoke)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class SetRequestWithListAndFirstDataBlock:
    """Several attributes, and the first piece of their values: encode_values cut into blocks."""

    invoke: int
    items: tuple[AttributeItem, ...]
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.SET_REQUEST, _LIST_AND_FIRST_BLOCK, self.invoke))
        return head + _encode_list(self.items) + self.block.encode()


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


@dataclass(frozen=True, slots=True)
class SetResponseDataBlock:
    """The block with this number is taken; the next one may come."""

    invoke: int
    block_number: int

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.SET_RESPONSE, _RESPONSE_BLOCK, self.invoke)) + encode_number(self.block_number)


@dataclass(frozen=True, slots=True)
class SetResponseLastDataBlock:
    """How the transfer ended: the result of the attribute, or why there was none."""

    invoke: int
    result: DataAccessResult
    block_number: int

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.SET_RESPONSE, _RESPONSE_LAST_BLOCK, self.invoke, self.result))
        return head + encode_number(self.block_number)


@dataclass(frozen=True, slots=True)
class SetResponseLastDataBlockWithList:
    invoke: int
    results: tuple[DataAccessResult, ...]
    block_number: int

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.SET_RESPONSE, _RESPONSE_LAST_BLOCK_WITH_LIST, self.invoke))
        return head + encode_length(len(self.results)) + bytes(self.results) + encode_number(self.block_number)


SetBlockRequest = SetRequestWithFirstDataBlock | SetRequestWithDataBlock | SetRequestWithListAndFirstDataBlock
SetRequest = SetRequestNormal | SetRequestWithList | SetBlockRequest
SetResponse = (
    SetResponseNormal
    | SetResponseDataBlock
    | SetResponseLastDataBlock
    | SetResponseLastDataBlockWithList
    | SetResponseWithList
)


def encode_values(values: tuple[Data, ...]) -> bytes:
    """Number of values and the values: the second list of a with-list request, also when it travels in blocks.

    Raises: EncodeError.
    """
    return encode_length(len(values)) + b"".join(map(encode, values))


def decode_values(raw: bytes, expected: int, limits: DataLimits = DEFAULT_LIMITS) -> tuple[Data, ...]:
    """Reverse of encode_values for as many values as there are descriptors. Raises: DecodeError, LimitExceeded."""
    try:
        return _decode_values(raw, 0, expected, limits)
    except (IndexError, struct.error) as error:
        raise DecodeError("with-list values end too early") from error


def _encode_list(items: tuple[AttributeItem, ...]) -> bytes:
    return encode_length(len(items)) + encode_items(items)


def decode_set_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> SetRequest:
    """Raises: DecodeError, LimitExceeded."""
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
            items, offset = decode_items(raw, 3, limits)
            return SetRequestWithList(raw[2], items, _decode_values(raw, offset, len(items), limits))
        if kind == _FIRST_BLOCK:
            ref = AttributeRef(*DESCRIPTOR.unpack_from(raw, 3))
            selection, offset = decode_selection(raw, 3 + DESCRIPTOR.size, limits)
            return SetRequestWithFirstDataBlock(raw[2], ref, decode_block(raw, offset), selection)
        if kind == _BLOCK:
            return SetRequestWithDataBlock(raw[2], decode_block(raw, 3))
        if kind == _LIST_AND_FIRST_BLOCK:
            items, offset = decode_items(raw, 3, limits)
            return SetRequestWithListAndFirstDataBlock(raw[2], items, decode_block(raw, offset))
    except (IndexError, struct.error) as error:
        raise DecodeError("set-request ends too early") from error
    raise DecodeError(f"set-request choice {kind}")


def _decode_values(raw: bytes, offset: int, expected: int, limits: DataLimits) -> tuple[Data, ...]:
    count, offset = decode_length(raw, offset)
    if count != expected:
        raise DecodeError(f"with-list of {expected} descriptors and {count} values")
    decoder = Decoder(raw, limits)
    values: list[Data] = []
    for _ in range(count):
        value, offset = decoder.value(offset)
        values.append(value)
    expect_end(raw, offset, "the values")
    return tuple(values)


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
        if kind == _RESPONSE_BLOCK:
            return SetResponseDataBlock(raw[2], decode_number(raw, 3, "set-response-datablock"))
        if kind == _RESPONSE_LAST_BLOCK:
            number = decode_number(raw, 4, "set-response-last-datablock")
            return SetResponseLastDataBlock(raw[2], DataAccessResult(raw[3]), number)
        if kind == _RESPONSE_LAST_BLOCK_WITH_LIST:
            count, offset = decode_length(raw, 3)
            number = decode_number(raw, offset + count, "set-response-last-datablock-with-list")
            results = tuple(map(DataAccessResult, raw[offset : offset + count]))
            return SetResponseLastDataBlockWithList(raw[2], results, number)
    except (IndexError, struct.error) as error:
        raise DecodeError("set-response ends too early") from error
    raise DecodeError(f"set-response choice {kind}")
