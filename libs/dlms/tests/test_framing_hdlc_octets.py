"""Any octets and any frames, in every phase of both ends of an HDLC link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.framing.hdlc import (
    MAX_FRAME,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcFrame,
    HdlcLink,
    HdlcParameters,
    HdlcServerLink,
    Kind,
    control_octet,
)

CLIENT, SERVER = HdlcAddress(16), HdlcAddress(1)
TO_SERVER, TO_CLIENT = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
SNRM = bytes.fromhex("7EA0070321930F017E")
APDU = b"\xc0\x01\xc1"


def connected_client(window: int = 1) -> HdlcClientLink:
    parameters = HdlcParameters(128, 128, window, window)
    client = HdlcClientLink(16, SERVER, parameters)
    client.connect(0)
    client.receive(HdlcFrame(CLIENT, SERVER, control_octet(Kind.UA, poll_final=True), parameters.encode()).encode(), 0)
    return client


def connected_server() -> HdlcServerLink:
    server = HdlcServerLink(SERVER)
    server.receive(SNRM, 0)
    return server


def fresh_client() -> HdlcLink:
    client = HdlcClientLink(16, SERVER)
    client.connect(0)
    return client


def asking_client() -> HdlcLink:
    client = connected_client(window=3)
    client.send(bytes(1000), 0)
    return client


def leaving_client() -> HdlcLink:
    client = connected_client()
    client.disconnect(0)
    return client


def answering_server() -> HdlcLink:
    server = connected_server()
    server.receive(HdlcFrame(SERVER, CLIENT, 0x10, TO_SERVER + APDU).encode(), 0)
    server.send(bytes(1000))
    server.send(bytes(1000))
    return server


LINKS: list[Callable[[], HdlcLink]] = [
    lambda: HdlcClientLink(16, SERVER),
    fresh_client,
    connected_client,
    asking_client,
    leaving_client,
    lambda: HdlcServerLink(SERVER),
    connected_server,
    answering_server,
]
any_frame = st.builds(
    lambda up, control, information, segmented: HdlcFrame(
        SERVER if up else CLIENT, CLIENT if up else SERVER, control, information, segmented
    ).encode(),
    st.booleans(),
    st.integers(0, 0xFF),
    st.sampled_from([b"", TO_SERVER, TO_CLIENT, TO_CLIENT + bytes(50)]) | st.binary(max_size=140),
    st.booleans(),
)


@pytest.mark.parametrize("make", LINKS)
@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(any_frame | st.binary(max_size=100) | st.none(), max_size=25))
def test_any_octets_in_every_phase(make: Callable[[], HdlcLink], pieces: list[bytes | None]) -> None:
    link, now = make(), 0.0
    for piece in pieces:
        now += 1.0
        if piece is None:
            now = link.deadline or now
            step = link.timed_out(now)
        else:
            step = link.receive(piece, now)
        assert len(step.octets) <= 8 * MAX_FRAME * (1 + len(piece or b"") // 9)
        assert all(event.error.code.startswith(("HDLC", "LIMIT")) for event in step.events if isinstance(event, Failed))
    if isinstance(link, HdlcClientLink):
        for _ in range(100):
            if link.deadline is None:
                break
            now = link.deadline
            link.timed_out(now)
        assert link.deadline is None
