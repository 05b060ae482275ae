"""The rules of both ends of an HDLC link, one frame at a time."""

from __future__ import annotations

import pytest

from meterstream.dlms.errors import (
    ConfigurationError,
    DlmsError,
    HdlcDisconnected,
    HdlcFrameRejected,
    HdlcNoAnswer,
    HdlcProtocolError,
    HdlcRefused,
    HdlcStateError,
    LimitExceeded,
    PduTooLarge,
)
from meterstream.dlms.framing.hdlc import (
    ApduReceived,
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
    Step,
    control_octet,
)

CLIENT, SERVER = HdlcAddress(16), HdlcAddress(1)
TO_SERVER, TO_CLIENT = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
SNRM = bytes.fromhex("7EA0070321930F017E")
APDU = b"\xc0\x01\xc1"


def to_client(
    kind: Kind, *, final: bool = True, nr: int = 0, ns: int = 0, information: bytes = b"", segmented: bool = False
) -> bytes:
    control = control_octet(kind, poll_final=final, receive_number=nr, send_number=ns)
    return HdlcFrame(CLIENT, SERVER, control, information, segmented).encode()


def to_server(
    kind: Kind, *, poll: bool = True, nr: int = 0, ns: int = 0, information: bytes = b"", segmented: bool = False
) -> bytes:
    control = control_octet(kind, poll_final=poll, receive_number=nr, send_number=ns)
    return HdlcFrame(SERVER, CLIENT, control, information, segmented).encode()


def connected_client(window: int = 1, **limits: float) -> HdlcClientLink:
    client = HdlcClientLink(
        16,
        SERVER,
        HdlcParameters(128, 128, window, window),
        HdlcLimits(**limits),  # type: ignore[arg-type]  # as parametrized
    )
    client.connect(0)
    parameters = HdlcParameters(128, 128, window, window).encode()
    step = client.receive(to_client(Kind.UA, information=parameters), 0)
    assert step.events == (Connected(16, HdlcParameters(128, 128, window, window)),)
    return client


def connected_server(**limits: float) -> HdlcServerLink:
    server = HdlcServerLink(SERVER, limits=HdlcLimits(**limits))  # type: ignore[arg-type]  # as parametrized
    assert server.receive(SNRM, 0).octets == to_client(Kind.UA)
    return server


def failure(step: Step) -> DlmsError:
    (event,) = step.events
    assert isinstance(event, Failed)
    return event.error


def kinds(octets: bytes) -> list[tuple[Kind, bool]]:
    return [(frame.kind, frame.poll_final) for frame in HdlcReader().feed(octets)]


# The client


def test_the_client_connects_exchanges_and_disconnects() -> None:
    client = HdlcClientLink(16, SERVER)
    assert client.connect(0) == SNRM
    assert client.phase is HdlcPhase.CONNECTING
    client.receive(to_client(Kind.UA), 1)
    assert client.idle
    assert client.send(APDU, 1) == to_server(Kind.I, information=TO_SERVER + APDU)
    step = client.receive(to_client(Kind.I, nr=1, information=TO_CLIENT + b"\xc4"), 2)
    assert step == Step(b"", (ApduReceived(b"\xc4"),))
    assert client.idle
    assert client.disconnect(3) == to_server(Kind.DISC)
    assert client.receive(to_client(Kind.UA), 4).events == (Closed(),)
    assert client.phase is HdlcPhase.DISCONNECTED
    assert client.deadline is None
    assert client.connect(5) == SNRM


def test_a_refused_connection() -> None:
    client = HdlcClientLink(16, SERVER)
    client.connect(0)
    assert isinstance(failure(client.receive(to_client(Kind.DM), 1)), HdlcRefused)
    assert client.phase is HdlcPhase.DISCONNECTED


def test_parameters_in_the_ua_that_break_a_rule() -> None:
    client = HdlcClientLink(16, SERVER)
    client.connect(0)
    step = client.receive(to_client(Kind.UA, information=b"\x81\x80\x09"), 1)
    assert isinstance(failure(step), HdlcProtocolError)


