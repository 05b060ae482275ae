"""Meters that misbehave: which fault, from when on, for how many connections."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from meterstream.simulator.curve import mixed

_SALT: Final = 0x0FA7
_STEPS: Final = 1_000_000
_OPTIONS: Final = {"after": "after", "connections": "connections", "delay-ms": "delay_ms"}
_OPTION: Final = re.compile(r"([a-z-]+)=([0-9]{1,9})", re.ASCII)


class FaultKind(StrEnum):
    """What goes wrong.

    SILENT: takes requests, executes and answers nothing. REFUSE: closes as soon as the meter is known.
    WRONG_TAG: spoils the last octet of answers, which is part of the tag where they are ciphered.
    CUT: closes in the middle of an answer. SLOW: takes `delay_ms` for each answer.
    LOST_ANSWER: executes, then closes instead of answering.
    """

    SILENT = "silent"
    REFUSE = "refuse"
    WRONG_TAG = "wrong-tag"
    CUT = "cut"
    SLOW = "slow"
    LOST_ANSWER = "lost-answer"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one meter.

    Attributes:
        after: answers of a connection that are still right; for CUT octets instead of answers.
        connections: how many connections it strikes before the meter is well again; None: all.
        delay_ms: of SLOW.
    """

    kind: FaultKind
    after: int = 0
    connections: int | None = None
    delay_ms: int = 10_000

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: naming field and rule.
        """
        if self.after < 0:
            raise ValueError(f"after is {self.after}, expected 0 or more")
        if self.connections is not None and self.connections < 1:
            raise ValueError(f"connections is {self.connections}, expected 1 or more")
        if self.delay_ms < 0:
            raise ValueError(f"delay-ms is {self.delay_ms}, expected 0 or more")

    def after_connection(self) -> Fault | None:
        """Give what is left of it once it has struck a connection."""
        if self.connections is None:
            return self
        return replace(self, connections=self.connections - 1) if self.connections > 1 else None


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault that a share (0 to 1) of the fleet has from the start."""

    fault: Fault
    share: float

    @classmethod
    def parse(cls, text: str) -> PlannedFault:
        """Read "kind:share[:after=n][:connections=n][:delay-ms=n]", such as "cut:0.01:after=40".

        Raises:
            ValueError: naming what is wrong.
        """
        kind, _, rest = text.partition(":")
        share_text, *options = rest.split(":")
        if kind not in tuple(FaultKind):
            raise ValueError(f"fault {kind!r} is unknown; known: {', '.join(FaultKind)}")
        values: dict[str, int] = {}
        for option in options:
            match = _OPTION.fullmatch(option)
            if match is None or match[1] not in _OPTIONS:
                raise ValueError(f"option {option!r} of fault {kind} is unknown; known: {', '.join(_OPTIONS)}")
            values[_OPTIONS[match[1]]] = int(match[2])
        try:
            share = float(share_text)
        except ValueError:
            raise ValueError(f"share {share_text!r} of fault {kind} is no number") from None
        if not 0 <= share <= 1:
            raise ValueError(f"share {share_text} of fault {kind} is outside 0 to 1")
        return cls(Fault(FaultKind(kind), **values), share)


def fault_for(plan: tuple[PlannedFault, ...], seed: str, number: int) -> Fault | None:
    """Tell which fault of a plan a meter has; shares do not overlap, the choice depends on seed and number alone."""
    if not plan:
        return None
    point = mixed(number, _SALT + int.from_bytes(seed.encode(), "big")) % _STEPS
    reached = 0.0
    for planned in plan:
        reached += planned.share * _STEPS
        if point < reached:
            return planned.fault
    return None


def spoil(frames: bytes) -> bytes:
    """Flip a bit in the last octet of each wrapper frame."""
    spoilt = bytearray(frames)
    end = 0
    while end + 8 <= len(spoilt):
        end += 8 + int.from_bytes(spoilt[end + 6 : end + 8], "big")
        spoilt[min(end, len(spoilt)) - 1] ^= 0x01
    return bytes(spoilt)
