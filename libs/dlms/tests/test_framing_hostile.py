"""Roles over HDLC and UDP on bad lines: the right answer or a typed failure, and never a word that nobody said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.asyncio import InMemoryCounters, WrapperOverUdp, open_session, serve_meter
from meterstream.dlms.client import (
    Associated,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    Level,
    Phase,
    Released,
    SecurityKeys,
)
from meterstream.dlms.client.hdlc import HdlcClient, HdlcClientEvent, Raised, Unsolicited
from meterstream.dlms.data import AttributeRef, Data, LogicalName, octet_string
from meterstream.dlms.errors import DlmsError, LinkError, PeerError, SecurityError
from meterstream.dlms.framing import check_datagram, wrap
from meterstream.dlms.framing.hdlc import (
    MAX_FRAME,
    Closed,
    Connected,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcFrame,
    HdlcLimits,
    HdlcParameters,
    HdlcReader,
    HdlcServerLink,
)
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.meter.hdlc import HdlcMeter

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
TITLE, METER_TITLE = b"CLIENT.1", b"OSG\0\0\0\0\1"
SERVER = HdlcAddress(1, 17)
VALUES = {CLOCK: octet_string(bytes(range(12))), PROFILE: octet_string(bytes(range(256)) * 6)}
SMALL = Habits(max_send_pdu=300)


class Objects:
    def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Any:
        return VALUES.get(ref, DataAccessResult.OBJECT_UNDEFINED)

    def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Data) -> DataAccessResult:
        return DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: object, data: object) -> tuple[ActionResult, None]:
        return ActionResult.OBJECT_UNDEFINED, None


def new_security(level: Level) -> MeterSecurity:
    access = ClientAccess(level, KEYS if level.ciphered else None, counter_policy=CounterPolicy.STRICT)
    return MeterSecurity(METER_TITLE, {1: access}, lambda length: bytes(range(100, 100 + length)))


def new_client(level: Level) -> ClientAssociation:
    secured = {"client_title": TITLE, "keys": KEYS} if level.ciphered else {}
    config = AssociationConfig(level, **secured)  # type: ignore[arg-type]  # as the level needs it
    return ClientAssociation(config, count(1).__next__, bytes(range(16)) if level is Level.HLS5_GMAC else b"")


class Fault(Enum):
    LOSE = "lose"
    DOUBLE = "double"
    SPOIL = "spoil"
    CUT = "cut"
    SWAP = "swap"
    NOISE = "noise"
    AGAIN = "an earlier frame again"


class Session:
    """Opens, reads twice, releases, disconnects; frame `n` of both directions has the fault `faults[n]`."""

    def __init__(self, level: Level, window: int, faults: dict[int, Fault]) -> None:
        parameters = HdlcParameters(64, 64, window, window)
        limits = HdlcLimits(response_timeout_s=5.0, inactivity_timeout_s=1000.0)
        security = new_security(level)
        self.client = HdlcClient(new_client(level), HdlcClientLink(1, SERVER, parameters, limits))
        self.meter = HdlcMeter(
            lambda: MeterAssociation(Objects(), security, SMALL), HdlcServerLink(SERVER, parameters, limits)
        )
        self.faults = faults
        self.frames = 0
        self.now = 0.0
        self.steps = 0
        self.answers: list[HdlcClientEvent] = []
        self.end: HdlcClientEvent | None = None
        self.earlier: list[bytes] = []

    def disturbed(self, octets: bytes) -> Iterator[bytes]:
        frames = [frame.encode() for frame in HdlcReader().feed(octets)]
        assert b"".join(frames) == octets
        held = b""
        for frame in frames:
            fault = self.faults.get(self.frames)
            self.frames += 1
            middle = len(frame) // 2
            match fault:
                case Fault.LOSE:
                    pass
                case Fault.DOUBLE:
                    yield frame + frame
                case Fault.SPOIL:
                    yield frame[:middle] + bytes((frame[middle] ^ 0x10,)) + frame[middle + 1 :]
                case Fault.CUT:
                    yield frame[:middle]
                case Fault.SWAP:
                    held = frame
                    continue
                case Fault.NOISE:
                    yield b"\x7e\xa0\x00noise" + frame
                case Fault.AGAIN if self.earlier:
                    yield self.earlier[self.frames % len(self.earlier)] + frame
                case _:
                    yield frame
            self.earlier.append(frame)
            if held:
                yield held
                held = b""

    def run(self) -> None:
        self.carry(self.client.connect(self.now))
        while self.end is None:
            assert self.client.deadline is not None, "nobody waits and nothing happened"
            self.now = self.client.deadline
            step = self.client.timed_out(self.now)
            self.carry(step.octets)
            self.hear(step.events)

    def carry(self, octets: bytes) -> None:
        queue = [octets]
        while queue:
            self.steps += 1
            assert self.steps < 5_000, "the line never came to an end"
            up = queue.pop(0)
            down = b"".join(self.meter.receive(piece, self.now) for piece in self.disturbed(up))
            for piece in self.disturbed(down):
                step = self.client.receive(piece, self.now)
                if step.octets:
                    queue.append(step.octets)
                queue += self.react(step.events)

    def hear(self, events: tuple[HdlcClientEvent, ...]) -> None:
        for octets in self.react(events):
            self.carry(octets)

    def react(self, events: tuple[HdlcClientEvent, ...]) -> list[bytes]:
        """What the user of a client sends next."""
        client, association = self.client, self.client.association
        out: list[bytes] = []
        for event in events:
            match event:
                case Connected():
                    out.append(client.send(association.associate(), self.now))
                case Continue(frame):
                    out.append(client.send(frame, self.now))
                case Associated():
                    out.append(client.send(association.get(CLOCK), self.now))
                case GetAnswer():
                    self.answers.append(event)
                    following = association.get(PROFILE) if len(self.answers) == 1 else association.release()
                    out.append(client.send(following, self.now))
                case Released():
                    out.append(client.disconnect(self.now))
                case Closed() | Failed() | Raised():
                    self.end = event
                case Unsolicited():
                    raise AssertionError("no meter said that")
        return [octets for octets in out if octets]

    def check(self) -> None:
        expected = [GetAnswer(VALUES[CLOCK]), GetAnswer(VALUES[PROFILE])]
        assert self.answers == expected[: len(self.answers)]
        if isinstance(self.end, Closed):
            assert self.answers == expected
        else:
            # An old frame may say what breaks a rule by now, or come just when its number is due again.
            assert isinstance(self.end, Failed | Raised)
            known = LinkError if Fault.AGAIN not in self.faults.values() else (LinkError, PeerError, SecurityError)
            assert isinstance(self.end.error, known)


LEVELS = [Level.NONE, Level.HLS5_GMAC]


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("fault", list(Fault))
def test_one_fault_at_every_frame_changes_nothing(window: int, fault: Fault) -> None:
    level = Level.HLS5_GMAC
    clean = Session(level, window, {})
    clean.run()
    assert isinstance(clean.end, Closed)
    clean.check()
    assert clean.now == 0
    for place in range(clean.frames):
        disturbed = Session(level, window, {place: fault})
        disturbed.run()
        assert isinstance(disturbed.end, Closed), (place, disturbed.end)
        disturbed.check()


@settings(deadline=None, max_examples=60)
@given(
    level=st.sampled_from(LEVELS),
    window=st.sampled_from([1, 2, 7]),
    faults=st.dictionaries(st.integers(0, 250), st.sampled_from(Fault), max_size=60),
)
def test_many_faults_give_the_same_or_a_typed_failure(level: Level, window: int, faults: dict[int, Fault]) -> None:
    session = Session(level, window, faults)
    session.run()
    session.check()


# Frames with correct checks around anything


def recoded(octets: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The information of every I frame changed, its checks made anew."""
    frames = HdlcReader().feed(octets)
    return b"".join(
        HdlcFrame(
            frame.destination, frame.source, frame.control, change(frame.information) or b"\0", frame.segmented
        ).encode()
        if frame.control & 1 == 0
        else frame.encode()
        for frame in frames
    )


