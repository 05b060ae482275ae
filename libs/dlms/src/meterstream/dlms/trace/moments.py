"""Text of date-times, dates and times, open and special parts included (IEC 62056-6-2, 4.1.6.1)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.data import CosemDateTime
from meterstream.dlms.data.temporal import (
    DAY_LAST,
    DAY_SECOND_LAST,
    MONTH_DAYLIGHT_SAVING_BEGIN,
    MONTH_DAYLIGHT_SAVING_END,
    STATUS_DAYLIGHT_SAVING,
    STATUS_DOUBTFUL,
    STATUS_INVALID,
    STATUS_INVALID_CLOCK,
    STATUS_OTHER_CLOCK_BASE,
)

DATE_TIME_OCTETS: Final = 12
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = {MONTH_DAYLIGHT_SAVING_END: "DST-end", MONTH_DAYLIGHT_SAVING_BEGIN: "DST-begin"}
_DAYS: Final = {DAY_SECOND_LAST: "second-last", DAY_LAST: "last"}
_STATUS: Final = {
    STATUS_INVALID: "invalid",
    STATUS_DOUBTFUL: "doubtful",
    STATUS_OTHER_CLOCK_BASE: "other clock base",
    STATUS_INVALID_CLOCK: "invalid clock status",
    STATUS_DAYLIGHT_SAVING: "daylight saving",
}
_YEARS: Final = range(1970, 2200)
_DEVIATIONS: Final = range(-840, 841)


def is_plausible(moment: CosemDateTime) -> bool:
    """Whether every part is open or within its range, so that 12 octets may well be a date-time."""
    return (
        (moment.year is None or moment.year in _YEARS)
        and (moment.month is None or 1 <= moment.month <= 12 or moment.month in _MONTHS)
        and (moment.day is None or 1 <= moment.day <= 31 or moment.day in _DAYS)
        and (moment.weekday is None or 1 <= moment.weekday <= 7)
        and (moment.hour is None or moment.hour < 24)
        and (moment.minute is None or moment.minute < 60)
        and (moment.second is None or moment.second < 60)
        and (moment.hundredths is None or moment.hundredths < 100)
        and (moment.deviation is None or moment.deviation in _DEVIATIONS)
    )


def date_time_text(octets: bytes) -> str | None:
    """Text of 12 octets; None when they are no plausible date-time, or another number of them."""
    if len(octets) != DATE_TIME_OCTETS:
        return None
    moment = CosemDateTime.from_bytes(octets)
    if not is_plausible(moment):
        return None
    return " ".join((_date(moment), _time(moment), _zone(moment.deviation), _status(moment.status)))


def date_text(octets: bytes) -> str | None:
    """Text of a date of 5 octets, likewise."""
    moment = CosemDateTime.from_bytes(octets + b"\xff\xff\xff\xff\x80\x00\xff")
    return _date(moment) if is_plausible(moment) else None


def time_text(octets: bytes) -> str | None:
    """Text of a time of 4 octets, likewise."""
    moment = CosemDateTime.from_bytes(b"\xff\xff\xff\xff\xff" + octets + b"\x80\x00\xff")
    return _time(moment) if is_plausible(moment) else None


def _two(part: int | None) -> str:
    return "**" if part is None else f"{part:02}"


def _date(moment: CosemDateTime) -> str:
    year = "****" if moment.year is None else f"{moment.year:04}"
    month = _two(moment.month) if moment.month not in _MONTHS else _MONTHS[moment.month]
    day = _two(moment.day) if moment.day not in _DAYS else _DAYS[moment.day]
    weekday = "" if moment.weekday is None else f" {_WEEKDAYS[moment.weekday - 1]}"
    return f"{year}-{month}-{day}{weekday}"


def _time(moment: CosemDateTime) -> str:
    hundredths = "" if moment.hundredths is None else f".{moment.hundredths:02}"
    return f"{_two(moment.hour)}:{_two(moment.minute)}:{_two(moment.second)}{hundredths}"


def _zone(deviation: int | None) -> str:
    if deviation is None:
        return "zone open"
    hours, minutes = divmod(abs(deviation), 60)
    return f"UTC{'-' if deviation > 0 else '+'}{hours:02}:{minutes:02}"


def _status(status: int | None) -> str:
    if status is None:
        return "status open"
    names = [name for bit, name in _STATUS.items() if status & bit]
    return f"status {status:02X}" + (f" ({', '.join(names)})" if names else "")
