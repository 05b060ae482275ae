"""Whether a role, or a decoder, stood up to hostile octets."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from hostile.decoders import DECODERS
from hostile.finding import Finding
from hostile.lines import ClientEnd, Heard, MeterEnd
from hostile.promises import check_heard, check_meter
from hostile.scene import hear
from hostile.scenes import BY_NAME
from hostile.side import Side
from hostile.structure import envelopes_of, octets_of, renumbered
from meterstream.dlms.errors import DlmsError

MOST_CPU_S: Final = 1.0
MOST_OCTETS: Final = 8 * 1024 * 1024
MOST_PER_OCTET: Final = 2_048
MOST_TURNS: Final = 1_200
"""Frames that a client asks for in a row: 256 blocks, each of which may be asked for again."""
MOST_WAITS: Final = 40
"""Time-outs in a row."""
MOST_SENT: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """Hostile octets in their place: instead of the answer (side client) or the request (side meter) of a step.

    For a decoder `scene` is its name and `pieces` are joined.

    Attributes:
        insider: sealed with the right keys, so that only the content can be refused.
        then: valid frames of the session that follow.
        again: the client hears it again, block numbers rising, for as long as it asks for more.
    """

    scene: str
    side: Side
    step: int
    pieces: tuple[bytes, ...]
    insider: bool = False
    then: int = 0
    again: bool = False

    def to_json(self) -> str:
        fields: dict[str, Any] = {
            "scene": self.scene,
            "side": self.side,
            "step": self.step,
            "insider": self.insider,
            "then": self.then,
            "again": self.again,
            "pieces": [piece.hex() for piece in self.pieces],
        }
        return json.dumps(fields)

    @classmethod
    def from_json(cls, line: str) -> Self:
        raw = json.loads(line)
        pieces = tuple(bytes.fromhex(piece) for piece in raw["pieces"])
        side = Side(raw["side"])
        return cls(raw["scene"], side, raw["step"], pieces, raw["insider"], raw.get("then", 0), raw.get("again", False))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case: a word for statistics, and the most memory it took where that was measured."""

    outcome: str
    peak: int = 0


def judge(case: Case, *, memory: bool = False) -> Verdict:
    """`memory` measures that too, which takes ten times as long.

    Raises: Finding.
    """
    trial = _PREPARE[case.side](case)
    if memory:
        tracemalloc.start()
    began = time.perf_counter()
    try:
        outcome = trial()
        seconds = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1] if memory else 0
    finally:
        if memory:
            tracemalloc.stop()
    if seconds > MOST_CPU_S and not memory and (cpu := _cpu_of(_PREPARE[case.side](case))) > MOST_CPU_S:
        raise Finding(f"{cpu:.1f} s of CPU")
    if peak > MOST_OCTETS + MOST_PER_OCTET * sum(map(len, case.pieces)) * (case.side is Side.DECODER):
        raise Finding(f"{peak} octets of memory")
    return Verdict(outcome, peak)


def _cpu_of(trial: Callable[[], str]) -> float:
    """CPU seconds: asked for only where the clock on the wall raised a doubt, for it costs more than a frame."""
    began = time.thread_time()
    trial()
    return time.thread_time() - began


# Decoders


def _decoder_trial(case: Case) -> Callable[[], str]:
    decoder, octets = DECODERS[case.scene], b"".join(case.pieces)

    def trial() -> str:
        try:
            decoder(octets)
        except DlmsError as error:
            if case.scene.startswith("trace"):
                raise Finding(f"{error.code} out of a trace") from error
            return error.code
        except Exception as error:
            raise Finding(f"{type(error).__name__} instead of a typed error: {error}") from error
        return "decoded"

    return trial


# Clients


def _client_trial(case: Case) -> Callable[[], str]:
    scene = BY_NAME[case.scene]
    client = scene.client_before(case.step)
    answered = scene.on_line(scene.steps[case.step].answered) if case.then else ()

    def trial() -> str:
        try:
            heard = _first_event(client, (*case.pieces, *answered))
            whole = _dialogue(client, case, heard) if case.again or scene.line.hdlc else heard
        except Finding:
            raise
        except Exception as error:
            raise Finding(f"{type(error).__name__} instead of a typed error") from error
        check_heard(scene, case, client, whole)
        return _word(whole)

    return trial


def _first_event(client: ClientEnd, pieces: tuple[bytes, ...]) -> Heard:
    """Until there is something to react to."""
    for piece in pieces:
        heard = client.receive(piece)
        if heard != Heard():
            return heard
    return Heard()


def _dialogue(client: ClientEnd, case: Case, heard: Heard) -> Heard:
    """The client goes on until it neither sends nor waits: it may not do either for ever.

    Raises: Finding.
    """
    events, error, sent, waits = heard.events, heard.error, len(heard.octets), 0
    for turn in range(1, MOST_TURNS):
        if heard.octets and case.again:
            heard = hear(client, tuple(_further(piece, turn) for piece in case.pieces))
            waits = 0
        else:
            waited = client.waited()
            if waited is None:
                return Heard(b"", events, error)
            waits += 1
            heard = waited
        sent += len(heard.octets)
        events += heard.events
        error = error or heard.error
        if sent > MOST_SENT or waits > MOST_WAITS:
            raise Finding(f"{sent} octets sent and {waits} time-outs later it still goes on")
    raise Finding(f"asks for more after {MOST_TURNS} turns")


def _further(piece: bytes, turn: int) -> bytes:
    """The piece with its blocks numbered so many further."""
    envelopes = envelopes_of(piece)
    if not envelopes:
        return piece
    return octets_of([envelope._replace(apdu=renumbered(envelope.apdu, turn)) for envelope in envelopes])


def _word(heard: Heard) -> str:
    if heard.error is not None:
        return heard.error.code
    return type(heard.events[-1]).__name__ if heard.events else "awaits more"


# Meters


def _meter_trial(case: Case) -> Callable[[], str]:
    scene = BY_NAME[case.scene]
    meter = scene.meter_before(case.step)
    follows = scene.steps[case.step : case.step + case.then]

    def trial() -> str:
        try:
            answered = sum(len(meter.receive(piece)) for piece in case.pieces)
            check_meter(scene, case, meter)
            for step in follows:
                for piece in scene.on_line(step.asked):
                    answered += len(meter.receive(piece))
            waits = _wait(meter)
        except Finding:
            raise
        except Exception as error:
            raise Finding(f"{type(error).__name__} out of the meter role") from error
        if waits > MOST_WAITS or answered > MOST_SENT:
            raise Finding(f"{answered} octets answered, {waits} time-outs")
        if not case.then:
            return "answered" if answered else "closed" if meter.closed else "silent"
        check_meter(scene, case, meter)
        return "went on" if answered else "closed" if meter.closed else "silent"

    return trial


def _wait(meter: MeterEnd) -> int:
    waits = 0
    while waits <= MOST_WAITS and meter.waited():
        waits += 1
    return waits


_PREPARE: Final[dict[Side, Callable[[Case], Callable[[], str]]]] = {
    Side.CLIENT: _client_trial,
    Side.METER: _meter_trial,
    Side.DECODER: _decoder_trial,
}
