"""ACTION service (IEC 62056-5-3, 6.8 and 8.3.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import (
    DESCRIPTOR,
    ReadResult,
    decode_read_result,
    encode_descriptor,
    encode_read_result,
    expect_end,
)
from meterstream.dlms.apdu.data_block import DataBlock, decode_block, decode_number, encode_number
from meterstream.dlms.apdu.results import ActionResult
from meterstream.dlms.apdu.set import decode_values, encode_values
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    NULL,
    Data,
    DataLimits,
    MethodRef,
    decode_length,
    encode,
    encode_length,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError, EncodeError

_NORMAL: Final = 1
_NEXT_BLOCK: Final = 2
_WITH_LIST: Final = 3
_FIRST_BLOCK: Final = 4
_LIST_AND_FIRST_BLOCK: Final = 5
_BLOCK: Final = 6

_RESPONSE_BLOCK: Final = 2
_RESPONSE_NEXT_BLOCK: Final = 4
_SHORT_RESPONSE_OCTETS: Final = 4


class ActionReturn(NamedTuple):
    """What came of one method: its result, and what it returned, if anything."""

    result: ActionResult
    data: ReadResult | None = None

    def __repr__(self) -> str:
        return f"ActionReturn({self.result.name}, {'nothing' if self.data is None else 'data'})"


@dataclass(frozen=True, slots=True)
class ActionRequestNormal:
    """One method; `invoke` is the whole invoke-id-and-priority octet. Parameters stay out of repr: they may be keys."""

    invoke: int
    ref: MethodRef
    data: Data | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        head = bytes((tags.ACTION_REQUEST, _NORMAL, self.invoke)) + encode_descriptor(*self.ref)
        return head + (b"\x00" if self.data is None else b"\x01" + encode(self.data))


@dataclass(frozen=True, slots=True)
class ActionRequestNextBlock:
    """Asks for the block of the answer after `block_number`."""

    invoke: int
    block_number: int

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.ACTION_REQUEST, _NEXT_BLOCK, self.invoke)) + encode_number(self.block_number)


@dataclass(frozen=True, slots=True)
class ActionRequestWithList:
    """Several methods, each with its parameters: null-data where it takes none."""

    invoke: int
    refs: tuple[MethodRef, ...]
    values: tuple[Data, ...] = field(repr=False)

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        if len(self.refs) != len(self.values):
            raise EncodeError(f"{len(self.refs)} methods and {len(self.values)} values")
        head = bytes((tags.ACTION_REQUEST, _WITH_LIST, self.invoke))
        return head + _encode_refs(self.refs) + encode_values(self.values)


@dataclass(frozen=True, slots=True)
class ActionRequestWithFirstBlock:
    """One method, and the first piece of its encoded parameters."""

    invoke: int
    ref: MethodRef
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.ACTION_REQUEST, _FIRST_BLOCK, self.invoke))
        return head + encode_descriptor(*self.ref) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionRequestWithListAndFirstBlock:
    """Several methods, and the first piece of their parameters: encode_values cut into blocks."""

    invoke: int
    refs: tuple[MethodRef, ...]
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.ACTION_REQUEST, _LIST_AND_FIRST_BLOCK, self.invoke))
        return head + _encode_refs(self.refs) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionRequestWithBlock:
    """A further piece of what an earlier request began."""

    invoke: int
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.ACTION_REQUEST, _BLOCK, self.invoke)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionResponseNormal:
    """Result of a method and what it returned, if anything.

    `short`: leave out the octet that says whether there is data; some meters do.
    """

    invoke: int
    result: ActionResult
    data: ReadResult | None = field(default=None, repr=False)
    short: bool = False

    def encode(self) -> bytes:
        head = bytes((tags.ACTION_RESPONSE, _NORMAL, self.invoke))
        if self.short and self.data is None:
            return head + bytes((self.result,))
        return head + encode_return(ActionReturn(self.result, self.data))


@dataclass(frozen=True, slots=True)
class ActionResponseWithBlock:
    """A piece of a long answer: of encode_return after one method, of encode_returns after a list."""

    invoke: int
    block: DataBlock

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.ACTION_RESPONSE, _RESPONSE_BLOCK, self.invoke)) + self.block.encode()


@dataclass(frozen=True, slots=True)
class ActionResponseWithList:
    invoke: int
    results: tuple[ActionReturn, ...] = field(repr=False)

    def encode(self) -> bytes:
        return bytes((tags.ACTION_RESPONSE, _WITH_LIST, self.invoke)) + encode_returns(self.results)


@dataclass(frozen=True, slots=True)
class ActionResponseNextBlock:
    """The block of the request with this number is taken; the next one may come."""

    invoke: int
    block_number: int

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        return bytes((tags.ACTION_RESPONSE, _RESPONSE_NEXT_BLOCK, self.invoke)) + encode_number(self.block_number)


ActionBlockRequest = ActionRequestWithFirstBlock | ActionRequestWithListAndFirstBlock | ActionRequestWithBlock
ActionRequest = ActionRequestNormal | ActionRequestNextBlock | ActionRequestWithList | ActionBlockRequest
ActionResponse = ActionResponseNormal | ActionResponseWithBlock | ActionResponseWithList | ActionResponseNextBlock


def encode_return(answer: ActionReturn) -> bytes:
    """Action-Response-With-Optional-Data: the result, a flag, and Get-Data-Result."""
    if answer.data is None:
        return bytes((answer.result, 0))
    return bytes((answer.result, 1)) + encode_read_result(answer.data)


def encode_returns(answers: tuple[ActionReturn, ...]) -> bytes:
    """Number of results and the results: the body of a with-list answer, also when it travels in blocks."""
    return encode_length(len(answers)) + b"".join(map(encode_return, answers))


def decode_return(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> ActionReturn:
    """An answer that came in blocks: encode_return, or the data alone, as some meters send it after a success.

    Raises: DecodeError, LimitExceeded.
    """
    try:
        try:
            answer, end = _decode_return(raw, 0, Decoder(raw, limits))
            expect_end(raw, end, "the answer of a method")
        except (IndexError, DecodeError):
            if raw[:1] == bytes((ActionResult.SUCCESS,)):
                raise
            data, end = Decoder(raw, limits).value(0)
            expect_end(raw, end, "what a method returned")
            return ActionReturn(ActionResult.SUCCESS, data)
    except (IndexError, struct.error) as error:
        raise DecodeError("answer of a method ends too early") from error
    return answer


def decode_returns(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> tuple[ActionReturn, ...]:
    """Reverse of encode_returns. Raises: DecodeError, LimitExceeded."""
    try:
        return _decode_returns(raw, 0, limits)
    except (IndexError, struct.error) as error:
        raise DecodeError("with-list results end too early") from error


def decode_action_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> ActionRequest:
    """Raises: DecodeError, LimitExceeded."""
    try:
        kind = raw[1]
        if raw[0] != tags.ACTION_REQUEST:
            raise DecodeError(f"tag {raw[0]:#04x} is no action-request")
        if kind == _NORMAL:
            return _decode_normal(raw, limits)
        if kind == _NEXT_BLOCK:
            return ActionRequestNextBlock(raw[2], decode_number(raw, 3, "action-request-next-pblock"))
        if kind == _WITH_LIST:
            refs, offset = _decode_refs(raw, 3)
            return ActionRequestWithList(raw[2], refs, decode_values(raw[offset:], len(refs), limits))
        if kind == _FIRST_BLOCK:
            ref = MethodRef(*DESCRIPTOR.unpack_from(raw, 3))
            return ActionRequestWithFirstBlock(raw[2], ref, decode_block(raw, 3 + DESCRIPTOR.size))
        if kind == _LIST_AND_FIRST_BLOCK:
            refs, offset = _decode_refs(raw, 3)
            return ActionRequestWithListAndFirstBlock(raw[2], refs, decode_block(raw, offset))
        if kind == _BLOCK:
            return ActionRequestWithBlock(raw[2], decode_block(raw, 3))
    except (IndexError, struct.error) as error:
        raise DecodeError("action-request ends too early") from error
    raise DecodeError(f"action-request choice {kind}")


def decode_action_response(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> ActionResponse:
    """Raises: DecodeError, LimitExceeded."""
    try:
        kind = raw[1]
        if raw[0] != tags.ACTION_RESPONSE:
            raise DecodeError(f"tag {raw[0]:#04x} is no action-response")
        if kind == _NORMAL:
            if len(raw) == _SHORT_RESPONSE_OCTETS:
                return ActionResponseNormal(raw[2], ActionResult(raw[3]), short=True)
            answer, end = _decode_return(raw, 3, Decoder(raw, limits))
            expect_end(raw, end, "action-response-normal")
            return ActionResponseNormal(raw[2], answer.result, answer.data)
        if kind == _RESPONSE_BLOCK:
            return ActionResponseWithBlock(raw[2], decode_block(raw, 3))
        if kind == _WITH_LIST:
            return ActionResponseWithList(raw[2], _decode_returns(raw, 3, limits))
        if kind == _RESPONSE_NEXT_BLOCK:
            return ActionResponseNextBlock(raw[2], decode_number(raw, 3, "action-response-next-pblock"))
    except (IndexError, struct.error) as error:
        raise DecodeError("action-response ends too early") from error
    raise DecodeError(f"action-response choice {kind}")


def parameters_of(values: tuple[Data, ...]) -> tuple[Data | None, ...]:
    """Parameters of a list of methods: null-data stands for none."""
    return tuple(None if value == NULL else value for value in values)


def _encode_refs(refs: tuple[MethodRef, ...]) -> bytes:
    return encode_length(len(refs)) + b"".join(encode_descriptor(*ref) for ref in refs)


def _decode_refs(raw: bytes, offset: int) -> tuple[tuple[MethodRef, ...], int]:
    count, offset = decode_length(raw, offset)
    end = offset + count * DESCRIPTOR.size
    if end > len(raw):
        raise DecodeError(f"list of {count} methods in {len(raw) - offset} octets")
    starts = range(offset, end, DESCRIPTOR.size)
    return tuple(MethodRef(*DESCRIPTOR.unpack_from(raw, start)) for start in starts), end


def _decode_normal(raw: bytes, limits: DataLimits) -> ActionRequestNormal:
    ref = MethodRef(*DESCRIPTOR.unpack_from(raw, 3))
    offset = 3 + DESCRIPTOR.size
    data: Data | None = None
    present = raw[offset]
    offset += 1
    if present == 1:
        data, offset = Decoder(raw, limits).value(offset)
    elif present != 0:
        raise DecodeError(f"parameter flag {present:#04x}")
    expect_end(raw, offset, "action-request-normal")
    return ActionRequestNormal(raw[2], ref, data)


def _decode_return(raw: bytes, offset: int, decoder: Decoder) -> tuple[ActionReturn, int]:
    result, present = ActionResult(raw[offset]), raw[offset + 1]
    offset += 2
    if present == 0:
        return ActionReturn(result), offset
    if present != 1:
        raise DecodeError(f"return parameter flag {present:#04x}")
    data, offset = decode_read_result(raw, offset, decoder)
    return ActionReturn(result, data), offset


def _decode_returns(raw: bytes, offset: int, limits: DataLimits) -> tuple[ActionReturn, ...]:
    count, offset = decode_length(raw, offset)
    if count * 2 > len(raw) - offset:
        raise DecodeError(f"list of {count} results in {len(raw) - offset} octets")
    decoder = Decoder(raw, limits)
    answers: list[ActionReturn] = []
    for _ in range(count):
        answer, offset = _decode_return(raw, offset, decoder)
        answers.append(answer)
    expect_end(raw, offset, "the results")
    return tuple(answers)