def test_snrm_is_repeated_as_often_as_allowed() -> None:
    client = HdlcClientLink(16, SERVER, limits=HdlcLimits(repetitions=2, response_timeout_s=5))
    client.connect(0)
    assert client.deadline == 5
    assert client.timed_out(4.9) == Step(b"", ())
    assert client.timed_out(5) == Step(SNRM, ())
    assert client.timed_out(10) == Step(SNRM, ())
    assert isinstance(failure(client.timed_out(15)), HdlcNoAnswer)
    assert client.counters.repeated == 2


def test_after_a_time_out_the_client_asks_and_repeats_what_was_not_heard() -> None:
    client = connected_client()
    request = client.send(APDU, 0)
    assert client.timed_out(5).octets == to_server(Kind.RR)
    assert client.receive(to_client(Kind.RR), 6).octets == request
    assert client.receive(to_client(Kind.I, nr=1, information=TO_CLIENT + b"1"), 7).events == (ApduReceived(b"1"),)


def test_after_a_time_out_the_client_asks_and_gets_the_answer_again() -> None:
    client = connected_client()
    client.send(APDU, 0)
    assert client.timed_out(5).octets == to_server(Kind.RR)
    answer = to_client(Kind.I, nr=1, information=TO_CLIENT + b"1")
    assert client.receive(answer + answer, 6) == Step(b"", (ApduReceived(b"1"),))
    assert client.idle
    assert client.counters.out_of_sequence == 1


def test_a_window_is_sent_again_from_the_gap() -> None:
    client = connected_client(window=3)
    octets = client.send(bytes(500), 0)
    assert kinds(octets) == [(Kind.I, False), (Kind.I, False), (Kind.I, True)]
    again = client.receive(to_client(Kind.RR, nr=1), 1).octets
    assert kinds(again) == [(Kind.I, False), (Kind.I, False), (Kind.I, True)]
    assert [frame.send_number for frame in HdlcReader().feed(again)] == [1, 2, 3]


def test_segments_of_an_answer_are_asked_for_with_rr() -> None:
    client = connected_client()
    client.send(APDU, 0)
    step = client.receive(to_client(Kind.I, nr=1, information=TO_CLIENT + b"a", segmented=True), 1)
    assert step == Step(to_server(Kind.RR, nr=1), ())
    step = client.receive(to_client(Kind.I, nr=1, ns=1, information=b"b"), 2)
    assert step == Step(b"", (ApduReceived(b"ab"),))


def test_a_server_that_is_not_ready_is_polled_until_the_limit() -> None:
    client = connected_client(polls=2, poll_interval_s=1)
    request = client.send(APDU, 0)
    assert client.receive(to_client(Kind.RNR), 1) == Step(b"", ())
    assert client.deadline == 2
    assert client.timed_out(2).octets == to_server(Kind.RR)
    assert client.receive(to_client(Kind.RR), 3).octets == request
    for now in (4, 6):
        assert client.receive(to_client(Kind.RNR, nr=1), now).octets == b""
        assert client.timed_out(now + 1).octets == to_server(Kind.RR)
    assert isinstance(failure(client.receive(to_client(Kind.RNR, nr=1), 8)), HdlcNoAnswer)


def test_a_server_that_has_nothing_yet_is_polled_until_the_limit() -> None:
    client = connected_client(polls=1, poll_interval_s=1)
    client.send(APDU, 0)
    assert client.receive(to_client(Kind.RR, nr=1), 1).octets == b""
    assert not client.idle
    assert client.timed_out(2).octets == to_server(Kind.RR)
    assert isinstance(failure(client.receive(to_client(Kind.RR, nr=1), 3)), HdlcNoAnswer)


def test_an_unconfirmed_apdu_is_done_when_it_is_acknowledged() -> None:
    client = connected_client()
    client.send(APDU, 0, answered=False)
    assert client.receive(to_client(Kind.RR, nr=1), 1) == Step(b"", ())
    assert client.idle


