"""A client link and a server link over a line that loses, doubles, spoils, swaps and delays frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.errors import HdlcNoAnswer
from meterstream.dlms.framing.hdlc import (
    ApduReceived,
    Closed,
    Connected,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcEvent,
    HdlcLimits,
    HdlcParameters,
    HdlcReader,
    HdlcServerLink,
    Step,
)

LATENCY = 0.1
LIMITS = HdlcLimits(response_timeout_s=5.0, inactivity_timeout_s=500.0)
SERVER = HdlcAddress(1, 17)


class Fault(Enum):
    LOSE = "lose"
    DOUBLE = "double"
    SPOIL_HEADER = "spoil the header"
    SPOIL_END = "spoil the end"
    CUT = "lose an octet in the middle"
    TRUNCATE = "lose all but the beginning"
    SWAP = "swap with the one behind"
    DELAY = "delay beyond the time-out, with all behind"


def spoilt(frame: bytes, at: int) -> bytes:
    return frame[:at] + bytes((frame[at] ^ 0x55,)) + frame[at + 1 :]


def content(number: int, octets: int) -> bytes:
    """Different for each number, full of flags."""
    return (bytes((number, 0x7E, 0xA0, 0x07)) * (octets // 4 + 1))[:octets]


@dataclass
class Line:
    """Both stations, what is on its way, and a clock that jumps from event to event."""

    client: HdlcClientLink
    server: HdlcServerLink
    requests: list[bytes]
    answers: list[bytes]
    faults: Mapping[int, Fault] = field(default_factory=dict)
    now: float = 0.0
    frames: int = 0
    to_server: list[tuple[float, bytes]] = field(default_factory=list)
    to_client: list[tuple[float, bytes]] = field(default_factory=list)
    client_got: list[bytes] = field(default_factory=list)
    server_got: list[bytes] = field(default_factory=list)
    end: HdlcEvent | None = None

    def carry(self, octets: bytes, queue: list[tuple[float, bytes]]) -> None:
        frames = [frame.encode() for frame in HdlcReader().feed(octets)]
        assert b"".join(frames) == octets
        held: bytes | None = None
        for frame in frames:
            fault = self.faults.get(self.frames)
            self.frames += 1
            pieces, delay = [frame], 0.0
            match fault:
                case Fault.LOSE:
                    pieces = []
                case Fault.DOUBLE:
                    pieces = [frame, frame]
                case Fault.SPOIL_HEADER:
                    pieces = [spoilt(frame, 2)]
                case Fault.SPOIL_END:
                    pieces = [spoilt(frame, len(frame) - 3)]
                case Fault.CUT:
                    pieces = [frame[: len(frame) // 2] + frame[len(frame) // 2 + 1 :]]
                case Fault.TRUNCATE:
                    pieces = [frame[: len(frame) // 4 + 3]]
                case Fault.SWAP if frame is not frames[-1] and held is None:
                    held = frame
                    continue
                case Fault.DELAY:
                    delay = 2.3 * LIMITS.response_timeout_s
            if held is not None:
                pieces, held = [*pieces, held], None
            earliest = max(self.now + LATENCY + delay, queue[-1][0] if queue else 0.0)
            queue.extend((earliest, piece) for piece in pieces)

    def client_step(self, step: Step) -> None:
        self.carry(step.octets, self.to_server)
        for event in step.events:
            match event:
                case Connected():
                    self.carry(self.client.send(self.requests[0], self.now), self.to_server)
                case ApduReceived(apdu):
                    self.client_got.append(apdu)
                    done = len(self.client_got)
                    more = done < len(self.requests)
                    octets = (
                        self.client.send(self.requests[done], self.now) if more else self.client.disconnect(self.now)
                    )
                    self.carry(octets, self.to_server)
                case Closed() | Failed():
                    self.end = event

    def server_step(self, step: Step) -> None:
        self.carry(step.octets, self.to_client)
        for event in step.events:
            if isinstance(event, ApduReceived):
                self.server_got.append(event.apdu)
                self.carry(self.server.send(self.answers[len(self.server_got) - 1]), self.to_client)
            assert not isinstance(event, Failed), event

    def run(self) -> None:
        self.carry(self.client.connect(self.now), self.to_server)
        for _ in range(100_000):
            if self.end is not None:
                return
            due = [queue[0][0] for queue in (self.to_server, self.to_client) if queue]
            due += [link.deadline for link in (self.client, self.server) if link.deadline is not None]
            self.now = max(self.now, min(due))
            if self.to_server and self.to_server[0][0] <= self.now:
                self.server_step(self.server.receive(self.to_server.pop(0)[1], self.now))
            elif self.to_client and self.to_client[0][0] <= self.now:
                self.client_step(self.client.receive(self.to_client.pop(0)[1], self.now))
            else:
                self.client_step(self.client.timed_out(self.now))
                self.server_step(self.server.timed_out(self.now))
        raise AssertionError("the line never came to an end")

    def check_whole(self) -> None:
        assert self.end == Closed()
        assert self.server_got == self.requests
        assert self.client_got == self.answers


def line(
    window: int, sizes: list[tuple[int, int]], faults: Mapping[int, Fault], information: int = 128, **limits: int
) -> Line:
    parameters = HdlcParameters(information, information, window, window)
    bounds = HdlcLimits(response_timeout_s=5.0, inactivity_timeout_s=500.0, **limits)
    return Line(
        HdlcClientLink(16, SERVER, parameters, bounds),
        HdlcServerLink(SERVER, parameters, bounds),
        [content(number, request) for number, (request, _) in enumerate(sizes)],
        [content(100 + number, answer) for number, (_, answer) in enumerate(sizes)],
        faults,
    )


SIZES = [(60, 700), (700, 60), (1300, 1300)]


@pytest.mark.parametrize("window", range(1, 8))
@pytest.mark.parametrize("fault", list(Fault))
def test_one_fault_at_every_position_changes_nothing(window: int, fault: Fault) -> None:
    clean = line(window, SIZES, {})
    clean.run()
    clean.check_whole()
    assert clean.client.counters.repeated == 0
    assert clean.frames > 30
    for position in range(clean.frames):
        disturbed = line(window, SIZES, {position: fault})
        disturbed.run()
        disturbed.check_whole()


@pytest.mark.parametrize("window", [1, 7])
@pytest.mark.parametrize("fault", [Fault.TRUNCATE, Fault.CUT])
def test_the_rest_of_a_long_frame_is_not_waited_for(window: int, fault: Fault) -> None:
    sizes = [(9000, 9000)]
    clean = line(window, sizes, {}, 2030)
    clean.run()
    for position in range(clean.frames):
        disturbed = line(window, sizes, {position: fault}, 2030)
        disturbed.run()
        disturbed.check_whole()
        assert disturbed.client.counters.repeated <= 2


@pytest.mark.parametrize("window", [1, 3, 7])
def test_a_doubled_frame_does_not_double_the_rest(window: int) -> None:
    clean = line(window, SIZES, {})
    clean.run()
    for position in range(clean.frames):
        doubled = line(window, SIZES, {position: Fault.DOUBLE})
        doubled.run()
        assert doubled.frames <= 2 * clean.frames
        if window == 1:
            assert doubled.frames <= clean.frames + 2


@pytest.mark.parametrize("window", range(1, 8))
@pytest.mark.parametrize("information", [128, 2030])
def test_long_apdus(window: int, information: int) -> None:
    whole = line(window, [(20_000, 20_000), (65_535, 1), (1, 65_535)], {}, information)
    whole.run()
    whole.check_whole()
    counts = [ceil((size + 3) / information) for size in (20_000, 20_000, 65_535, 1, 1, 65_535)]
    segments, turns = sum(counts), sum(ceil(count / window) for count in counts)
    assert whole.frames <= segments + turns + 4


@settings(deadline=None, max_examples=150)
@given(
    window=st.integers(1, 7),
    faults=st.dictionaries(st.integers(0, 150), st.sampled_from(Fault), max_size=60),
    size=st.sampled_from([200, 3_000, 20_000]),
)
def test_many_faults_give_the_same_or_a_typed_failure(window: int, faults: dict[int, Fault], size: int) -> None:
    disturbed = line(window, [(size, 150), (20, size)], faults)
    disturbed.run()
    if isinstance(disturbed.end, Failed):
        assert isinstance(disturbed.end.error, HdlcNoAnswer)
        assert disturbed.server_got == disturbed.requests[: len(disturbed.server_got)]
        assert disturbed.client_got == disturbed.answers[: len(disturbed.client_got)]
    else:
        disturbed.check_whole()


@pytest.mark.parametrize("repetitions", [0, 1, 3])
def test_a_dead_line_is_a_typed_failure_after_the_limit(repetitions: int) -> None:
    clean = line(3, SIZES, {})
    clean.run()
    for position in range(clean.frames):
        dead = line(3, SIZES, dict.fromkeys(range(position, 1000), Fault.LOSE), repetitions=repetitions)
        dead.run()
        assert isinstance(dead.end, Failed)
        assert isinstance(dead.end.error, HdlcNoAnswer)
        assert dead.client.counters.repeated == repetitions
        assert dead.client.deadline is None
        assert Counter(dead.server_got) <= Counter(dead.requests)
