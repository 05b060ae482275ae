"""GET service (IEC 62056-5-3, 6.6 and 8.3.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import (
    AttributeItem,
    ReadResult,
    check_name,
    decode_items,
    decode_read_result,
    decode_read_results,
    decode_selection,
    encode_items,
    encode_read_result,
    encode_selection,
    expect_end,
)
from meterstream.dlms.apdu.results import DataAccessResult
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    AttributeRef,
    DataLimits,
    Selection,
    decode_length,
    encode_length,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError, EncodeError

_NORMAL: Final = 1
_NEXT_OR_BLOCK: Final = 2
_WITH_LIST: Final = 3

_REQUEST_NORMAL: Final = struct.Struct(">BBBH6sb")
_REQUEST_NEXT: Final = struct.Struct(">BBBI")
_RESPONSE_BLOCK: Final = struct.Struct(">BBBBIB")


@dataclass(frozen=True, slots=True)
class GetRequestNormal:
    """One attribute; `invoke` is the whole invoke-id-and-priority octet."""

    invoke: int
    ref: AttributeRef
    selection: Selection | None = None

    def encode(self) -> bytes:
        class_id, name, attribute = self.ref
        check_name(name)
        try:
            head = _REQUEST_NORMAL.pack(tags.GET_REQUEST, _NORMAL, self.invoke, class_id, name, attribute)
        except struct.error as error:
            raise EncodeError(f"{self.ref} is out of range") from error
        return head + encode_selection(self.selection)


@dataclass(frozen=True, slots=True)
class GetRequestNext:
    """Asks for the block after `block_number`."""

    invoke: int
    block_number: int

    def encode(self) -> bytes:
        return _REQUEST_NEXT.pack(tags.GET_REQUEST, _NEXT_OR_BLOCK, self.invoke, self.block_number)


@dataclass(frozen=True, slots=True)
class GetRequestWithList:
    invoke: int
    items: tuple[AttributeItem, ...]

    def encode(self) -> bytes:
        head = bytes((tags.GET_REQUEST, _WITH_LIST, self.invoke))
        return head + encode_length(len(self.items)) + encode_items(self.items)


@dataclass(frozen=True, slots=True)
class GetResponseNormal:
    invoke: int
    result: ReadResult = field(repr=False)

    def encode(self) -> bytes:
        return bytes((tags.GET_RESPONSE, _NORMAL, self.invoke)) + encode_read_result(self.result)


@dataclass(frozen=True, slots=True)
class GetResponseWithDataBlock:
    """A piece of a long answer: raw octets, or the reason why there are no more."""

    invoke: int
    last: bool
    block_number: int
    result: bytes | DataAccessResult = field(repr=False)

    def encode(self) -> bytes:
        failed = isinstance(self.result, DataAccessResult)
        head = _RESPONSE_BLOCK.pack(
            tags.GET_RESPONSE, _NEXT_OR_BLOCK, self.invoke, self.last, self.block_number, failed
        )
        if isinstance(self.result, DataAccessResult):
            return head + bytes((self.result,))
        return head + encode_length(len(self.result)) + self.result


@dataclass(frozen=True, slots=True)
class GetResponseWithList:
    invoke: int
    results: tuple[ReadResult, ...] = field(repr=False)

    def encode(self) -> bytes:
        head = bytes((tags.GET_RESPONSE, _WITH_LIST, self.invoke))
        return head + encode_results(self.results)


GetRequest = GetRequestNormal | GetRequestNext | GetRequestWithList
GetResponse = GetResponseNormal | GetResponseWithDataBlock | GetResponseWithList


def encode_results(results: tuple[ReadResult, ...]) -> bytes:
    """Number of results and the results: the body of a with-list answer, also when it travels in blocks."""
    return encode_length(len(results)) + b"".join(map(encode_read_result, results))


def decode_results(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> tuple[ReadResult, ...]:
    """Reverse of encode_results. Raises: DecodeError, LimitExceeded."""
    try:
        results, end = decode_read_results(raw, 0, limits)
    except IndexError as error:
        raise DecodeError("with-list results end too early") from error
    expect_end(raw, end, "the results")
    return results


def decode_get_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> GetRequest:
    """Raises: DecodeError, LimitExceeded."""
    try:
        kind = raw[1]
        if raw[0] != tags.GET_REQUEST:
            raise DecodeError(f"tag {raw[0]:#04x} is no get-request")
        if kind == _NORMAL:
            _, _, invoke, class_id, name, attribute = _REQUEST_NORMAL.unpack_from(raw)
            selection, end = decode_selection(raw, _REQUEST_NORMAL.size, limits)
            expect_end(raw, end, "get-request-normal")
            return GetRequestNormal(invoke, AttributeRef(class_id, name, attribute), selection)
        if kind == _NEXT_OR_BLOCK:
            _, _, invoke, block_number = _REQUEST_NEXT.unpack(raw)
            return GetRequestNext(invoke, block_number)
        if kind == _WITH_LIST:
            items, end = decode_items(raw, 3, limits)
            expect_end(raw, end, "get-request-with-list")
            return GetRequestWithList(raw[2], items)
    except (IndexError, struct.error) as error:
        raise DecodeError("get-request ends too early") from error
    raise DecodeError(f"get-request choice {kind}")


def decode_get_response(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> GetResponse:
    """Raises: DecodeError, LimitExceeded."""
    try:
        kind = raw[1]
        if raw[0] != tags.GET_RESPONSE:
            raise DecodeError(f"tag {raw[0]:#04x} is no get-response")
        if kind == _NORMAL:
            result, end = decode_read_result(raw, 3, Decoder(raw, limits))
            expect_end(raw, end, "get-response-normal")
            return GetResponseNormal(raw[2], result)
        if kind == _NEXT_OR_BLOCK:
            return _decode_block(raw)
        if kind == _WITH_LIST:
            results, end = decode_read_results(raw, 3, limits)
            expect_end(raw, end, "get-response-with-list")
            return GetResponseWithList(raw[2], results)
    except (IndexError, struct.error) as error:
        raise DecodeError("get-response ends too early") from error
    raise DecodeError(f"get-response choice {kind}")


def _decode_block(raw: bytes) -> GetResponseWithDataBlock:
    _, _, invoke, last, block_number, choice = _RESPONSE_BLOCK.unpack_from(raw)
    if choice == 1:
        result = DataAccessResult(raw[_RESPONSE_BLOCK.size])
        expect_end(raw, _RESPONSE_BLOCK.size + 1, "the data block")
        return GetResponseWithDataBlock(invoke, bool(last), block_number, result)
    if choice != 0:
        raise DecodeError(f"data block choice {choice:#04x}")
    length, start = decode_length(raw, _RESPONSE_BLOCK.size)
    if start + length != len(raw):
        raise DecodeError(f"data block of {length} in {len(raw) - start} octets")
    return GetResponseWithDataBlock(invoke, bool(last), block_number, raw[start:])