def test_a_server_that_never_hears_a_segment_comes_to_an_end() -> None:
    client = connected_client(window=2, repetitions=2)
    client.send(bytes(300), 0)
    for _ in range(2):
        assert client.receive(to_client(Kind.RR), 1).octets
    assert isinstance(failure(client.receive(to_client(Kind.RR), 1)), HdlcNoAnswer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (to_client(Kind.DM), HdlcDisconnected),
        (to_client(Kind.FRMR, information=b"\x10\x00\x04"), HdlcFrameRejected),
        (to_client(Kind.FRMR), HdlcFrameRejected),
        (to_client(Kind.RR, nr=2), HdlcProtocolError),
        (to_client(Kind.I, nr=3, information=TO_CLIENT), HdlcProtocolError),
        (to_client(Kind.RR, nr=1, information=b"x"), HdlcProtocolError),
        (to_client(Kind.I, nr=1, information=TO_SERVER + b"x"), HdlcProtocolError),
        (to_client(Kind.I, nr=1), HdlcProtocolError),
        (to_client(Kind.I, nr=1, information=bytes(129)), HdlcProtocolError),
        (to_client(Kind.UI, information=b"\xe6\xe6\x00x"), HdlcProtocolError),
        (to_client(Kind.UI, information=TO_CLIENT, segmented=True), HdlcProtocolError),
        (HdlcFrame(CLIENT, SERVER, 0xEF).encode(), HdlcProtocolError),
    ],
)
def test_a_server_that_breaks_a_rule(answer: bytes, error: type[DlmsError]) -> None:
    client = connected_client()
    client.send(APDU, 0)
    step = client.receive(answer, 1)
    assert step.octets == b""
    assert isinstance(failure(step), error)
    assert client.phase is HdlcPhase.DISCONNECTED
    assert client.deadline is None
    assert client.receive(to_client(Kind.RR), 2) == Step(b"", ())


def test_what_a_frmr_tells() -> None:
    client = connected_client()
    client.send(APDU, 0)
    error = failure(client.receive(to_client(Kind.FRMR, information=b"\x10\x00\x04"), 1))
    assert isinstance(error, HdlcFrameRejected)
    assert (error.control, error.reason) == (0x10, 4)


@pytest.mark.parametrize("limits", [{"apdu": 200}, {"segments": 2}])
def test_an_answer_beyond_the_limits(limits: dict[str, float]) -> None:
    client = connected_client(**limits)
    client.send(APDU, 0)
    events = []
    for number in range(3):
        information = (TO_CLIENT if number == 0 else b"") + bytes(100)
        step = client.receive(to_client(Kind.I, nr=1, ns=number, information=information, segmented=True), 1)
        events += step.events
    assert [type(event.error) for event in events if isinstance(event, Failed)] == [LimitExceeded]


def test_a_notification_comes_between() -> None:
    client = connected_client()
    step = client.receive(to_client(Kind.UI, final=False, information=TO_CLIENT + b"\x0f"), 1)
    assert step == Step(b"", (ApduReceived(b"\x0f", numbered=False),))
    assert client.idle


def test_what_is_for_others_is_counted() -> None:
    client = connected_client()
    client.send(APDU, 0)
    other = HdlcFrame(HdlcAddress(1), SERVER, 0x1F).encode() + HdlcFrame(CLIENT, HdlcAddress(2), 0x1F).encode()
    assert client.receive(other, 1) == Step(b"", ())
    assert client.counters.not_ours == 2
    assert client.phase is HdlcPhase.CONNECTED


def test_what_the_user_may_not_do() -> None:
    client = HdlcClientLink(16, SERVER, limits=HdlcLimits(apdu=100))
    with pytest.raises(HdlcStateError, match="not idle"):
        client.send(APDU, 0)
    with pytest.raises(HdlcStateError, match="disconnect while"):
        client.disconnect(0)
    client.connect(0)
    with pytest.raises(HdlcStateError, match="connect while"):
        client.connect(0)
    client.receive(to_client(Kind.UA), 0)
    with pytest.raises(PduTooLarge):
        client.send(bytes(101), 0)
    assert client.idle
    client.send(APDU, 0)
    with pytest.raises(HdlcStateError, match="not idle"):
        client.send(APDU, 0)
    server = HdlcServerLink(SERVER)
    with pytest.raises(HdlcStateError, match="send while"):
        server.send(APDU)
    with pytest.raises(ConfigurationError):
        HdlcClientLink(128, SERVER)


