"""Hostile frames in great number: cases drawn from a seed, judged one by one, findings written down."""

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

from hostile.judge import MOST_CPU_S, Case, Finding, Side, judge, reseal
from hostile.mutation import in_pieces, mend_header, spoil
from hostile.scenes import SCENES, Scene

FINDINGS: Final = Path(__file__).parents[1] / "findings.jsonl"
"""One case a line; all of them are judged again by the tests."""

_MEMORY_EVERY: Final = 500
_HANG_S: Final = 10 * MOST_CPU_S
_MOST_RESIDENT_GROWTH: Final = 64 * 1024 * 1024
_WARM_UP: Final = 2_000


@dataclass(slots=True)
class Report:
    """`outcomes` counts the words of the judge; `growth` is resident memory gained after the warm-up, in octets."""

    frames: int = 0
    seconds: float = 0.0
    growth: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[Case, str]] = field(default_factory=list)


def draw(random: Random, scenes: tuple[Scene, ...] = SCENES) -> Case:
    """A hostile frame somewhere in a valid session."""
    scene = random.choice(scenes)
    side = random.choice(tuple(Side))
    index = random.randrange(len(scene.steps))
    others = [step.answered if side is Side.CLIENT else step.asked for step in scene.steps]
    valid = others[index]
    if random.random() < 0.3 and scene.level.ciphered:
        plaintexts = [b"\x01\x01\x02\x02\x09\x00\x06\x00\x00\x00\x00", random.randbytes(20)]
        resealed = reseal(valid, side, lambda plaintext: spoil(random, plaintext, plaintexts))
        if resealed is not None:
            return Case(scene.name, side, index, in_pieces(random, resealed), insider=True)
    frame = spoil(random, valid, others)
    if random.random() < 0.6:
        frame = mend_header(frame)
    return Case(scene.name, side, index, in_pieces(random, frame))


def run(seed: int, frames: int, seconds: float, scenes: tuple[Scene, ...] = SCENES) -> Report:
    """Judges cases until `frames` or `seconds` are used up; stops at 20 findings."""
    random, report = Random(seed), Report()
    began = time.monotonic()
    before = 0
    with _watchdog():
        while report.frames < frames and time.monotonic() - began < seconds and len(report.findings) < 20:
            case = draw(random, scenes)
            report.frames += 1
            signal.setitimer(signal.ITIMER_VIRTUAL, _HANG_S)
            try:
                report.outcomes[judge(case, memory=report.frames % _MEMORY_EVERY == 0)] += 1
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
