"""Client and meter joined in memory: every level and service, blocks, lists, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    ActionResult,
    Conformance,
    DataAccessResult,
    GetRequestNext,
    Selection,
)
from meterstream.dlms.client import (
    ActionAnswer,
    AnswerLimits,
    Associated,
    GetAnswer,
    GetListAnswer,
    Level,
    ListRefused,
    Phase,
    Released,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    DataLimits,
    LogicalName,
    MethodRef,
    entry_descriptor,
    integer,
    null,
    octet_string,
    range_descriptor,
    unsigned,
)
from meterstream.dlms.errors import (
    EncodeError,
    ExceptionResponse,
    LimitExceeded,
    PduTooLarge,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.meter import (
    DropLine,
    Habits,
)

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
LEVELS = list(Level)
CIPHERED = [Level.LLS, Level.HLS5_GMAC]
SMALL = Habits(max_send_pdu=128)

Pairs = Callable[..., Any]


def one_at_a_time(octets: bytes) -> Iterator[bytes]:
    return (octets[i : i + 1] for i in range(len(octets)))


def in_two(octets: bytes) -> Iterator[bytes]:
    yield octets[: len(octets) // 2]
    yield octets[len(octets) // 2 :]


# Services


@pytest.mark.parametrize("cut", [None, one_at_a_time, in_two], ids=["joined", "octet by octet", "cut in two"])
@pytest.mark.parametrize("level", LEVELS)
def test_every_service(pair_of: Pairs, level: Level, cut: Callable[[bytes], Iterator[bytes]] | None) -> None:
    pair = pair_of(level, SMALL)
    client, meter, objects = pair.client, pair.meter, pair.application
    objects.action_results[RESET] = ActionResult.SUCCESS, unsigned(7)
    assert pair.exchange(client.associate(), cut) == Associated()
    assert pair.exchange(client.get(CLOCK), cut) == GetAnswer(objects.values[CLOCK])
    assert pair.exchange(client.get(UNKNOWN), cut) == GetAnswer(DataAccessResult.OBJECT_UNDEFINED)
    assert pair.exchange(client.get(PROFILE), cut) == GetAnswer(objects.values[PROFILE])
    asked = [(CLOCK, None), (UNKNOWN, None), (PROFILE, None)]
    assert pair.exchange(client.get_list(asked), cut) == GetListAnswer(
        (objects.values[CLOCK], DataAccessResult.OBJECT_UNDEFINED, objects.values[PROFILE])
    )
    assert pair.exchange(client.set(CLOCK, null()), cut) == SetAnswer(DataAccessResult.SUCCESS)
    assert objects.values[CLOCK] == null()
    assert pair.exchange(client.set_list([(CLOCK, unsigned(1)), (UNKNOWN, unsigned(2))]), cut) == SetListAnswer(
        (DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED)
    )
    assert pair.exchange(client.action(RESET, integer(0)), cut) == ActionAnswer(ActionResult.SUCCESS, unsigned(7))
    assert objects.calls[-1] == ("action", 1 if level.ciphered else 16, RESET, integer(0))
    assert pair.exchange(client.action(RESET._replace(method=2)), cut) == ActionAnswer(ActionResult.OBJECT_UNDEFINED)
    assert pair.exchange(client.release(), cut) == Released()
    assert meter.closed
    assert meter.close_cause is None


@pytest.mark.parametrize("level", LEVELS)
def test_selective_access_reaches_the_objects(associated: Pairs, level: Level) -> None:
    pair = associated(level)
    by_range = Selection(1, range_descriptor(CosemDateTime(2024, 7, 1), CosemDateTime(2024, 7, 2)))
    by_entry = Selection(2, entry_descriptor(1, 10))
    pair.exchange(pair.client.get(PROFILE, by_range))
    pair.exchange(pair.client.get_list([(PROFILE, by_entry), (CLOCK, None)]))
    pair.exchange(pair.client.set(PROFILE, null(), by_entry))
    asked = [call[2:4] for call in pair.application.calls]
    assert asked == [(PROFILE, by_range), (PROFILE, by_entry), (CLOCK, None), (PROFILE, by_entry)]


def test_invoke_ids_go_round(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    for _ in range(40):
        assert pair.exchange(pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])
    invokes = [frame[HEADER.size + 2] for frame in pair.frames[2::2]]
    assert invokes == [0x40 | (number & 0x0F) for number in range(1, 41)]


@pytest.mark.parametrize("level", CIPHERED)
def test_no_counter_is_used_twice(associated: Pairs, level: Level) -> None:
    pair = associated(level, SMALL)
    pair.exchange(pair.client.get(PROFILE))
    pair.exchange(pair.client.get(CLOCK))
    own = [int.from_bytes(f[HEADER.size + 3 : HEADER.size + 7], "big") for f in pair.frames[2::2]]
    assert len(set(own)) == len(own) > 10
    assert own == sorted(own)
    # AARQ and token of pass 3 have counters too, the RLRQ has none; with LLS the AARQ is plain.
    assert pair.access.last_client_counter == 12345 + pair.client.sent_apdus - (level is Level.LLS) * 2
    assert pair.client.last_received_counter == pair.security.next_counter - 1


# Blocks


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [13, 40, 127, 128, 129, 255, 256, 300, 1000, 5000])
def test_blocks_stay_below_the_pdu_of_both(pair_of: Pairs, level: Level, size: int) -> None:
    for habits, settings in ((Habits(max_send_pdu=size), {}), (Habits(), {"max_pdu": size})):
        pair = pair_of(level, habits, **settings)
        pair.exchange(pair.client.associate())
        opened = len(pair.frames)
        assert pair.exchange(pair.client.get(PROFILE)) == GetAnswer(pair.application.values[PROFILE])
        longest = max(len(frame) - HEADER.size for frame in pair.frames[opened + 1 :: 2])
        assert longest <= max(size, 13 + 24)


def test_answer_that_just_fits_needs_no_blocks(pair_of: Pairs) -> None:
    plain = 4 + 2 + 12  # head, octet-string of 12
    for size, frames in ((plain, 4), (plain - 1, 8)):
        pair = pair_of(Level.NONE, Habits(max_send_pdu=size))
        pair.exchange(pair.client.associate())
        pair.exchange(pair.client.get(CLOCK))
        assert len(pair.frames) == frames


def test_long_answer_without_block_transfer_is_refused(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_send_pdu=128, conformance=Conformance.GET | Conformance.ACTION))
    assert pair.client.negotiated == Conformance.GET | Conformance.ACTION
    with pytest.raises(ExceptionResponse) as caught:
        pair.exchange(pair.client.get(PROFILE))
    assert caught.value.service_error == 4
    assert pair.exchange(pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])


@pytest.mark.parametrize(
    "limits",
    [
        AnswerLimits(max_bytes=500),
        AnswerLimits(max_blocks=4),
        AnswerLimits(data=DataLimits(max_values=100)),
        AnswerLimits(data=DataLimits(max_depth=1)),
    ],
)
def test_answers_are_bounded(associated: Pairs, limits: AnswerLimits) -> None:
    pair = associated(Level.HLS5_GMAC, SMALL, limits=limits)
    with pytest.raises(LimitExceeded):
        pair.exchange(pair.client.get(PROFILE))
    assert pair.client.phase is Phase.FAILED


def test_wrong_next_block_ends_the_connection(associated: Pairs) -> None:
    pair = associated(Level.NONE, SMALL)
    pair.meter.receive(pair.client.get(PROFILE))
    assert pair.meter.receive(wrap(16, 1, GetRequestNext(0x41, 2).encode())) == b""
    assert pair.meter.closed
    assert pair.meter.close_cause is not None
    assert pair.meter.close_cause.code == "REQUEST_OUT_OF_TURN"


def test_next_block_of_nothing(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    answer = pair.meter.receive(wrap(16, 1, GetRequestNext(0x41, 5).encode()))
    assert answer == wrap(1, 16, bytes.fromhex("C402410100000005" + "01" + "10"))


def test_other_request_in_a_block_transfer_ends_the_connection(associated: Pairs) -> None:
    pair = associated(Level.NONE, SMALL)
    first = pair.meter.receive(pair.client.get(PROFILE))
    assert first
    assert pair.meter.receive(wrap(16, 1, bytes.fromhex("C00142000800000100" + "00FF0200"))) == b""
    assert pair.meter.closed


def test_line_dropped_in_a_block_transfer(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_send_pdu=128, close_in_block=3))
    with pytest.raises(AssertionError, match="said nothing"):
        pair.exchange(pair.client.get(PROFILE))
    assert pair.meter.closed
    assert isinstance(pair.meter.close_cause, DropLine)


# Lists


def test_list_longer_than_the_meter_takes(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_list=2))
    assert pair.exchange(pair.client.get_list([(CLOCK, None)] * 2)) == GetListAnswer(
        (pair.application.values[CLOCK],) * 2
    )
    refused = ListRefused(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    assert pair.exchange(pair.client.get_list([(CLOCK, None)] * 3)) == refused
    assert pair.exchange(pair.client.set_list([(CLOCK, null())] * 3)) == refused


def test_empty_list_is_not_sent(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    for request in (pair.client.get_list, pair.client.set_list):
        with pytest.raises(EncodeError):
            request([])
    assert pair.client.phase is Phase.READY


@pytest.mark.parametrize(
    ("request_of", "answer"),
    [
        (lambda c: c.get(CLOCK), "C4034102" + "0011010011" + "01"),
        (lambda c: c.get_list([(CLOCK, None)] * 2), "C40341010011" + "01"),
        (lambda c: c.get_list([(CLOCK, None)] * 2), "C40141001101"),
        (lambda c: c.get_list([(CLOCK, None)] * 2), "C4024101000000010003" + "010104"),
        (lambda c: c.set(CLOCK, null()), "C505410100"),
        (lambda c: c.set_list([(CLOCK, null())] * 2), "C505410100"),
        (lambda c: c.set_list([(CLOCK, null())] * 2), "C5014100"),
    ],
)
def test_number_of_results_must_be_the_number_asked(associated: Pairs, request_of: Any, answer: str) -> None:
    pair = associated(Level.NONE)
    request_of(pair.client)
    with pytest.raises(UnexpectedAnswer):
        pair.client.receive(wrap(1, 16, bytes.fromhex(answer)))


# Size of requests


@pytest.mark.parametrize("level", LEVELS)
def test_request_above_the_pdu_of_the_meter_costs_nothing(pair_of: Pairs, level: Level) -> None:
    overhead = 0 if not level.ciphered else 19
    fits = 100 - overhead - 13 - 2
    conformance = DEFAULT_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_SET
    pair = pair_of(level, Habits(max_receive_pdu=100, conformance=conformance))
    pair.exchange(pair.client.associate())
    before = pair.client.sent_apdus
    with pytest.raises(PduTooLarge):
        pair.client.set(CLOCK, octet_string(bytes(fits + 1)))
    assert (pair.client.sent_apdus, pair.client.phase) == (before, Phase.READY)
    assert pair.exchange(pair.client.set(CLOCK, octet_string(bytes(fits)))) == SetAnswer(DataAccessResult.SUCCESS)


def test_meter_refuses_a_request_above_its_pdu(associated: Pairs) -> None:
    pair = associated(Level.NONE, Habits(max_receive_pdu=20))
    answer = pair.meter.receive(wrap(16, 1, bytes.fromhex("C001410008000001") + bytes(40)))
    assert answer == wrap(1, 16, bytes.fromhex("D80104"))