@pytest.mark.parametrize(
    "values",
    [{"apdu": 0}, {"segments": 0}, {"polls": 0}, {"repetitions": -1}, {"response_timeout_s": 0},
     {"poll_interval_s": float("nan")}, {"inter_octet_timeout_s": 0}, {"inactivity_timeout_s": -1}],
)  # fmt: skip
def test_limits_out_of_range(values: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(values))):
        HdlcLimits(**values)  # type: ignore[arg-type]  # as parametrized


# The server


def test_the_server_answers_without_a_connection() -> None:
    server = HdlcServerLink(SERVER)
    assert server.receive(to_server(Kind.DISC), 0) == Step(to_client(Kind.DM), ())
    assert server.receive(to_server(Kind.RR), 0) == Step(to_client(Kind.DM), ())
    assert server.receive(to_server(Kind.I, poll=False, information=TO_SERVER), 0) == Step(b"", ())
    assert server.receive(HdlcFrame(SERVER, CLIENT, 0x1F).encode(), 0) == Step(b"", ())
    assert server.deadline is None


def test_the_server_agrees_to_the_smaller() -> None:
    server = HdlcServerLink(SERVER, HdlcParameters(2030, 200, 7, 2))
    step = server.receive(to_server(Kind.SNRM, information=HdlcParameters(512, 1024, 3, 3).encode()), 0)
    agreed = HdlcParameters(1024, 200, 3, 2)
    assert step == Step(to_client(Kind.UA, information=agreed.encode()), (Connected(16, agreed),))


def test_broken_parameters_are_refused() -> None:
    server = HdlcServerLink(SERVER)
    step = server.receive(to_server(Kind.SNRM, information=b"\x81\x80\x03\x05\x01\x00"), 0)
    assert step.octets == to_client(Kind.DM)
    assert isinstance(failure(step), HdlcProtocolError)
    assert server.receive(SNRM, 1).octets == to_client(Kind.UA)


def test_the_turn_waits_for_the_answer() -> None:
    server = connected_server()
    step = server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    assert step == Step(b"", (ApduReceived(APDU),))
    assert server.send(b"\xc4") == to_client(Kind.I, nr=1, information=TO_CLIENT + b"\xc4")
    assert server.receive(to_server(Kind.RR, nr=1), 2).octets == to_client(Kind.RR, nr=1)


def test_apdus_of_a_server_wait_for_each_other() -> None:
    server = connected_server(queued=1)
    server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    assert server.send(b"\xc4") == to_client(Kind.I, nr=1, information=TO_CLIENT + b"\xc4")
    assert server.send(b"\xc5") == b""
    with pytest.raises(HdlcStateError, match="too many"):
        server.send(b"\xc6")
    second = server.receive(to_server(Kind.RR, nr=1), 2).octets
    assert second == to_client(Kind.I, nr=1, ns=1, information=TO_CLIENT + b"\xc5")
    assert server.receive(to_server(Kind.RR, nr=2), 3).octets == to_client(Kind.RR, nr=1)


def test_what_waits_goes_out_before_a_later_answer() -> None:
    server = connected_server()
    server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    server.send(b"\xc4")
    server.send(b"\xc5")
    server.receive(to_server(Kind.I, nr=1, ns=1, information=TO_SERVER + APDU), 2)
    assert server.send(b"\xc6") == to_client(Kind.I, nr=2, ns=1, information=TO_CLIENT + b"\xc5")
    third = server.receive(to_server(Kind.RR, nr=2), 3).octets
    assert third == to_client(Kind.I, nr=2, ns=2, information=TO_CLIENT + b"\xc6")


def test_a_client_asks_for_more_than_one_answer() -> None:
    client = connected_client()
    with pytest.raises(HdlcStateError, match="ask for more"):
        HdlcClientLink(16, SERVER).await_more(0)
    client.send(APDU, 1)
    assert client.receive(to_client(Kind.I, nr=1, information=TO_CLIENT + b"\xc4"), 2).events
    assert client.idle
    assert client.await_more(2) == to_server(Kind.RR, nr=1)
    assert client.receive(to_client(Kind.I, nr=1, ns=1, information=TO_CLIENT + b"\xc5"), 3).events == (
        ApduReceived(b"\xc5"),
    )
    assert client.idle


