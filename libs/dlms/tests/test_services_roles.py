"""General blocks, ACCESS, notifications and checked releases: both roles against each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    AccessAction,
    AccessGet,
    AccessSet,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    EventNotificationRequest,
    GeneralBlock,
    decode_general_block,
)
from meterstream.dlms.client import (
    AccessAnswer,
    AccessOutcome,
    ActionAnswer,
    AnswerLimits,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    GetListAnswer,
    Level,
    Notification,
    Phase,
    Released,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import (
    BY_ENTRY,
    AttributeRef,
    LogicalName,
    MethodRef,
    Selection,
    array,
    entry_descriptor,
    octet_string,
    unsigned,
)
from meterstream.dlms.errors import (
    AssociationStateError,
    ConfigurationError,
    DecipherError,
    DlmsError,
    EncodeError,
    ExceptionResponse,
    PduTooLarge,
    ReplayError,
    TransferAborted,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import HEADER, BareFraming, frames_in, wrap
from meterstream.dlms.framing.datagram import DatagramFraming
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.transfer import GeneralLimits

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
LONG = array(unsigned(number & 0xFF) for number in range(700))
RETURNED = octet_string(bytes(range(256)) * 3)
LEVELS = [Level.NONE, Level.LLS, Level.HLS5_GMAC]

SERVICE_BLOCKS = Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION
GENERAL = DEFAULT_CONFORMANCE & ~SERVICE_BLOCKS | Conformance.GENERAL_BLOCK_TRANSFER | Conformance.ACCESS
BOTH = DEFAULT_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER

Pairs = Callable[..., Any]


def general_pair(associated: Pairs, level: Level, size: int = 128, window: int = 4, **habits: Any) -> Any:
    """Both roles with general blocks and no others, each taking APDUs of `size` octets."""
    conformance = habits.pop("conformance", GENERAL)
    pair = associated(
        level,
        Habits(max_receive_pdu=size, max_send_pdu=size, conformance=conformance, **habits),
        conformance=conformance,
        limits=AnswerLimits(general=GeneralLimits(window=window)),
    )
    pair.frames.clear()
    return pair


def exchange(pair: Any, frame: bytes) -> Any:
    """As Pair.exchange for frames in a row; when nothing comes back the client asks again."""
    for _ in range(5_000):
        pair.frames.append(frame)
        answer = pair.meter.receive(frame)
        pair.frames.append(answer)
        event = pair.client.receive(answer) if answer else None
        if event is None:
            again = pair.client.ask_again()
            assert again is not None
            frame = again
        elif isinstance(event, Continue):
            frame = event.frame
        else:
            return event
    raise AssertionError("it does not end")


def apdus(frames: list[bytes]) -> list[bytes]:
    return [apdu for frame in frames for _, _, apdu in frames_in(frame)]


# General blocks


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [64, 127, 128, 300])
@pytest.mark.parametrize("window", [1, 5])
def test_every_service_in_general_blocks(associated: Pairs, level: Level, size: int, window: int) -> None:
    pair = general_pair(associated, level, size, window)
    application = pair.application
    application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    client = pair.client
    profile = application.values[PROFILE]
    assert exchange(pair, client.get(PROFILE)) == GetAnswer(profile)
    assert exchange(pair, client.get_list([(PROFILE, None)] * 4)) == GetListAnswer((profile,) * 4)
    assert exchange(pair, client.set(CLOCK, LONG)) == SetAnswer(DataAccessResult.SUCCESS)
    assert application.values[CLOCK] == LONG
    success = DataAccessResult.SUCCESS
    assert exchange(pair, client.set_list([(CLOCK, RETURNED), (PROFILE, LONG)])) == SetListAnswer((success, success))
    assert application.values[CLOCK] == RETURNED
    assert exchange(pair, client.action(RESET, LONG)) == ActionAnswer(ActionResult.SUCCESS, RETURNED)
    assert exchange(pair, client.get(UNKNOWN)) == GetAnswer(DataAccessResult.OBJECT_UNDEFINED)
    assert max(map(len, apdus(pair.frames))) <= size
    assert pair.client.phase is Phase.READY
    assert exchange(pair, client.release()) == Released()


def test_selective_access_in_a_list_in_general_blocks(associated: Pairs) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC, 64)
    selection = Selection(BY_ENTRY, entry_descriptor(1, 2))
    items = [(PROFILE, selection)] * 3
    assert isinstance(exchange(pair, pair.client.get_list(items)), GetListAnswer)
    assert [call[3] for call in pair.application.calls] == [selection] * 3


def test_service_blocks_go_first(associated: Pairs) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC, conformance=BOTH)
    assert exchange(pair, pair.client.set(CLOCK, LONG)) == SetAnswer(DataAccessResult.SUCCESS)
    assert exchange(pair, pair.client.get(PROFILE)) == GetAnswer(pair.application.values[PROFILE])
    assert {apdu[0] for apdu in apdus(pair.frames)} == {0xC9, 0xCD, 0xC8, 0xCC}


def test_a_request_that_is_too_long_for_its_own_blocks(associated: Pairs) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC, conformance=BOTH)
    answer = exchange(pair, pair.client.get_list([(CLOCK, None)] * 20))
    assert answer == GetListAnswer((pair.application.values[CLOCK],) * 20)


@pytest.mark.parametrize("lost", [{1}, {2}, {3}, {5}, {2, 3}, {4, 5, 6, 7}, set(range(1, 30))])
def test_a_meter_that_loses_blocks(associated: Pairs, lost: set[int]) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC, 100, lose_general_blocks=frozenset(lost))
    assert exchange(pair, pair.client.set(CLOCK, LONG)) == SetAnswer(DataAccessResult.SUCCESS)
    assert exchange(pair, pair.client.set(CLOCK, RETURNED)) == SetAnswer(DataAccessResult.SUCCESS)
    assert pair.application.values[CLOCK] == RETURNED


def test_each_request_is_carried_out_once_whatever_is_lost(associated: Pairs) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC, 100, lose_general_blocks=frozenset(range(1, 40)))
    pair.application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    assert exchange(pair, pair.client.action(RESET, LONG)) == ActionAnswer(ActionResult.SUCCESS, RETURNED)
    assert len(pair.application.calls) == 1


def test_too_long_for_the_limits_costs_nothing(associated: Pairs) -> None:
    pair = general_pair(associated, Level.HLS5_GMAC)
    before = pair.client.sent_apdus
    with pytest.raises(PduTooLarge):
        pair.client.set(CLOCK, octet_string(bytes(4 * 1024 * 1024)))
    assert (pair.client.sent_apdus, pair.client.phase) == (before, Phase.READY)
    assert exchange(pair, pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])


def test_without_general_blocks_nothing_is_asked_again(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    pair.client.get(CLOCK)
    assert pair.client.ask_again() is None


def test_asking_again_ends(associated: Pairs) -> None:
    pair = general_pair(associated, Level.NONE)
    pair.client.set(CLOCK, LONG)
    asked = [pair.client.ask_again() for _ in range(8)]
    assert [frame is not None for frame in asked] == [True] * 5 + [False] * 3


def test_the_meter_aborts_what_cannot_be(associated: Pairs) -> None:
    pair = general_pair(associated, Level.NONE)
    wrong = GeneralBlock(last=False, streaming=False, window=1, number=1, acknowledged=9, data=b"x")
    (answer,) = apdus([pair.meter.receive(wrap(16, 1, wrong.encode()))])
    assert decode_general_block(answer).number == 0
    pair.client.set(CLOCK, LONG)
    with pytest.raises(TransferAborted):
        pair.client.receive(wrap(1, 16, answer))
    assert pair.client.phase is Phase.FAILED


def test_blocks_inside_blocks(associated: Pairs) -> None:
    pair = general_pair(associated, Level.NONE)
    pair.client.get(CLOCK)
    inner = GeneralBlock(True, False, 1, 1, 0, b"\xe0").encode()
    with pytest.raises(UnexpectedAnswer):
        pair.client.receive(wrap(1, 16, GeneralBlock(True, False, 1, 1, 0, inner).encode()))


def test_a_block_that_nobody_negotiated(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    block = GeneralBlock(True, False, 1, 1, 0, b"\xc0").encode()
    assert pair.meter.receive(wrap(16, 1, block)) == wrap(1, 16, bytes.fromhex("D80102"))
    pair.client.get(CLOCK)
    with pytest.raises(DlmsError):
        pair.client.receive(wrap(1, 16, block))


@pytest.mark.parametrize("framing", [BareFraming, DatagramFraming])
def test_lines_that_take_one_frame_at_a_time(framing: Any) -> None:
    """Stop-and-wait both ways: every answer is one frame, every request too."""
    size = {BareFraming: 0, DatagramFraming: HEADER.size}[framing]
    objects = {"value": LONG}

    class Objects:
        def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Any:
            return objects["value"]

        def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Any) -> DataAccessResult:
            objects["value"] = data
            return DataAccessResult.SUCCESS

        def action(self, client_sap: int, ref: MethodRef, data: Any) -> Any:
            return ActionResult.SUCCESS, None

    habits = Habits(max_receive_pdu=100, max_send_pdu=100, conformance=GENERAL)
    security = MeterSecurity(b"MMM45678", {16: ClientAccess(Level.NONE)}, bytes)
    own, other = (framing(16, 1), framing(1, 16)) if framing is BareFraming else (framing(), framing())
    meter = MeterAssociation(Objects(), security, habits, framing=own)
    config = AssociationConfig(Level.NONE, client_sap=16, conformance=GENERAL)
    client = ClientAssociation(config, int, framing=other)
    for request in (client.associate, lambda: client.set(CLOCK, RETURNED), lambda: client.get(CLOCK)):
        frame = request()
        while isinstance(event := client.receive(meter.receive(frame)), Continue):
            assert len(event.frame) <= size + 100
            frame = event.frame
    assert event == GetAnswer(RETURNED)


# ACCESS


ITEMS = [
    (AccessGet(CLOCK), None),
    (AccessSet(CLOCK), unsigned(5)),
    (AccessGet(UNKNOWN), None),
    (AccessAction(RESET), unsigned(1)),
    (AccessGet(CLOCK), None),
]


def outcomes(pair: Any) -> tuple[AccessOutcome, ...]:
    success, undefined = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
    return (
        AccessOutcome(success, pair.application.values[CLOCK]),
        AccessOutcome(success),
        AccessOutcome(undefined),
        AccessOutcome(ActionResult.SUCCESS, RETURNED),
        AccessOutcome(success, unsigned(5)),
    )


@pytest.mark.parametrize("size", [100, 65535])
def test_access(associated: Pairs, size: int) -> None:
    pair = general_pair(associated, Level.NONE, size)
    pair.application.action_results[RESET] = ActionResult.SUCCESS, RETURNED
    expected = outcomes(pair)
    assert exchange(pair, pair.client.access(ITEMS)) == AccessAnswer(expected)
    assert exchange(pair, pair.client.get(CLOCK)) == GetAnswer(unsigned(5))


def test_access_breaks_on_the_first_error(associated: Pairs) -> None:
    pair = general_pair(associated, Level.NONE)
    expected = outcomes(pair)
    answer = exchange(pair, pair.client.access(ITEMS, break_on_error=True))
    other = AccessOutcome(DataAccessResult.OTHER_REASON)
    assert answer.outcomes == (*expected[:3], AccessOutcome(ActionResult.OTHER_REASON), other)
    assert [call[0] for call in pair.application.calls] == ["get", "set", "get"]


def test_access_that_is_not_granted(associated: Pairs) -> None:
    pair = associated(Level.NONE)
    with pytest.raises(ExceptionResponse):
        pair.exchange(pair.client.access(ITEMS))
    with pytest.raises(EncodeError):
        pair.client.access([])


def test_access_has_no_service_specific_ciphering(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC)
    with pytest.raises(ConfigurationError):
        pair.client.access(ITEMS)
    assert pair.client.phase is Phase.READY


@pytest.mark.parametrize(
    "answer",
    [
        "DA40000002000001000101000100",  # another id
        "DA4000000100000200000201000100",  # two results
        "DA40000001000001000102 00",  # a SET where a GET was asked
    ],
)
def test_answers_to_another_access(associated: Pairs, answer: str) -> None:
    pair = associated(Level.NONE)
    pair.client.access([(AccessGet(CLOCK), None)])
    with pytest.raises(DlmsError):
        pair.client.receive(wrap(1, 16, bytes.fromhex(answer)))
    assert pair.client.phase is Phase.FAILED


# Notifications


PUSH = DataNotification(0x0000_0001, array([unsigned(7)]))
EVENT = EventNotificationRequest(CLOCK, unsigned(7))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("notification", [PUSH, EVENT], ids=["data", "event"])
def test_notifications_between_exchanges(associated: Pairs, level: Level, notification: Any) -> None:
    pair = associated(level)
    for _ in range(2):
        assert pair.client.receive(pair.meter.notify(notification)) is None
    assert pair.client.take_notifications() == (Notification(notification, protected=level.ciphered),) * 2
    assert pair.client.take_notifications() == ()
    assert pair.exchange(pair.client.get(CLOCK)) == GetAnswer(pair.application.values[CLOCK])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_notifications_beside_an_answer(associated: Pairs, level: Level, first: bool, step: int) -> None:
    pair = associated(level)
    for notification in (PUSH, EVENT):
        frame = pair.client.get(CLOCK)
        parts = [lambda n=notification: pair.meter.notify(n), lambda f=frame: pair.meter.receive(f)]
        octets = b"".join(part() for part in (parts if first else reversed(parts)))
        pieces = [octets[start : start + step] for start in range(0, len(octets), step)]
        events = [event for piece in pieces if (event := pair.client.receive(piece)) is not None]
        assert events == [GetAnswer(pair.application.values[CLOCK])]
        assert pair.client.take_notifications() == (Notification(notification, protected=level.ciphered),)


def test_notifications_in_a_block_transfer(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC, Habits(max_send_pdu=128))
    frame = pair.client.get(PROFILE)
    while True:
        event = pair.client.receive(pair.meter.notify(PUSH) + pair.meter.receive(frame))
        if not isinstance(event, Continue):
            break
        frame = event.frame
    assert event == GetAnswer(pair.application.values[PROFILE])
    assert set(pair.client.take_notifications()) == {Notification(PUSH, protected=True)}


def test_plain_notifications_in_a_ciphered_association_are_told_apart(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC)
    assert pair.client.receive(wrap(1, 1, PUSH.encode())) is None
    assert pair.client.take_notifications() == (Notification(PUSH, protected=False),)


def test_notifications_that_wait_are_bounded(associated: Pairs) -> None:
    pair = associated(Level.NONE, limits=AnswerLimits(max_notifications=3))
    for _ in range(5):
        pair.client.receive(wrap(1, 16, PUSH.encode()))
    assert len(pair.client.take_notifications()) == 3
    assert pair.client.missed_notifications == 2
    assert pair.client.phase is Phase.READY


def test_a_ciphered_notification_twice_is_a_replay(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC)
    frame = pair.meter.notify(PUSH)
    pair.client.receive(frame)
    with pytest.raises(ReplayError):
        pair.client.receive(frame)
    assert pair.client.phase is Phase.FAILED


@pytest.mark.parametrize("notification", [PUSH, EVENT], ids=["data", "event"])
def test_a_forged_notification_ends_the_association(associated: Pairs, notification: Any) -> None:
    pair = associated(Level.HLS5_GMAC)
    frame = bytearray(pair.meter.notify(notification))
    frame[-1] ^= 1
    with pytest.raises(DecipherError):
        pair.client.receive(bytes(frame))


def test_a_meter_notifies_in_an_open_association_only(pair_of: Pairs, associated: Pairs) -> None:
    with pytest.raises(AssociationStateError):
        pair_of(Level.NONE).meter.notify(PUSH)
    pair = associated(Level.NONE, Habits(max_send_pdu=20))
    with pytest.raises(PduTooLarge):
        pair.meter.notify(DataNotification(1, LONG))


# Release


@pytest.mark.parametrize("level", LEVELS)
def test_checked_release(associated: Pairs, level: Level) -> None:
    pair = associated(level)
    event = pair.exchange(pair.client.release(checked=True))
    assert isinstance(event, Released)
    assert event.information is not None
    assert pair.client.phase is Phase.RELEASED


@pytest.mark.parametrize("level", [Level.LLS, Level.HLS5_GMAC])
def test_a_release_that_somebody_else_answers(associated: Pairs, level: Level) -> None:
    pair = associated(level)
    pair.client.release(checked=True)
    with pytest.raises(UnexpectedAnswer):
        pair.client.receive(wrap(1, 1, bytes.fromhex("6303800100")))
    pair = associated(level)
    frame = bytearray(pair.meter.receive(pair.client.release(checked=True)))
    frame[-1] ^= 1
    with pytest.raises(DecipherError):
        pair.client.receive(bytes(frame))


def test_a_meter_checks_the_release(associated: Pairs) -> None:
    pair = associated(Level.HLS5_GMAC)
    frame = bytearray(pair.client.release(checked=True))
    frame[-1] ^= 1
    assert pair.meter.receive(bytes(frame)) == b""
    assert pair.meter.closed
