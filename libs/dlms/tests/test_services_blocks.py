"""SET and ACTION in blocks, ACTION with-list: both roles against each other, and what either makes of a wrong block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    ActionRequestNextBlock,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResult,
    ActionReturn,
    Conformance,
    DataAccessResult,
    DataBlock,
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseNormal,
    SetResponseWithList,
    decode_action_response,
    decode_set_response,
    encode_return,
)
from meterstream.dlms.client import (
    ActionAnswer,
    ActionListAnswer,
    ActionListRefused,
    Level,
    ListRefused,
    Phase,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, array, encode, octet_string, unsigned
from meterstream.dlms.errors import DlmsError, EncodeError, ExceptionResponse, PduTooLarge, UnexpectedAnswer
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.meter import Habits, MeterAssociation, TransferLimits

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
OTHER = MethodRef(3, LogicalName.parse("1.0.2.8.0.255"), 1)
LONG = array(unsigned(number & 0xFF) for number in range(700))
RETURNED = octet_string(bytes(range(256)) * 3)
LEVELS = [Level.NONE, Level.LLS, Level.HLS5_GMAC]
PDU_SIZES = [60, 61, 64, 100, 127, 128, 255, 256, 300, 1400]

Pairs = Callable[..., Any]


def largest(frames: list[bytes]) -> int:
    return max(len(frame) - HEADER.size for frame in frames)


# Values arrive whole at every PDU size, and no APDU is above it


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", PDU_SIZES)
def test_set_in_blocks(associated: Pairs, level: Level, size: int) -> None:
    pair = associated(level, Habits(max_receive_pdu=size))
    sent = len(pair.frames)
    assert pair.exchange(pair.client.set(CLOCK, LONG)) == SetAnswer(DataAccessResult.SUCCESS)
    assert pair.application.values[CLOCK] == LONG
    assert pair.client.phase is Phase.READY
    assert largest(pair.frames[sent::2]) <= size
    assert largest(pair.frames[sent:-2:2]) >= size - 3, "blocks are as large as they may be"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", PDU_SIZES)
def test_set_list_in_blocks(associated: Pairs, level: Level, size: int) -> None:
    pair = associated(level, Habits(max_receive_pdu=max(size, 80)))
    items = [(CLOCK, LONG), (UNKNOWN, RETURNED), (PROFILE, LONG)]
    success, denied = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
    assert pair.exchange(pair.client.set_list(items)) == SetListAnswer((success, denied, success))
    assert pair.application.values[CLOCK] == pair.application.values[PROFILE] == LONG


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", PDU_SIZES)
def test_action_in_blocks_both_ways(associated: Pairs, level: Level, size: int) -> None:
    pair = associated(level, Habits(max_receive_pdu=size, max_send_pdu=size))
    pair.application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    sent = len(pair.frames)
    assert pair.exchange(pair.client.action(RESET, LONG)) == ActionAnswer(ActionResult.SUCCESS, RETURNED)
    assert pair.application.calls[-1][2:] == (RESET, LONG)
    assert largest(pair.frames[sent:]) <= size


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [*PDU_SIZES, 65535])
def test_action_list(associated: Pairs, level: Level, size: int) -> None:
    pair = associated(level, Habits(max_receive_pdu=max(size, 80), max_send_pdu=size))
    pair.application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    calls = [(RESET, LONG), (OTHER, None), (RESET, None)]
    expected = (
        ActionReturn(ActionResult.SUCCESS, RETURNED),
        ActionReturn(ActionResult.OBJECT_UNDEFINED),
        ActionReturn(ActionResult.SUCCESS, RETURNED),
    )
    assert pair.exchange(pair.client.action_list(calls)) == ActionListAnswer(expected)
    assert [call[2:] for call in pair.application.calls] == calls


def test_action_without_parameters_returns_in_blocks(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_send_pdu=100))
    pair.application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    assert pair.exchange(pair.client.action(RESET)) == ActionAnswer(ActionResult.SUCCESS, RETURNED)


def test_lists_refused_as_a_whole(associated: Pairs) -> None:
    pair = associated(Level.NONE, Habits(max_list=1, max_receive_pdu=100))
    violated = ActionResult.SCOPE_OF_ACCESS_VIOLATED
    for data in (None, LONG):
        assert pair.exchange(pair.client.action_list([(RESET, data)] * 2)) == ActionListRefused(violated)
    refused = ListRefused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    assert pair.exchange(pair.client.set_list([(CLOCK, LONG)] * 2)) == refused
    assert not pair.application.calls


def test_empty_lists_are_refused(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    with pytest.raises(EncodeError):
        pair.client.action_list([])


# Not negotiated, or no room


@pytest.mark.parametrize(
    ("bit", "request_of"),
    [
        (Conformance.BLOCK_TRANSFER_SET, lambda client: client.set(CLOCK, LONG)),
        (Conformance.BLOCK_TRANSFER_SET, lambda client: client.set_list([(CLOCK, LONG)])),
        (Conformance.BLOCK_TRANSFER_ACTION, lambda client: client.action(RESET, LONG)),
        (Conformance.BLOCK_TRANSFER_ACTION, lambda client: client.action_list([(RESET, LONG)])),
    ],
)
def test_without_block_transfer_no_counter_is_used(
    associated: Pairs, bit: Conformance, request_of: Callable[[Any], bytes]
) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_receive_pdu=100, conformance=DEFAULT_CONFORMANCE & ~bit))
    before = pair.client.sent_apdus
    with pytest.raises(PduTooLarge):
        request_of(pair.client)
    assert (pair.client.sent_apdus, pair.client.phase) == (before, Phase.READY)


@pytest.mark.parametrize("level", LEVELS)
def test_a_pdu_too_small_for_any_block(associated: Pairs, level: Level) -> None:
    # pass 3 of HLS 5 has to fit before; a list of many attributes leaves no octet for their values
    pair = associated(level, Habits(max_receive_pdu=80))
    before = pair.client.sent_apdus
    with pytest.raises(PduTooLarge):
        pair.client.set_list([(CLOCK, unsigned(1))] * 20)
    assert (pair.client.sent_apdus, pair.client.phase) == (before, Phase.READY)


@pytest.mark.parametrize(
    ("bit", "request_"),
    [
        (Conformance.BLOCK_TRANSFER_SET, SetRequestWithFirstDataBlock(0x41, CLOCK, DataBlock(False, 1, b"\x09"))),
        (Conformance.BLOCK_TRANSFER_ACTION, ActionRequestWithFirstBlock(0x41, RESET, DataBlock(False, 1, b"\x09"))),
    ],
)
def test_meter_does_not_serve_what_it_did_not_grant(associated: Pairs, bit: Conformance, request_: Any) -> None:
    pair = associated(Level.NONE, Habits(conformance=DEFAULT_CONFORMANCE & ~bit))
    assert pair.meter.receive(wrap(16, 1, request_.encode())) == wrap(1, 16, bytes.fromhex("D80102"))


# What the meter answers to wrong blocks


def bounded(pair_of: Pairs, limits: TransferLimits) -> Any:
    """An open association without ciphering, whose meter has other limits."""
    pair = pair_of(Level.NONE)
    pair.meter = MeterAssociation(pair.application, pair.security, transfer_limits=limits)
    pair.exchange(pair.client.associate())
    return pair


def ask(meter: MeterAssociation, request: Any) -> Any:
    answer = meter.receive(wrap(16, 1, request.encode()))[HEADER.size :]
    return (decode_set_response if answer[0] == 0xC5 else decode_action_response)(answer)


def first_set(raw: bytes = b"\x09\x05", *, last: bool = False) -> SetRequestWithFirstDataBlock:
    return SetRequestWithFirstDataBlock(0x41, CLOCK, DataBlock(last, 1, raw))


def next_set(number: int, raw: bytes = b"ab", *, last: bool = False, invoke: int = 0x41) -> SetRequestWithDataBlock:
    return SetRequestWithDataBlock(invoke, DataBlock(last, number, raw))


def next_action(number: int, raw: bytes = b"ab", *, last: bool = False, invoke: int = 0x41) -> ActionRequestWithBlock:
    return ActionRequestWithBlock(invoke, DataBlock(last, number, raw))


def first_action(raw: bytes = b"\x09\x05") -> ActionRequestWithFirstBlock:
    return ActionRequestWithFirstBlock(0x41, RESET, DataBlock(False, 1, raw))


@pytest.mark.parametrize(
    ("block", "result"),
    [
        (next_set(1), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (next_set(3), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (next_set(0xFFFF_FFFF), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (next_set(2, b""), DataAccessResult.DATA_BLOCK_UNAVAILABLE),
        (next_set(2, invoke=0x42), DataAccessResult.LONG_SET_ABORTED),
        (next_set(2, bytes(60)), DataAccessResult.LONG_SET_ABORTED),
    ],
)
def test_meter_ends_a_long_set(pair_of: Pairs, block: SetRequestWithDataBlock, result: DataAccessResult) -> None:
    pair = bounded(pair_of, TransferLimits(61, 3))
    meter = pair.meter
    assert ask(meter, first_set()) == SetResponseDataBlock(0x41, 1)
    assert ask(meter, block) == SetResponseLastDataBlock(block.invoke, result, block.block.number)
    again = ask(meter, next_set(2))
    assert again == SetResponseLastDataBlock(0x41, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 2)
    assert not pair.application.calls
    assert ask(meter, SetRequestNormal(0x43, CLOCK, unsigned(1))) == SetResponseNormal(0x43, DataAccessResult.SUCCESS)


@pytest.mark.parametrize(
    ("block", "result"),
    [
        (next_action(1), ActionResult.LONG_ACTION_ABORTED),
        (next_action(3), ActionResult.LONG_ACTION_ABORTED),
        (next_action(2, b""), ActionResult.DATA_BLOCK_UNAVAILABLE),
        (next_action(2, invoke=0x42), ActionResult.LONG_ACTION_ABORTED),
    ],
)
def test_meter_ends_a_long_action(associated: Pairs, block: ActionRequestWithBlock, result: ActionResult) -> None:
    pair = associated(Level.NONE)
    assert ask(pair.meter, first_action()) == ActionResponseNextBlock(0x41, 1)
    assert ask(pair.meter, block) == ActionResponseNormal(block.invoke, result)
    none = ActionResult.NO_LONG_ACTION_IN_PROGRESS
    assert ask(pair.meter, next_action(2)) == ActionResponseNormal(0x41, none)
    assert ask(pair.meter, ActionRequestNextBlock(0x41, 1)) == ActionResponseNormal(0x41, none)
    assert not pair.application.calls


def test_meter_bounds_the_number_of_blocks(pair_of: Pairs) -> None:
    pair = bounded(pair_of, TransferLimits(1000, 3))
    assert ask(pair.meter, first_set()) == SetResponseDataBlock(0x41, 1)
    assert ask(pair.meter, next_set(2)) == SetResponseDataBlock(0x41, 2)
    assert ask(pair.meter, next_set(3)) == SetResponseDataBlock(0x41, 3)
    aborted = SetResponseLastDataBlock(0x41, DataAccessResult.LONG_SET_ABORTED, 4)
    assert ask(pair.meter, next_set(4)) == aborted


@pytest.mark.parametrize("request_", [first_set(), SetRequestNormal(0x41, CLOCK, unsigned(1)), first_action()])
def test_another_request_in_a_transfer_is_out_of_turn(associated: Pairs, request_: Any) -> None:
    pair = associated(Level.NONE)
    ask(pair.meter, first_set())
    assert pair.meter.receive(wrap(16, 1, request_.encode())) == b""
    assert pair.meter.closed
    assert pair.meter.close_cause is not None
    assert pair.meter.close_cause.code == "REQUEST_OUT_OF_TURN"


def test_a_long_set_that_is_no_value(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    assert ask(pair.meter, first_set(b"\x09\x05")) == SetResponseDataBlock(0x41, 1)
    answer = pair.meter.receive(wrap(16, 1, next_set(2, b"ab", last=True).encode()))
    assert answer == wrap(1, 16, bytes.fromhex("D80102"))
    again = ask(pair.meter, next_set(3))
    assert again == SetResponseLastDataBlock(0x41, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 3)


# What the client makes of wrong answers


def set_halfway(pair: Any) -> None:
    pair.client.set(CLOCK, LONG)


def action_halfway(pair: Any) -> None:
    pair.client.action(RESET, LONG)


INVOKE = 0x41


@pytest.mark.parametrize(
    ("begin", "answer"),
    [
        (set_halfway, SetResponseDataBlock(INVOKE, 2)),
        (set_halfway, SetResponseDataBlock(INVOKE, 0)),
        (set_halfway, SetResponseDataBlock(INVOKE + 1, 1)),
        (set_halfway, SetResponseNormal(INVOKE, DataAccessResult.SUCCESS)),
        (set_halfway, SetResponseLastDataBlock(INVOKE, DataAccessResult.SUCCESS, 1)),
        (set_halfway, SetResponseWithList(INVOKE, (DataAccessResult.SUCCESS,))),
        (action_halfway, ActionResponseNextBlock(INVOKE, 2)),
        (action_halfway, ActionResponseNormal(INVOKE, ActionResult.SUCCESS)),
        (action_halfway, ActionResponseWithBlock(INVOKE, DataBlock(False, 1, b"ab"))),
    ],
)
def test_client_refuses_answers_out_of_turn(associated: Pairs, begin: Callable[[Any], None], answer: Any) -> None:
    pair = associated(Level.NONE, Habits(max_receive_pdu=100))
    begin(pair)
    with pytest.raises(UnexpectedAnswer):
        pair.client.receive(wrap(1, 16, answer.encode()))
    assert pair.client.phase is Phase.FAILED


def test_client_refuses_a_block_that_is_not_asked(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    pair.client.set(CLOCK, unsigned(1))
    with pytest.raises(UnexpectedAnswer):
        pair.client.receive(wrap(1, 16, SetResponseDataBlock(INVOKE, 1).encode()))


def test_refusals_end_the_exchange_only(associated: Pairs) -> None:
    pair = associated(Level.NONE, Habits(max_receive_pdu=100))
    pair.client.set(CLOCK, LONG)
    refused = SetResponseLastDataBlock(INVOKE, DataAccessResult.LONG_SET_ABORTED, 1)
    assert pair.client.receive(wrap(1, 16, refused.encode())) == SetAnswer(DataAccessResult.LONG_SET_ABORTED)
    pair.client.action(RESET, LONG)
    refusal = ActionResponseNormal(INVOKE + 1, ActionResult.LONG_ACTION_ABORTED)
    assert pair.client.receive(wrap(1, 16, refusal.encode())) == ActionAnswer(ActionResult.LONG_ACTION_ABORTED)
    assert pair.client.phase is Phase.READY


def test_exception_in_a_transfer_ends_the_association(associated: Pairs) -> None:
    pair = associated(Level.NONE, Habits(max_receive_pdu=100))
    pair.client.set(CLOCK, LONG)
    with pytest.raises(ExceptionResponse):
        pair.client.receive(wrap(1, 16, bytes.fromhex("D80101")))
    assert pair.client.phase is Phase.FAILED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (encode_return(ActionReturn(ActionResult.SUCCESS, RETURNED)), ActionAnswer(ActionResult.SUCCESS, RETURNED)),
        (encode_return(ActionReturn(ActionResult.HARDWARE_FAULT)), ActionAnswer(ActionResult.HARDWARE_FAULT)),
        (encode(RETURNED), ActionAnswer(ActionResult.SUCCESS, RETURNED)),
        (encode(LONG), ActionAnswer(ActionResult.SUCCESS, LONG)),
    ],
    ids=["result and data", "result", "octet-string alone", "array alone"],
)
def test_forms_of_a_long_answer_to_a_method(associated: Pairs, raw: bytes, expected: ActionAnswer) -> None:
    pair = associated(Level.NONE)
    pair.client.action(RESET)
    half = max(len(raw) // 2, 1)
    pair.client.receive(wrap(1, 16, ActionResponseWithBlock(INVOKE, DataBlock(False, 1, raw[:half])).encode()))
    last = ActionResponseWithBlock(INVOKE, DataBlock(True, 2, raw[half:]))
    assert pair.client.receive(wrap(1, 16, last.encode())) == expected


@pytest.mark.parametrize("raw", [b"", b"\x00\x02", b"\x00\x01\x00", b"\x09\x05ab", b"\x00\x00\x00"])
def test_a_long_answer_that_is_none(associated: Pairs, raw: bytes) -> None:
    pair = associated(Level.NONE)
    pair.client.action(RESET)
    with pytest.raises(DlmsError):
        pair.client.receive(wrap(1, 16, ActionResponseWithBlock(INVOKE, DataBlock(True, 1, raw)).encode()))
    assert pair.client.phase is Phase.FAILED
