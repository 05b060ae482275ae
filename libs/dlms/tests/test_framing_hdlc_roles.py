"""Both roles over HDLC, joined in memory: services, sizes, secrets, ends of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    tags,
)
from meterstream.dlms.client import (
    ActionAnswer,
    AnswerLimits,
    Associated,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    Level,
    Phase,
    Released,
    SetAnswer,
)
from meterstream.dlms.client.hdlc import ClientStep, HdlcClient, HdlcClientEvent, Raised, Unsolicited
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, octet_string, unsigned
from meterstream.dlms.errors import (
    DecipherError,
    ExceptionResponse,
    HdlcDisconnected,
    HdlcNoAnswer,
    HdlcStateError,
)
from meterstream.dlms.framing import wrap
from meterstream.dlms.framing.hdlc import (
    Closed,
    Connected,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcFrame,
    HdlcLimits,
    HdlcParameters,
    HdlcPhase,
    HdlcReader,
    HdlcServerLink,
    Kind,
    control_octet,
)
from meterstream.dlms.meter import Habits, MeterAssociation, Reaction
from meterstream.dlms.meter.hdlc import HdlcMeter
from meterstream.dlms.transfer import GeneralLimits

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
SERVER = HdlcAddress(1, 17)
SMALL = Habits(max_send_pdu=300)
GENERAL = Conformance.GET | Conformance.SET | Conformance.GENERAL_BLOCK_TRANSFER
LEVELS = [Level.NONE, Level.LLS, Level.HLS5_GMAC]

Pairs = Callable[..., Any]
Cut = Callable[[bytes], Iterator[bytes]]


def whole(octets: bytes) -> Iterator[bytes]:
    if octets:
        yield octets


def one_at_a_time(octets: bytes) -> Iterator[bytes]:
    return (octets[i : i + 1] for i in range(len(octets)))


@dataclass
class Line:
    """Octets of one end reach the other; time passes when nothing else does."""

    pair: Any
    client: HdlcClient
    meter: HdlcMeter
    cut: Cut = whole
    now: float = 0.0
    sent: list[bytes] = field(default_factory=list)

    def exchange(self, octets: bytes) -> list[HdlcClientEvent]:
        """Events until both ends are quiet."""
        events: list[HdlcClientEvent] = []
        while octets or self.client.deadline is not None:
            if octets:
                self.sent.append(octets)
                answer = b"".join(self.meter.receive(piece, self.now) for piece in self.cut(octets))
                steps = [self.client.receive(piece, self.now) for piece in self.cut(answer)]
            else:
                assert self.client.deadline is not None
                self.now = self.client.deadline
                steps = [self.client.timed_out(self.now)]
            octets = b"".join(step.octets for step in steps)
            events += [event for step in steps for event in step.events]
        return events

    def ask(self, frame: bytes) -> HdlcClientEvent:
        """The event that ends an exchange."""
        events = self.exchange(self.client.send(frame, self.now))
        while isinstance(events[-1], Continue):
            events = self.exchange(self.client.send(events[-1].frame, self.now))
        assert len(events) == 1
        return events[0]

    def open(self) -> None:
        parameters = self.exchange(self.client.connect(self.now))
        assert isinstance(parameters[0], Connected)
        assert self.ask(self.client.association.associate()) == Associated()


@pytest.fixture(scope="session")
def line_of(pair_of: Pairs) -> Callable[..., Line]:
    """line_of(level, habits, information=, window=, cut=, **limits)."""

    def make(
        level: Level = Level.HLS5_GMAC,
        habits: Habits = SMALL,
        information: int = 128,
        window: int = 1,
        cut: Cut = whole,
        conformance: Conformance = DEFAULT_CONFORMANCE,
        client_limits: AnswerLimits | None = None,
        max_pdu: int = 0xFFFF,
        **limits: float,
    ) -> Line:
        bounds_of_answers = client_limits or AnswerLimits()
        pair = pair_of(level, habits, conformance=conformance, limits=bounds_of_answers, max_pdu=max_pdu)
        (sap,) = pair.security.clients
        parameters = HdlcParameters(information, information, window, window)
        bounds = HdlcLimits(**limits)  # type: ignore[arg-type]  # as the tests give them
        client = HdlcClient(pair.client, HdlcClientLink(sap, SERVER, parameters, bounds))
        meter = HdlcMeter(
            lambda: MeterAssociation(pair.application, pair.security, habits),
            HdlcServerLink(SERVER, parameters, bounds),
        )
        return Line(pair, client, meter, cut)

    return make


Lines = Callable[..., Line]


@pytest.mark.parametrize("cut", [whole, one_at_a_time])
@pytest.mark.parametrize(("information", "window"), [(32, 1), (32, 7), (128, 1), (128, 3), (2030, 7)])
@pytest.mark.parametrize("level", LEVELS)
def test_every_service(line_of: Lines, level: Level, information: int, window: int, cut: Cut) -> None:
    line = line_of(level, information=information, window=window, cut=cut)
    association, objects = line.client.association, line.pair.application
    objects.action_results[RESET] = ActionResult.SUCCESS, unsigned(7)
    line.open()
    assert line.ask(association.get(CLOCK)) == GetAnswer(objects.values[CLOCK])
    assert line.ask(association.get(PROFILE)) == GetAnswer(objects.values[PROFILE])
    long = octet_string(bytes(5_000))
    assert line.ask(association.set(CLOCK, long)) == SetAnswer(DataAccessResult.SUCCESS)
    assert objects.values[CLOCK] == long
    assert line.ask(association.action(RESET, unsigned(0))) == ActionAnswer(ActionResult.SUCCESS, unsigned(7))
    assert line.ask(association.release()) == Released()
    assert line.exchange(line.client.disconnect(line.now)) == [Closed()]
    assert line.client.link.counters.repeated == 0
    assert not line.meter.closed
    assert line.now == 0


def test_a_released_association_may_be_followed_by_another_one(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    line.ask(line.client.association.release())
    first = line.meter.association
    assert first is not None
    assert first.closed
    octets = ClientAssociation(line.pair.client._config, int).associate()
    assert line.meter.link.phase is HdlcPhase.CONNECTED
    link = line.client.link
    answer = line.meter.receive(link.send(octets[8:], line.now), line.now)
    assert link.receive(answer, line.now).events
    assert line.meter.association not in (None, first)
    assert not line.meter.closed


def test_snrm_begins_with_a_new_association(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    line.meter.receive(HdlcFrame(SERVER, HdlcAddress(16), 0x93).encode(), line.now)
    assert line.meter.association is None
    assert line.meter.link.phase is HdlcPhase.CONNECTED


def test_an_answer_after_the_end_of_its_connection_is_not_sent(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    request = line.client.send(line.client.association.get(CLOCK), line.now)
    snrm = HdlcFrame(SERVER, HdlcAddress(16), 0x93).encode()
    answer = line.meter.receive(request + snrm, line.now)
    assert [frame.kind for frame in HdlcReader().feed(answer)] == [Kind.UA]


def test_a_meter_that_says_nothing_passes_the_turn(line_of: Lines) -> None:
    line = line_of(Level.NONE, Habits(on_violation=Reaction.SILENCE), polls=3)
    line.exchange(line.client.connect(0))
    (event,) = line.exchange(line.client.send(wrap(16, 1, b"\xc0\x01\xc1" + bytes(10)), line.now))
    assert isinstance(event, Failed)
    assert isinstance(event.error, HdlcNoAnswer)
    assert line.client.link.counters.repeated == 0


def test_bad_security_ends_the_line_of_the_meter(line_of: Lines) -> None:
    line = line_of(Level.HLS5_GMAC)
    line.open()
    request = line.client.association.get(CLOCK)
    octets = line.client.send(request[:-1] + bytes([request[-1] ^ 1]), line.now)
    answer = line.meter.receive(octets, line.now)
    assert line.meter.closed
    assert isinstance(line.meter.close_cause, DecipherError)
    assert [frame.kind for frame in HdlcReader().feed(answer)] == [Kind.RR]
    assert line.meter.receive(octets, line.now) == b""
    assert line.meter.timed_out(1e9) == b""


def test_an_exception_response_ends_one_request(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    association = line.client.association
    association.get(CLOCK)
    (event,) = line.exchange(line.client.send(wrap(16, 1, b"\xd9\x01\xc1"), line.now))
    assert isinstance(event, Raised)
    assert isinstance(event.error, ExceptionResponse)
    assert association.phase is Phase.READY
    assert line.ask(association.get(CLOCK)) == GetAnswer(line.pair.application.values[CLOCK])


def test_a_server_that_forgot_the_connection(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    line.meter.link.receive(HdlcFrame(SERVER, HdlcAddress(16), control_octet(Kind.DISC, poll_final=True)).encode(), 0)
    (event,) = line.exchange(line.client.send(line.client.association.get(CLOCK), line.now))
    assert isinstance(event, Failed)
    assert isinstance(event.error, HdlcDisconnected)
    with pytest.raises(HdlcStateError):
        line.client.send(b"", line.now)


def ui_frame(apdu: bytes) -> bytes:
    return HdlcFrame(HdlcAddress(16), SERVER, 0x03, b"\xe6\xe7\x00" + apdu).encode()


def test_a_notification_comes_between(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    notification = DataNotification(7, unsigned(5))
    line.exchange(line.client.connect(0))
    step = line.client.receive(ui_frame(notification.encode()), line.now)
    assert step.events == (Unsolicited(notification.encode()),), "there is no association yet"
    assert line.ask(line.client.association.associate()) == Associated()
    assert line.client.receive(ui_frame(b"\xdb\x01"), line.now).events == (Unsolicited(b"\xdb\x01"),)
    assert line.client.receive(ui_frame(notification.encode()), line.now).events == ()
    octets = line.client.send(line.client.association.get(CLOCK), line.now)
    assert line.client.receive(ui_frame(notification.encode()), line.now) == ClientStep(b"", ())
    assert line.exchange(octets) == [GetAnswer(line.pair.application.values[CLOCK])]
    assert [item.apdu for item in line.client.association.take_notifications()] == [notification] * 2
    (event,) = line.client.receive(ui_frame(b"\x0f\x00"), line.now).events
    assert isinstance(event, Raised)
    assert line.client.association.phase is Phase.FAILED


@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
def test_general_blocks_both_ways(line_of: Lines, level: Level, window: int) -> None:
    """What HDLC carries in segments is one of many blocks."""
    habits = Habits(conformance=GENERAL, max_send_pdu=200, max_receive_pdu=200)
    limits = AnswerLimits(general=GeneralLimits(window=window))
    line = line_of(level, habits, window=3, conformance=GENERAL, client_limits=limits, max_pdu=200)
    line.open()
    association = line.client.association
    assert association.negotiated & Conformance.GENERAL_BLOCK_TRANSFER
    assert line.ask(association.get(PROFILE)) == GetAnswer(line.pair.application.values[PROFILE])
    long = octet_string(bytes(range(256)) * 8)
    assert line.ask(association.set(CLOCK, long)) == SetAnswer(DataAccessResult.SUCCESS)
    assert line.ask(association.get(CLOCK)) == GetAnswer(long)
    assert line.now == 0, "no poll has to wait"


def test_an_unconfirmed_request_needs_no_connection_and_has_no_answer(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    frame = HdlcFrame(SERVER, HdlcAddress(16), 0x03, b"\xe6\xe6\x00\xc1\x01")
    assert line.meter.receive(frame.encode(), 0) == b""
    assert line.meter.link.counters.unexpected == 1


def test_a_silent_client_loses_its_association(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    line.open()
    deadline = line.meter.deadline
    assert deadline is not None
    assert line.meter.timed_out(deadline - 1) == b""
    assert line.meter.association is not None
    assert line.meter.timed_out(deadline) == b""
    assert line.meter.association is None
    assert line.meter.deadline is None


# More than one APDU at a time, as windows of general block transfer need it


class Pieces(MeterAssociation):
    """Answers in three frames."""

    def receive(self, octets: bytes) -> bytes:
        return b"".join(wrap(1, 16, bytes((tags.GET_RESPONSE, number))) for number in range(3))


class Collecting(ClientAssociation):
    """Wants three frames."""

    got: list[bytes]

    def receive(self, octets: bytes) -> Any:
        self.got.append(octets[8:])
        return Released() if len(self.got) == 3 else None


@pytest.mark.parametrize("window", [1, 3])
def test_answers_in_a_row_are_asked_for(line_of: Lines, window: int) -> None:
    line = line_of(Level.NONE, window=window)
    association = Collecting(AssociationConfig(Level.NONE, client_sap=16), int)
    association.got = []
    parameters = HdlcParameters(128, 128, window, window)
    client = HdlcClient(association, HdlcClientLink(16, SERVER, parameters))
    meter = HdlcMeter(lambda: Pieces(line.pair.application, line.pair.security), HdlcServerLink(SERVER, parameters))
    collected = Line(line.pair, client, meter)
    collected.exchange(client.connect(0))
    assert collected.exchange(client.send(association.associate(), 0)) == [Released()]
    assert association.got == [bytes((tags.GET_RESPONSE, number)) for number in range(3)]
    assert collected.now == 0, "no poll has to wait"


def test_a_row_of_answers_beyond_the_limit_ends_the_line(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    meter = HdlcMeter(
        lambda: Pieces(line.pair.application, line.pair.security),
        HdlcServerLink(SERVER, limits=HdlcLimits(queued=1)),
    )
    Line(line.pair, line.client, meter).exchange(line.client.connect(0))
    meter.receive(line.client.send(line.client.association.associate(), 0), 0)
    assert isinstance(meter.close_cause, HdlcStateError)


def test_frames_in_a_row_are_sent_one_after_the_other(line_of: Lines) -> None:
    line = line_of(Level.NONE)
    heard: list[bytes] = []

    class Listening(MeterAssociation):
        def receive(self, octets: bytes) -> bytes:
            heard.append(octets)
            return wrap(1, 16, b"\x63\x00") if len(heard) == 3 else b""

    meter = HdlcMeter(lambda: Listening(line.pair.application, line.pair.security), HdlcServerLink(SERVER))
    rows = Line(line.pair, line.client, meter)
    rows.exchange(line.client.connect(0))
    frames = [wrap(16, 1, bytes((tags.GET_REQUEST, number)) * 150) for number in range(3)]
    rows.exchange(line.client.send(b"".join(frames), 0))
    assert heard == frames
    assert rows.now == 0


# Secrets


@pytest.mark.parametrize("information", [32, 33, 128, 2030])
@pytest.mark.parametrize("level", LEVELS)
def test_the_password_is_blanked_for_a_trace(line_of: Lines, level: Level, information: int) -> None:
    line = line_of(level, information=information)
    line.exchange(line.client.connect(0))
    line.sent.clear()
    aarq = line.client.association.associate()
    line.exchange(line.client.send(aarq, 0))
    sent = b"".join(line.sent)
    traced = b"".join(map(line.client.traceable, line.sent))
    frames, shown = HdlcReader().feed(sent), HdlcReader().feed(traced)
    assert [frame.control for frame in frames] == [frame.control for frame in shown]
    before = b"".join(frame.information for frame in frames)
    after = b"".join(frame.information for frame in shown)
    if level is Level.LLS:
        assert b"11111111" in before
        assert after == before.replace(b"11111111", b"********")
    else:
        assert traced == sent
    if level is not Level.NONE:
        return
    line.sent.clear()
    line.exchange(line.client.send(line.client.association.get(CLOCK), line.now))
    assert line.client.traceable(line.sent[0]) == line.sent[0]


def test_an_ambiguous_segment_is_blanked_as_a_whole(pair_of: Pairs) -> None:
    config = AssociationConfig(
        Level.LLS,
        client_title=b"TITLE..8",
        keys=pair_of(Level.LLS).access.keys,
        password=b"p" * 1_000,
    )
    association = ClientAssociation(config, int)
    client = HdlcClient(association, HdlcClientLink(1, SERVER, HdlcParameters(32, 32)))
    client.connect(0)
    client.receive(HdlcFrame(HdlcAddress(1), SERVER, 0x73, HdlcParameters(32, 32).encode()).encode(), 0)
    octets = client.send(association.associate(), 0)
    segments = 0
    while octets:
        assert b"pp" not in client.traceable(octets)
        segments += 1
        octets = client.receive(HdlcFrame(HdlcAddress(1), SERVER, 0x11 | segments % 8 << 5).encode(), 0).octets
    assert segments > 32