def test_an_answer_that_comes_after_a_poll_waits_for_the_next() -> None:
    server = connected_server()
    server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    assert server.receive(to_server(Kind.RR), 6).octets == to_client(Kind.RR, nr=1)
    assert server.send(b"\xc4") == b""
    assert server.receive(to_server(Kind.RR), 7).octets == to_client(Kind.I, nr=1, information=TO_CLIENT + b"\xc4")


def test_the_turn_can_be_passed_without_an_answer() -> None:
    server = connected_server()
    server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    assert server.pass_turn() == to_client(Kind.RR, nr=1)
    assert server.pass_turn() == b""


def test_a_busy_server_takes_nothing() -> None:
    server = connected_server()
    server.busy = True
    request = to_server(Kind.I, information=TO_SERVER + APDU)
    assert server.receive(request, 1) == Step(to_client(Kind.RNR), ())
    server.busy = False
    assert server.receive(to_server(Kind.RR), 2).octets == to_client(Kind.RR)
    assert server.receive(request, 3).events == (ApduReceived(APDU),)


def test_a_busy_client_gets_nothing() -> None:
    server = connected_server()
    server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 1)
    server.send(bytes(200))
    assert server.receive(to_server(Kind.RNR, nr=1), 2).octets == to_client(Kind.RR, nr=1)
    assert kinds(server.receive(to_server(Kind.RR, nr=1), 3).octets) == [(Kind.I, True)]


@pytest.mark.parametrize(
    ("frame", "control", "reason"),
    [
        (HdlcFrame(SERVER, CLIENT, 0xFF).encode(), 0xFF, 1),
        (to_server(Kind.RR, information=b"x"), 0x11, 3),
        (to_server(Kind.I, information=bytes(129)), 0x10, 4),
        (to_server(Kind.RR, nr=5), 0xB1, 8),
    ],
)
def test_the_server_rejects_until_it_is_reset(frame: bytes, control: int, reason: int) -> None:
    server = connected_server()
    step = server.receive(frame, 1)
    rejection = to_client(Kind.FRMR, information=bytes((control, 0, reason)))
    assert step.octets == rejection
    error = failure(step)
    assert isinstance(error, HdlcProtocolError)
    assert error.reason == reason
    assert server.phase is HdlcPhase.REJECTING
    assert server.receive(to_server(Kind.RR), 2) == Step(rejection, ())
    assert server.receive(SNRM, 3) == Step(to_client(Kind.UA), (Connected(16, HdlcParameters()),))


def test_a_wrong_llc_header_ends_the_connection() -> None:
    server = connected_server()
    step = server.receive(to_server(Kind.I, information=TO_CLIENT + APDU), 1)
    assert step.octets == to_client(Kind.DM)
    assert isinstance(failure(step), HdlcProtocolError)


def test_the_server_ends_a_connection_that_fell_silent() -> None:
    server = connected_server(inactivity_timeout_s=60)
    server.receive(to_server(Kind.RR), 30)
    assert server.deadline == 90
    assert server.timed_out(89) == Step(b"", ())
    assert server.timed_out(90) == Step(b"", (Closed(inactive=True),))
    assert server.deadline is None
    assert server.receive(to_server(Kind.RR), 91).octets == to_client(Kind.DM)


def test_a_connection_has_one_client() -> None:
    server = connected_server()
    assert server.receive(HdlcFrame(SERVER, HdlcAddress(1), 0x93).encode(), 1) == Step(b"", ())
    assert server.counters.not_ours == 1
    assert server.receive(to_server(Kind.DISC), 2) == Step(to_client(Kind.UA), (Closed(),))
    step = server.receive(HdlcFrame(SERVER, HdlcAddress(1), 0x93).encode(), 3)
    assert step.events == (Connected(1, HdlcParameters()),)


def test_snrm_begins_anew() -> None:
    server = connected_server()
    server.receive(to_server(Kind.I, information=TO_SERVER + b"half", segmented=True), 1)
    server.receive(SNRM, 2)
    assert server.receive(to_server(Kind.I, information=TO_SERVER + APDU), 3).events == (ApduReceived(APDU),)
