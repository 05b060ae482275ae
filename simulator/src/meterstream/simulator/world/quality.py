"""Registers that count power failures, sags and swells or hold the last event of a log; the logs agree with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from meterstream.dlms.data import Data
from meterstream.dlms.objects import CosemObject
from meterstream.simulator.world.curve import mixed
from meterstream.simulator.world.events import history_end, last_value, rows_of, total
from meterstream.simulator.world.history import (
    DISTORTION,
    EXTENDED_QUALITY,
    POWER_FAILURES,
    past_power_failures,
    past_quality_events,
)

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

_EVENT: Final = re.compile(r"(.+)_event_(code|counter|magnitude|duration)")
_DISTORTION: Final = re.compile(r"magnitude_of_last_current_over_limit_thd_in_phase_l([123])")
_BEFORE_DISTORTIONS: Final = (50, 53, 56)
"""Codes before those of L1: over limit, normal again, long over limit."""
_COLUMNS: Final = {"code": 1, "counter": 2, "magnitude": 2, "duration": 3}
_LONG_S: Final = 180
_U16: Final = 0xFFFF
_FIRST_SAG, _FIRST_SWELL = 93, 96
_LOOK_BACK: Final = 20
_SHORT_FAILURES: Final = 8
_VOLTAGE: Final = re.compile(
    r"(?:(number)_of_voltage|(magnitude|duration)_of_last_voltage)_(sag|swell)s?_(?:for|in_phase)_l([123])"
)


def quality_reader(item: CosemObject) -> Callable[[SimulatedMeter, int], Data] | None:
    """Choose the reader of a counter, or of the last event of a log, or the last sag or swell; None: another object."""
    kind = item.attributes[2].type.data_type
    if item.role == "duration_of_long_power_failure":
        return lambda meter, at: Data(kind, last_value(meter, POWER_FAILURES, 1, at))
    event = _EVENT.fullmatch(item.role)
    if event is not None:
        log, place = f"{event[1]}_event_log", _COLUMNS[event[2]]
        return lambda meter, at: Data(kind, last_value(meter, log, place, at))
    if item.role == "number_of_long_power_failures":
        return lambda meter, at: Data(kind, _long_failures(meter, at) & _U16)
    if item.role == "number_of_power_failures":
        return lambda meter, at: Data(kind, _long_failures(meter, at) + mixed(meter.number, 5) % _SHORT_FAILURES & _U16)
    distorted = _DISTORTION.fullmatch(item.role)
    if distorted is not None:
        codes = [int(distorted[1]) + first for first in _BEFORE_DISTORTIONS]
        return lambda meter, at: Data(kind, _last(meter, DISTORTION, codes, 2, at))
    found = _VOLTAGE.fullmatch(item.role)
    if found is None:
        return None
    number, part, direction, phase = found.groups()
    code = (_FIRST_SAG if direction == "sag" else _FIRST_SWELL) + int(phase) - 1
    if number:
        return lambda meter, at: Data(kind, _events(meter, code, at) & _U16)
    column = 2 if part == "magnitude" else 3
    return lambda meter, at: Data(kind, _last(meter, EXTENDED_QUALITY, [code], column, at))


def _long_failures(meter: SimulatedMeter, at: int) -> int:
    past = past_power_failures(meter.number, history_end(meter, POWER_FAILURES, at))
    return past + total(meter, POWER_FAILURES, at)


def _events(meter: SimulatedMeter, code: int, at: int) -> int:
    past = past_quality_events(code, meter.number, history_end(meter, EXTENDED_QUALITY, at))
    return past + total(meter, EXTENDED_QUALITY, at, code)


def _last(meter: SimulatedMeter, log: str, codes: Sequence[int], column: int, at: int) -> int:
    """Give a column of the newest row with one of these codes; 0: the log has none."""
    for row in reversed(rows_of(meter, log, _LOOK_BACK, at)):
        if row[1] in codes and len(row) > column:
            return row[column]
    return 0


def log_power_failure(meter: SimulatedMeter, duration_s: int, at: int) -> None:
    """The power is back after so many seconds: a row in the power failure log when it was away for 3 minutes."""
    if duration_s >= _LONG_S:
        meter.log(POWER_FAILURES, duration_s, at)


def log_voltage_event(meter: SimulatedMeter, code: int, magnitude: int, duration: int, at: int) -> None:
    """A voltage has sagged (93 to 95 for L1 to L3) or swelled (96 to 98): an extended row, and its alarm.

    Args:
        magnitude: in 0.1 V.
        duration: in 0.1 s.

    Raises:
        ValueError: another code.
        LookupError: the meter's protocol has no such log.
    """
    if not _FIRST_SAG <= code < _FIRST_SAG + 6:
        raise ValueError(f"code {code} is outside {_FIRST_SAG} to {_FIRST_SAG + 5}")
    if EXTENDED_QUALITY not in meter.tree.by_role:
        raise LookupError(f"{meter.model.profile} has no extended power quality log")
    meter.log(EXTENDED_QUALITY, code, at, magnitude, duration)
    meter.raise_alarm(2, code - _FIRST_SAG, at)
