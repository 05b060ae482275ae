"""Meters that misbehave: which fault, from when on, for how many connections, and which meters have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from meterstream.simulator.world.curve import mixed

_SALT: Final = 0x0FA7
_STEPS: Final = 1_000_000
_MAX_VALUE: Final = 999_999_999


class FaultKind(StrEnum):
    """What goes wrong.

    SILENT: takes requests, executes and answers nothing. REFUSE: closes as soon as the meter is known.
    REJECT: answers an AARQ with an AARE that rejects it for ever. EXCEPTION: answers requests with an
    exception-response and does not execute them. WRONG_TAG: spoils the last octet of answers, which is part of the
    tag where they are ciphered. REPLAYED_COUNTER: seals each answer under the invocation counter of the one before.
    LOST_BLOCK: executes, and loses one block of a long answer. CUT: closes in the middle of an answer.
    SLOW: takes `delay_ms` for each answer. LOST_ANSWER: executes, then closes instead of answering.
    REBOOT: executes, then loses its power instead of answering and is out of reach for `down_ms`.
    WRONG_HEADER: the first octets of an answer are those of no frame. TEMPORARY_FAILURE: answers each access with
    that result and does not carry it out.
    """

    SILENT = "silent"
    REFUSE = "refuse"
    REJECT = "reject"
    EXCEPTION = "exception"
    WRONG_TAG = "wrong-tag"
    REPLAYED_COUNTER = "replayed-counter"
    LOST_BLOCK = "lost-block"
    CUT = "cut"
    SLOW = "slow"
    LOST_ANSWER = "lost-answer"
    REBOOT = "reboot"
    WRONG_HEADER = "wrong-header"
    TEMPORARY_FAILURE = "temporary-failure"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one meter.

    Attributes:
        after: answers of a connection that are still right; octets for CUT, blocks for LOST_BLOCK, accesses for
            TEMPORARY_FAILURE.
        connections: how many connections it strikes before the meter is well again; None: all.
        delay_ms: of SLOW.
        down_ms: of REBOOT.
        clock_lost: of REBOOT: the clock begins anew in the year 2000 instead of running on.
    """

    kind: FaultKind
    after: int = 0
    connections: int | None = None
    delay_ms: int = 10_000
    down_ms: int = 30_000
    clock_lost: bool = False

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: naming field and rule.
        """
        if not 0 <= self.after <= _MAX_VALUE:
            raise ValueError(f"after is {self.after}, expected 0 to {_MAX_VALUE}")
        if self.connections is not None and not 1 <= self.connections <= _MAX_VALUE:
            raise ValueError(f"connections is {self.connections}, expected 1 or more, up to {_MAX_VALUE}")
        for name in ("delay_ms", "down_ms"):
            if not 0 <= getattr(self, name) <= _MAX_VALUE:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 to {_MAX_VALUE}")

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> Fault:
        """Make one from named values, as YAML and JSON have them.

        Raises:
            ValueError: naming field and rule.
        """
        if "kind" not in fields:
            raise ValueError("kind is missing")
        kind = fields["kind"]
        if kind not in tuple(FaultKind):
            raise ValueError(f"kind {kind!r} is unknown; known: {', '.join(FaultKind)}")
        values: dict[str, int] = {}
        for name, value in fields.items():
            if name == "kind" or (name == "connections" and value is None):
                continue
            expected = FAULT_FIELDS.get(name)
            if expected is None:
                raise ValueError(f"unknown field {name}; known: kind, {', '.join(FAULT_FIELDS)}")
            if type(value) is not expected or not isinstance(value, int):
                raise ValueError(f"{name} is no {'whole number' if expected is int else 'true or false'}")
            values[name] = value
        return cls(FaultKind(str(kind)), **values)  # type: ignore[arg-type] # clock_lost was checked to be a bool

    def after_connection(self) -> Fault | None:
        """Give what is left of it once it has struck a connection."""
        if self.connections is None:
            return self
        return replace(self, connections=self.connections - 1) if self.connections > 1 else None


FAULT_FIELDS: Final[Mapping[str, type]] = {
    "after": int,
    "connections": int,
    "delay_ms": int,
    "down_ms": int,
    "clock_lost": bool,
}
"""What a fault may have besides its kind."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault that some meters have from the start: those of `meters`, or a share (0 to 1) of the fleet."""

    fault: Fault
    share: float = 0.0
    meters: tuple[range, ...] = ()

    @classmethod
    def parse(cls, text: str) -> PlannedFault:
        """Read "kind:share[:after=n][:connections=n][:delay-ms=n][:down-ms=n]", such as "cut:0.01:after=40".

        Raises:
            ValueError: naming what is wrong.
        """
        kind, _, rest = text.partition(":")
        share_text, *options = rest.split(":")
        if kind not in tuple(FaultKind):
            raise ValueError(f"fault {kind!r} is unknown; known: {', '.join(FaultKind)}")
        values: dict[str, object] = {"kind": kind}
        for option in options:
            name, _, value = option.partition("=")
            field = name.replace("-", "_")
            if field not in FAULT_FIELDS or not (value.isascii() and value.isdigit() and len(value) <= 9):
                known = ", ".join(each.replace("_", "-") for each in FAULT_FIELDS)
                raise ValueError(f"option {option!r} of fault {kind} is unknown; known, with a number: {known}")
            values[field] = value != "0" if FAULT_FIELDS[field] is bool else int(value)
        try:
            share = float(share_text)
        except ValueError:
            raise ValueError(f"share {share_text!r} of fault {kind} is no number") from None
        if not 0 <= share <= 1:
            raise ValueError(f"share {share_text} of fault {kind} is outside 0 to 1")
        return cls(Fault.from_fields(values), share)


def fault_for(plan: tuple[PlannedFault, ...], seed: str, number: int) -> Fault | None:
    """Tell which fault of a plan a meter has: the first one that names it, otherwise the one whose share it falls into.

    Shares do not overlap; which meters they strike depends on seed and number alone.
    """
    if not plan:
        return None
    for planned in plan:
        if any(number in numbers for numbers in planned.meters):
            return planned.fault
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
