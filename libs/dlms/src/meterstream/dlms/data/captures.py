"""The capture after a capture: what a clock that a profile leaves out must have said (IEC 62056-6-2, 4.3.6)."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias

from meterstream.dlms.data.temporal import STATUS_DAYLIGHT_SAVING, CosemDateTime
from meterstream.dlms.errors import DecodeError

NextCapture: TypeAlias = Callable[[CosemDateTime], CosemDateTime]
"""From the clock of one row to that of the next. Raises: DecodeError when the clock does not tell."""

_DAY_S: Final = 86_400


@lru_cache(maxsize=64)
def every(period_s: int, zone: tzinfo | None = None) -> NextCapture:
    """One capture period later.

    Args:
        period_s: capture_period, seconds, at least 1.
        zone: of the meter's clock. With it whole days are counted on the wall clock, and deviation and summer-time
            flag follow the zone; without it the deviation stays as it is.
    Raises: ValueError for a period below 1 s.
    """
    if period_s < 1:
        raise ValueError(f"a capture period of {period_s} s")
    period = timedelta(seconds=period_s)
    if period_s % _DAY_S == 0:
        return _mover(lambda local: local + period, zone)  # arithmetic within one zone ignores its offset
    return _mover(lambda local: (local.astimezone(UTC) + period).astimezone(local.tzinfo), zone)


@lru_cache(maxsize=64)
def monthly(zone: tzinfo | None = None) -> NextCapture:
    """The same time one calendar month later, on the last day of the month at the latest; `zone` as for every()."""
    return _mover(_month_later, zone)


def _mover(step: Callable[[datetime], datetime], zone: tzinfo | None) -> NextCapture:
    """Remembers what it has answered: the meters of one profile leave out the same clocks."""
    return lru_cache(maxsize=4_096)(lambda clock: _moved(clock, step, zone))


def _month_later(local: datetime) -> datetime:
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def _moved(clock: CosemDateTime, step: Callable[[datetime], datetime], zone: tzinfo | None) -> CosemDateTime:
    local = clock.to_datetime(zone or UTC)
    if local is None:
        raise DecodeError("a clock with open parts does not tell the next capture")
    try:
        after = step(local if zone is None else local.astimezone(zone))
    except (OverflowError, ValueError) as error:
        raise DecodeError("the capture after this one is beyond the calendar") from error
    moved = clock._replace(
        year=after.year,
        month=after.month,
        day=after.day,
        weekday=None if clock.weekday is None else after.isoweekday(),
        hour=after.hour,
        minute=after.minute,
        second=None if clock.second is None else after.second,
    )
    return moved if zone is None else _in_zone(moved, after)


def _in_zone(clock: CosemDateTime, moment: datetime) -> CosemDateTime:
    """`clock` with the deviation and summer-time flag of `moment`, where it has them."""
    status, deviation = clock.status, clock.deviation
    if status is not None:
        status = status & ~STATUS_DAYLIGHT_SAVING | (STATUS_DAYLIGHT_SAVING if moment.dst() else 0)
    if deviation is not None:
        deviation = -((moment.utcoffset() or timedelta()) // timedelta(minutes=1))
    return clock._replace(status=status, deviation=deviation)
