"""HDLC octets as text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, pairwise
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.__main__ import main
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Continue, Level
from meterstream.dlms.client.hdlc import HdlcClient
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.framing.hdlc import (
    HdlcAddress,
    HdlcClientLink,
    HdlcFrame,
    HdlcParameters,
    HdlcServerLink,
    Kind,
    control_octet,
)
from meterstream.dlms.meter import MeterAssociation
from meterstream.dlms.meter.hdlc import HdlcMeter
from meterstream.dlms.trace import TraceContext, TraceLimits, describe

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CLIENT, SERVER = HdlcAddress(16), HdlcAddress(1, 17)
GET_CLOCK = bytes.fromhex("E6E600C001C200080000010000FF0200")
SECRET = b"xq7Zt9Lw2KfR4vBn"


def frame(
    kind: Kind, information: bytes = b"", *, ns: int = 0, nr: int = 0, up: bool = True, more: bool = False
) -> bytes:
    control = control_octet(kind, poll_final=True, receive_number=nr, send_number=ns)
    ends = (SERVER, CLIENT) if up else (CLIENT, SERVER)
    return HdlcFrame(*ends, control, information, more).encode()


def expected(block: str) -> str:
    return dedent(block).strip("\n")


def test_frames_of_every_kind() -> None:
    octets = b"".join(
        (
            frame(Kind.SNRM, HdlcParameters(512, 256, 7, 1).encode()),
            frame(Kind.UA, up=False),
            frame(Kind.I, GET_CLOCK[:9], more=True),
            frame(Kind.RR, nr=1, up=False),
            frame(Kind.I, GET_CLOCK[9:], ns=1),
            frame(Kind.RNR, nr=2, up=False),
            frame(Kind.UI, b"\xe6\xe7\x00\x0f\x00\x00\x00\x07\x00\x11\x05", up=False),
            frame(Kind.FRMR, b"\x10\x20\x0a", up=False),
            HdlcFrame(SERVER, CLIENT, 0xEF, b"odd").encode(),
            frame(Kind.DISC),
            frame(Kind.DM, up=False),
        )
    )
    trace = describe(octets)
    assert trace.error is None
    assert trace.text == expected("""
        HDLC SNRM to 1/17 from 16, poll/final, 23 octets
          information field: 512 octets out, 256 in
          window: 7 frames out, 1 in
        HDLC UA to 16 from 1/17, poll/final
        HDLC I to 1/17 from 16, N(S) 0, N(R) 0, poll/final, more segments follow, 9 octets
        HDLC RR to 16 from 1/17, N(R) 1, poll/final
        HDLC I to 1/17 from 16, N(S) 1, N(R) 0, poll/final, 7 octets
          LLC E6E600 to the server, 2 segments
            get-request-normal, 13 octets
              invoke id 2, confirmed, high priority
              class 8 (clock), 0.0.1.0.0.255, attribute 2 (time)
        HDLC RNR to 16 from 1/17, N(R) 2, poll/final
        HDLC UI to 16 from 1/17, poll/final, 11 octets
          LLC E6E700 to the client
            data-notification, 8 octets
              long invoke id 7
              unsigned 5
        HDLC FRMR to 16 from 1/17, poll/final, 3 octets
          rejects control field 10: information not allowed, N(R) out of range
        HDLC control EF to 1/17 from 16, 3 octets
          not read: 3 octets
        HDLC DISC to 1/17 from 16, poll/final
        HDLC DM to 16 from 1/17, poll/final
    """)
    assert trace.context.asked is not None


def test_the_request_is_known_to_the_answer() -> None:
    answer = frame(Kind.I, bytes.fromhex("E6E700C401C2000903414243"), up=False)
    context = describe(frame(Kind.I, GET_CLOCK)).context
    assert describe(answer, context=context).lines[-1].strip().startswith("octet-string(3) 414243")
    assert "masked" in describe(answer).lines[-1]


FIRST, SECOND = frame(Kind.I, GET_CLOCK[:9], more=True), frame(Kind.I, GET_CLOCK[9:], ns=1)


@pytest.mark.parametrize(
    ("octets", "error", "offset", "code"),
    [
        (b"\x7e", "there is no HDLC frame", 1, "HDLC_FRAME_INVALID"),
        (b"\x7e\x7e\x7e", "there is no HDLC frame", 3, "HDLC_FRAME_INVALID"),
        (FIRST[:-3], "not complete", len(FIRST) - 3, "HDLC_FRAME_INVALID"),
        (frame(Kind.RR) + b"abc", "no HDLC frame: format", 9, "HDLC_FRAME_INVALID"),
        (b"\x7e\x12\x34" + frame(Kind.RR), "no HDLC frame: format", 0, "HDLC_FRAME_INVALID"),
        (FIRST[:-2] + b"\0\x7e", "no HDLC frame: FCS", 0, "HDLC_FRAME_INVALID"),
        (FIRST[:7] + b"\0" + FIRST[8:], "no HDLC frame: HCS", 0, "HDLC_FRAME_INVALID"),
        (FIRST, "the last segment of an APDU is missing, 9 octets", len(FIRST), "HDLC_PROTOCOL_ERROR"),
        (FIRST + frame(Kind.I, GET_CLOCK[9:], ns=2), "N(S) 2 instead of 1", 30, "HDLC_PROTOCOL_ERROR"),
        (frame(Kind.UI, b"\1\2\3"), "the LLC header", 9, "HDLC_PROTOCOL_ERROR"),
        (frame(Kind.SNRM, b"\1\2\3"), "81 80", 9, "HDLC_PROTOCOL_ERROR"),
    ],
)
def test_the_first_broken_rule(octets: bytes, error: str, offset: int, code: str) -> None:
    fault = describe(octets).error
    assert fault is not None
    assert error in fault.rule
    assert (fault.offset, fault.code) == (offset, code)


def test_a_fault_within_a_segmented_apdu_has_its_place_on_the_line() -> None:
    broken = GET_CLOCK[:-1] + b"\x07"  # no access selection of this kind
    octets = frame(Kind.I, broken[:9], more=True) + frame(Kind.I, broken[9:], ns=1)
    fault = describe(octets).error
    assert fault is not None
    assert octets[fault.offset] == 0x07 or octets[fault.offset - 1] == 0x07
    short = frame(Kind.I, GET_CLOCK[:9], more=True) + frame(Kind.I, GET_CLOCK[9:-2], ns=1)
    fault = describe(short).error
    assert fault is not None
    assert fault.offset == len(short) - 3, "behind the last octet of information"


def test_what_comes_twice_counts_once_and_what_begins_before_is_told() -> None:
    trace = describe(FIRST + FIRST + SECOND)
    assert trace.error is None
    assert "the same segment again" in trace.text
    assert "get-request-normal" in trace.text
    trace = describe(SECOND)
    assert trace.error is None
    assert trace.lines[-1].strip() == "a segment whose beginning is not there"


def test_a_gap_does_not_hide_the_next_apdu() -> None:
    trace = describe(FIRST + frame(Kind.I, GET_CLOCK, ns=3))
    assert trace.error is not None
    assert "get-request-normal" in trace.text


def test_octets_between_frames_are_counted() -> None:
    assert "4 octets belong to no frame" in describe(frame(Kind.RR) + b"\x12\x34\x56\x78" + frame(Kind.RR)).text


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "7E A0 07 03 21 93 0F 01 7E"]) == 0
    assert capsys.readouterr().out == "HDLC SNRM to 1 from 16, poll/final\n"
    assert main(["decode", "7EA0"]) == 1


# Secrets and any octets


def lls_session(pair_of: Callable[..., Any], information: int) -> list[bytes]:
    """Frames of a session whose AARQ has a password."""
    pair = pair_of(Level.LLS)
    pair.access.password = SECRET
    config = AssociationConfig(
        Level.LLS, client_title=pair.client._config.client_title, keys=pair.access.keys, password=SECRET
    )
    parameters = HdlcParameters(information, information, 2, 2)
    association = ClientAssociation(config, count(1).__next__)
    client = HdlcClient(association, HdlcClientLink(1, SERVER, parameters))
    meter = HdlcMeter(lambda: MeterAssociation(pair.application, pair.security), HdlcServerLink(SERVER, parameters))
    sent: list[bytes] = []

    def go(octets: bytes) -> None:
        while octets:
            answer = meter.receive(octets, 0)
            sent.extend((octets, answer))
            step = client.receive(answer, 0)
            octets = step.octets
            assert not any(isinstance(event, Continue) for event in step.events)

    go(client.connect(0))
    go(client.send(association.associate(), 0))
    go(client.send(association.get(CLOCK), 0))
    go(client.disconnect(0))
    return sent


@pytest.mark.parametrize("information", [32, 40, 128, 2030])
def test_no_cut_of_a_session_shows_the_password(pair_of: Callable[..., Any], information: int) -> None:
    sent = lls_session(pair_of, information)
    octets = b"".join(sent)
    assert describe(octets).error is None
    pieces = [SECRET[i : i + 4] for i in range(len(SECRET) - 3)]
    shown = [piece.decode() for piece in pieces] + [piece.hex().upper() for piece in pieces]
    flags = [place for place, octet in enumerate(octets) if octet == 0x7E]
    for begin, end in [*pairwise(flags), *((flag, len(octets)) for flag in flags), *((0, flag) for flag in flags)]:
        for cut in (octets[begin:end], octets[begin : end + 1], octets[begin : end - 3]):
            text = describe(cut).text
            assert not any(piece in text for piece in shown)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.builds(
            lambda up, control, information, more: HdlcFrame(
                SERVER if up else CLIENT, CLIENT if up else SERVER, control, information, more
            ).encode(),
            st.booleans(),
            st.integers(0, 255),
            st.binary(max_size=30) | st.binary(max_size=30).map(lambda octets: b"\xe6\xe6\x00" + octets),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_any_octets_are_described(pieces: list[bytes]) -> None:
    trace = describe(b"\x7e" + b"".join(pieces), limits=TraceLimits(lines=20, width=60), context=TraceContext())
    assert 1 <= len(trace.lines) <= 20
    assert all(len(line) <= 60 and line.isprintable() for line in trace.lines)