def associated(level: Level) -> Session:
    """As far as the answer to GET of the clock, which is not given yet."""
    session = Session(level, 1, {})
    session.client.link._offered = HdlcParameters(1024, 1024)
    session.meter.link._offered = HdlcParameters(1024, 1024)
    client, association = session.client, session.client.association
    step = client.receive(session.meter.receive(client.connect(0), 0), 0)
    frame = association.associate()
    while association.phase is not Phase.READY:
        step = client.receive(session.meter.receive(client.send(frame, 0), 0), 0)
        if isinstance(step.events[0], Continue):
            frame = step.events[0].frame
    return session


@settings(deadline=None, max_examples=200)
@given(data=st.data())
@pytest.mark.parametrize("level", LEVELS)
def test_spoilt_apdus_in_good_frames(level: Level, data: st.DataObject) -> None:
    """The meter's reaction or the client's typed error; with ciphering nothing spoilt is ever taken."""
    session = associated(level)
    client = session.client

    def spoil(information: bytes) -> bytes:
        place = data.draw(st.integers(0, len(information) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        if kind == "flip":
            mask = data.draw(st.integers(1, 255))
            return information[:place] + bytes((information[place] ^ mask,)) + information[place + 1 :]
        if kind == "cut":
            return information[:place]
        if kind == "insert":
            return information[:place] + data.draw(st.binary(min_size=1, max_size=20)) + information[place:]
        return information + information

    request = client.send(client.association.get(CLOCK), 0)
    if data.draw(st.booleans()):
        answer = session.meter.receive(recoded(request, spoil), 0)
        assert session.meter.closed or answer
        events = client.receive(answer, 0).events
    else:
        answer = session.meter.receive(request, 0)
        events = client.receive(recoded(answer, spoil), 0).events
    for event in events:
        if isinstance(event, GetAnswer):
            assert level is Level.NONE
        else:
            assert isinstance(event, Raised | Failed)
            assert isinstance(event.error, DlmsError)
            if level is Level.HLS5_GMAC and isinstance(event.error, SecurityError):
                assert client.association.phase is Phase.FAILED


any_frame = st.builds(
    lambda up, control, information, segmented: HdlcFrame(
        SERVER if up else HdlcAddress(1), HdlcAddress(1) if up else SERVER, control, information, segmented
    ).encode(),
    st.booleans(),
    st.integers(0, 0xFF),
    st.sampled_from([b"", b"\xe6\xe6\x00", b"\xe6\xe7\x00", b"\xe6\xe7\x00" + bytes(50)])
    | st.binary(max_size=100).map(lambda octets: b"\xe6\xe6\x00" + octets)
    | st.binary(max_size=64),
    st.booleans(),
)
pieces_of = st.lists(any_frame | st.binary(max_size=100) | st.none(), max_size=25)


@settings(deadline=None, max_examples=150)
@given(pieces=pieces_of, start=st.sampled_from(["idle", "connecting", "asking"]))
@pytest.mark.parametrize("level", LEVELS)
def test_any_octets_to_the_client(level: Level, pieces: list[bytes | None], start: str) -> None:
    session = associated(level) if start == "asking" else Session(level, 3, {})
    client, now = session.client, 0.0
    if start == "connecting":
        client.connect(now)
    if start == "asking":
        client.send(client.association.get(CLOCK), now)
    for piece in pieces:
        now += 1.0
        if piece is None:
            now = client.deadline or now
            step = client.timed_out(now)
        else:
            step = client.receive(piece, now)
        assert len(step.octets) <= 8 * MAX_FRAME * (1 + len(piece or b"") // 9)
        for event in step.events:
            assert not isinstance(event, Associated)
            if isinstance(event, GetAnswer):
                assert level is Level.NONE
    for _ in range(100):
        if client.deadline is None:
            break
        now = client.deadline
        client.timed_out(now)
    assert client.deadline is None


@settings(deadline=None, max_examples=150)
@given(pieces=pieces_of, connected=st.booleans())
@pytest.mark.parametrize("level", LEVELS)
def test_any_octets_to_the_meter(level: Level, pieces: list[bytes | None], connected: bool) -> None:
    session = associated(level) if connected else Session(level, 3, {})
    meter, now = session.meter, 0.0
    for piece in pieces:
        now += 1.0
        if piece is None:
            now = meter.deadline or now
            octets = meter.timed_out(now)
        else:
            octets = meter.receive(piece, now)
        assert len(octets) <= 8 * MAX_FRAME * (1 + len(piece or b"") // 9)
        if meter.closed:
            assert meter.close_cause is not None
            assert meter.receive(piece or b"", now) == b""


# Datagrams


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.binary(min_size=1, max_size=60) | st.binary(max_size=40).map(lambda apdu: wrap(1, 1, apdu)), max_size=8)
)
def test_any_datagrams_do_not_stop_a_meter(pieces: list[bytes]) -> None:
    async def run() -> None:
        security = new_security(Level.HLS5_GMAC)
        listener = await serve_meter(
            lambda: MeterAssociation(Objects(), security), ("127.0.0.1", 0), framing=WrapperOverUdp()
        )
        async with listener:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=listener.address
            )
            for piece in pieces:
                transport.sendto(piece)
            transport.close()
            config = AssociationConfig(Level.HLS5_GMAC, client_title=TITLE, keys=KEYS)
            session = await open_session(
                listener.address,
                config,
                InMemoryCounters(1),
                connect_timeout_s=5,
                response_timeout_s=5,
                framing=WrapperOverUdp(),
            )
            async with session:
                assert await session.get(CLOCK) == VALUES[CLOCK]
            assert listener.counters.malformed == sum(1 for piece in pieces if not fits(piece))

    asyncio.run(run())


def fits(datagram: bytes) -> bool:
    try:
        check_datagram(datagram)
    except DlmsError:
        return False
    return True
