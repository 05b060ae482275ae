"""What event logs hold that nobody has made happen: rows of years of service, a function of meter number and time.

Each log has slots of a fixed length with one event in each, at a moment of its own; codes go round, so that a cover
that was removed is closed next. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from meterstream.simulator.world.curve import EPOCH, mixed

EventRow: TypeAlias = tuple[int, ...]
"""Time in seconds of the meter's clock, event code, and further columns in the order of the log."""

STANDARD: Final = "standard_event_log"
POWER_FAILURES: Final = "power_failure_log"
EXTENDED_QUALITY: Final = "power_quality_extended_event_log"
DISTORTION: Final = "power_quality_thd_event_log"

_DAY: Final = 86_400
_CLEARED, _AUXILIARY_CLEARED = 255, 0xFFFF
_POWER_FAILURE, _POWER_RETURNED = 1, 2
_FAILURE_SLOT: Final = 75 * _DAY
_SHORTEST_FAILURE_S, _FAILURE_SPREAD_S = 180, 7_200
_SAGS: Final = range(93, 96)
_U16: Final = 0x10000


@dataclass(frozen=True, slots=True)
class _Course:
    """Which codes a log goes through, and how often."""

    codes: tuple[int, ...]
    slot_s: int
    cleared: int = _CLEARED
    salt: int = 0

    def row(self, number: int, slot: int) -> tuple[int, int]:
        """Time and code of the event in a slot; the log was cleared when the meter was installed."""
        time = EPOCH + slot * self.slot_s + mixed(number, self.salt + slot) % self.slot_s
        return time, self.code(number, slot)

    def code(self, number: int, slot: int) -> int:
        return self.cleared if not slot else self.codes[(slot + self.first(number)) % len(self.codes)]

    def first(self, number: int) -> int:
        """Where a meter begins among the codes, so that meters differ."""
        return mixed(number, self.salt) % len(self.codes)

    def last_slot(self, number: int, now: int) -> int:
        """Number of the last slot whose event has happened; -1: none yet."""
        slot = (now - EPOCH) // self.slot_s
        return slot if slot >= 0 and self.row(number, slot)[0] <= now else slot - 1


_COURSES: Final = MappingProxyType(
    {
        STANDARD: _Course((3, 4, 5, 8, 7, 9, 10, 11, 19, 17, 18, 20, 21, 22), 9 * _DAY, salt=1 << 20),
        "fraud_detection_event_log": _Course((40, 41, 44, 45, 42, 43, 48, 49, 46, 47), 60 * _DAY, salt=2 << 20),
        "mbus_event_log": _Course(tuple(range(100, 108)), 21 * _DAY, salt=3 << 20),
        "communication_session_event_log": _Course(tuple(range(71, 77)), _DAY, salt=4 << 20),
        "power_quality_event_log": _Course(
            (77, 83, 78, 84, 79, 85, 80, 83, 81, 84, 82, 85, 86, 90, 87, 91, 88, 92), 12 * _DAY, salt=5 << 20
        ),
        "auxiliary_event_log": _Course(
            (0x1000, *range(0x8080, 0x80A0), 0x80A0, 0x80A1), 18 * _DAY, _AUXILIARY_CLEARED, salt=6 << 20
        ),
        EXTENDED_QUALITY: _Course(tuple(range(93, 99)), 15 * _DAY, salt=7 << 20),
        DISTORTION: _Course((51, 54, 52, 55, 53, 56, 57, 58, 59), 25 * _DAY, salt=8 << 20),
    }
)
_FAILURES: Final = _Course((0,), _FAILURE_SLOT, salt=9 << 20)


def past_rows(role: str, number: int, now: int, entries: int) -> list[EventRow]:
    """List the newest rows of a log up to `now` (seconds of the meter's clock), oldest first."""
    if role == POWER_FAILURES:
        return list(_failures(number, now, entries))
    course = _COURSES.get(role)
    if course is None:
        return []
    last = course.last_slot(number, now)
    rows: list[EventRow] = [
        (*course.row(number, slot), *_columns(role, number, course, slot))
        for slot in range(max(0, last - entries + 1), last + 1)
    ]
    if role == STANDARD:
        for end, duration in _failures(number, now, entries):
            rows += [(end - duration, _POWER_FAILURE), (end, _POWER_RETURNED)]
        rows = sorted(rows)[-entries:]
    return rows


def past_power_failures(number: int, now: int) -> int:
    """Count the long power failures up to `now`."""
    return _FAILURES.last_slot(number, now) + 1


def past_quality_events(code: int, number: int, now: int) -> int:
    """Count how often a voltage sagged (93 to 95) or swelled (96 to 98) up to `now`."""
    course = _COURSES[EXTENDED_QUALITY]
    events, count = course.last_slot(number, now), len(course.codes)
    if events <= 0:
        return 0
    turns, rest = divmod(events, count)
    place = (course.codes.index(code) - 1 - course.first(number)) % count
    return turns + (place < rest)


def _failures(number: int, now: int, entries: int) -> Iterator[tuple[int, int]]:
    """Give end and duration of long power failures."""
    last = _FAILURES.last_slot(number, now)
    for slot in range(max(0, last - entries + 1), last + 1):
        end, _ = _FAILURES.row(number, slot)
        yield end, _SHORTEST_FAILURE_S + mixed(number, end) % _FAILURE_SPREAD_S


def _columns(role: str, number: int, course: _Course, slot: int) -> EventRow:
    """Give the columns after the code: session counter, or magnitude (0.1 V or %) and duration (0.1 s)."""
    if role == "communication_session_event_log":
        return (slot % _U16,)
    chance = mixed(number, course.salt - slot)
    if role == DISTORTION:
        return (100 + chance % 60,)
    if role != EXTENDED_QUALITY or not slot:
        return ()
    lowest = 1_840 if course.code(number, slot) in _SAGS else 2_540
    return lowest + chance % 200, 1 + (chance >> 32) % 600
