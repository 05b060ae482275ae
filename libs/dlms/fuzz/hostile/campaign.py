"""Hostile octets in great number: cases drawn from a seed, judged one by one, findings written down."""

from __future__ import annotations

import gc
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from hostile.decoders import DECODERS, seeds
from hostile.finding import Finding
from hostile.insider import reseal
from hostile.judge import MOST_CPU_S, Case, judge
from hostile.lines import EVENT, PUSH, Line
from hostile.mutation import in_pieces, spoil, spoil_content, spoil_line
from hostile.scene import Scene
from hostile.scenes import SCENES
from hostile.side import ROLES, Side
from hostile.structure import envelopes_of, mend_checks, mend_header
from meterstream.dlms.apdu import ABORT, ConfirmedServiceError, ExceptionResponse, Rlre, Rlrq

FINDINGS: Final = Path(__file__).parents[1] / "findings.jsonl"
"""One case a line; all of them are judged again by the tests."""

_MEMORY_EVERY: Final = 250
_HANG_S: Final = 10 * MOST_CPU_S
_TIMER_EVERY: Final = 128
_MOST_RESIDENT_GROWTH: Final = 64 * 1024 * 1024
_WARM_UP: Final = 4_000
MOST_FINDINGS: Final = 20
_DECODER_SHARE: Final = 0.15
_INSIDER_SHARE: Final = 0.3
_DECODER_NAMES: Final = tuple(DECODERS)
_SAID_INSTEAD: Final = (
    ExceptionResponse(1, 2).encode(),
    ExceptionResponse(2, 6, 12_345).encode(),
    ConfirmedServiceError(1, 6, 2).encode(),
    Rlre().encode(),
    Rlrq().encode(),
    ABORT.encode(),
    PUSH.encode(),
    EVENT.encode(),
)


@dataclass(slots=True)
class Report:
    """Of one run.

    Attributes:
        outcomes: the words of the judge.
        growth: resident memory gained after the warm-up, in octets.
        amplification: by decoder, the most octets of memory that one octet of input took, where it was measured.
    """

    frames: int = 0
    seconds: float = 0.0
    growth: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[Case, str]] = field(default_factory=list)
    amplification: dict[str, int] = field(default_factory=dict)


def draw(random: Random, scenes: tuple[Scene, ...] = SCENES) -> Case:
    """Hostile octets somewhere in a valid session, or for a decoder."""
    if random.random() < _DECODER_SHARE:
        return _draw_for_decoder(random)
    scene = random.choice(scenes)
    side = random.choice(ROLES)
    index = random.randrange(len(scene.steps))
    then = random.randint(1, 3) if random.random() < 0.25 else 0
    again = side is Side.CLIENT and random.random() < 0.1
    valid = [step.answered if side is Side.CLIENT else step.asked for step in scene.steps]
    others = valid + _said_instead(valid[index])
    if scene.ciphered and random.random() < _INSIDER_SHARE:
        plaintexts = [*_SAID_INSTEAD, b"\x01\x01\x02\x02\x09\x00\x06\x00\x00\x00\x00", random.randbytes(20)]
        resealed = reseal(scene, index, side, lambda plain: spoil_content(random, plain, plaintexts), random)
        if resealed is not None:
            pieces = _pieces(random, scene, resealed)
            return Case(scene.name, side, index, pieces, insider=True, then=then, again=again)
    frame = _spoilt(random, valid[index], others)
    return Case(scene.name, side, index, _pieces(random, scene, frame), then=then, again=again)


def _said_instead(valid: bytes) -> list[bytes]:
    """Refusals and other short APDUs, as they would lie on the line in the place of the first valid one."""
    envelopes = envelopes_of(valid)
    return [envelopes[0]._replace(apdu=apdu).encode() for apdu in _SAID_INSTEAD] if envelopes else []


def _draw_for_decoder(random: Random) -> Case:
    known = seeds()
    octets = random.choice(known)
    name = random.choice(_DECODER_NAMES)
    if name.startswith("decode_") and random.random() < 0.5:
        octets = _of_kind(random, known, name) or octets
    others = [random.choice(known), random.choice(known)]
    spoilt = _spoilt(random, octets, others) if random.random() < 0.3 else spoil_content(random, octets, others)
    return Case(name, Side.DECODER, 0, (spoilt,))


def _of_kind(random: Random, known: tuple[bytes, ...], name: str) -> bytes | None:
    """Octets that this decoder takes, if some are found soon."""
    for _ in range(24):
        octets = random.choice(known)
        try:
            DECODERS[name](octets)
        except Exception:  # noqa: S112 - whatever it is, the judge will see to it
            continue
        return octets
    return None


def _spoilt(random: Random, valid: bytes, others: list[bytes]) -> bytes:
    if random.random() < 0.5:
        return spoil_line(random, valid, others)
    frame = spoil(random, valid or b"\x00", others)
    if random.random() < 0.6:
        return mend_checks(frame) if frame.startswith(b"\x7e") else mend_header(frame)
    return frame


def _pieces(random: Random, scene: Scene, octets: bytes) -> tuple[bytes, ...]:
    if scene.line is Line.UDP and random.random() < 0.8:
        return scene.on_line(octets)
    return in_pieces(random, octets)


def run(
    seed: int,
    frames: int,
    seconds: float,
    scenes: tuple[Scene, ...] = SCENES,
    most_findings: int = MOST_FINDINGS,
) -> Report:
    """Judges cases until `frames` or `seconds` are used up, or there are so many findings."""
    random, report = Random(seed), Report()
    began = time.monotonic()
    before = 0
    with _watchdog():
        while report.frames < frames and time.monotonic() - began < seconds and len(report.findings) < most_findings:
            case = draw(random, scenes)
            report.frames += 1
            if report.frames % _TIMER_EVERY == 1:
                signal.setitimer(signal.ITIMER_VIRTUAL, _HANG_S)
            try:
                _judge(case, report)
            except Finding as finding:
                report.findings.append((case, str(finding)))
            if report.frames == _WARM_UP:
                before = _resident()
    report.seconds = time.monotonic() - began
    if before:
        gc.collect()
        report.growth = _resident() - before
        if report.growth > _MOST_RESIDENT_GROWTH:
            raise Finding(f"{report.growth} octets of memory after {report.frames} frames")
    return report


def _judge(case: Case, report: Report) -> None:
    """Memory is measured now and then, of decoders more often. Raises: Finding."""
    decoder = case.side is Side.DECODER
    memory = report.frames % (_MEMORY_EVERY // 10 if decoder else _MEMORY_EVERY) == 0
    verdict = judge(case, memory=memory)
    report.outcomes[verdict.outcome] += 1
    if decoder and memory:
        per_octet = verdict.peak // max(64, sum(map(len, case.pieces)))
        report.amplification[case.scene] = max(per_octet, report.amplification.get(case.scene, 0))


@contextmanager
def _watchdog() -> Iterator[None]:
    """Turns a frame that never ends into a Finding; the limit is CPU time."""

    def hang(_signal: int, _frame: FrameType | None) -> None:
        raise Finding(f"still busy after {_HANG_S} s of CPU")

    before = signal.signal(signal.SIGVTALRM, hang)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
