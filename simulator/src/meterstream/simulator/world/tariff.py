"""Tariff calendars: which rate applies when, by season, week, day and special day (Blue Book 4.5.5 and 4.5.4)."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from meterstream.dlms.data import CosemDateTime, Data, DataType, array, long_unsigned, octet_string, structure, unsigned
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.world.zone import Zone

LOW, NORMAL = 1, 2
SCRIPT_TABLE: Final = bytes((0, 0, 10, 0, 100, 255))
MOST: Final = 4
"""Seasons, weeks and days of the tables of smart meter requirements."""
MOST_SPECIAL_DAYS: Final = 30

_ANY_YEAR: Final = 0xFFFF
_ANY: Final = 0xFF
_LAST_DAY: Final = 0xFE
_MONTHS: Final = 12
_DAYS: Final = 31
_WEEK: Final = 7
_DAYS_SEEN: Final = 1024


class TariffTables(NamedTuple):
    """Attributes 3 to 5 (or 7 to 9) of an activity calendar and attribute 2 of the special days table."""

    seasons: Data
    weeks: Data
    days: Data
    special_days: Data = array()


class Season(NamedTuple):
    """`month`, `day` and `weekday` 0: not given; day 254 is the last day, or last such weekday, of the month."""

    month: int
    day: int
    weekday: int
    week: bytes


class SpecialDay(NamedTuple):
    """Parts 0 where not given."""

    year: int
    month: int
    day: int
    weekday: int
    day_id: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """A readable form of the tables; `days` holds (seconds after midnight, rate) of each day, in order."""

    seasons: tuple[Season, ...]
    weeks: dict[bytes, tuple[int, ...]]
    days: dict[int, tuple[tuple[int, int], ...]]
    special_days: tuple[SpecialDay, ...]
    _seen: dict[tuple[Zone, int], list[tuple[int, int]]] = field(default_factory=dict, repr=False, compare=False)

    def rates(self, year: int, month: int, day: int, weekday: int) -> tuple[tuple[int, int], ...]:
        """List the switches of a date: (seconds after midnight, rate)."""
        for special in self.special_days:
            wanted = zip(special[:4], (year, month, day, weekday), strict=True)
            if all(given in (0, shown) for given, shown in wanted) and special.day_id in self.days:
                return self.days[special.day_id]
        week = self.weeks.get(self._week(year, month, day), ())
        return self.days.get(week[weekday - 1], ()) if week else ()

    def spans(self, zone: Zone, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Cut the time from `begin` to `end` (seconds since 1970) where the rate changes: (from, to, rate)."""
        switches = [(begin, self.rate_at(zone, begin)), *self._switches(zone, begin, end), (end, NORMAL)]
        for (start, rate), (stop, _) in pairwise(switches):
            yield start, stop, rate

    def rate_at(self, zone: Zone, moment: int) -> int:
        """Tell the rate at a moment; what the day before ended with goes on until the first switch of a day."""
        midnight = zone.day_start(moment)
        for _ in range(_WEEK + 1):
            passed = [rate for time, rate in self._of_day(zone, midnight) if time <= moment]
            if passed:
                return passed[-1]
            midnight = zone.previous_day(midnight)
        return NORMAL

    def _switches(self, zone: Zone, begin: int, end: int) -> Iterator[tuple[int, int]]:
        midnight = zone.day_start(begin)
        while midnight < end:
            for time, rate in self._of_day(zone, midnight):
                if begin < time < end:
                    yield time, rate
            midnight = zone.next_day(midnight)

    def _of_day(self, zone: Zone, midnight: int) -> list[tuple[int, int]]:
        """List moments and rates of a day; neighbouring rows of a buffer ask for the same days."""
        found = self._seen.get((zone, midnight))
        if found is None:
            rates = self.rates(*zone.local_date(midnight))
            found = [(zone.time_of_day(midnight, seconds) if seconds else midnight, rate) for seconds, rate in rates]
            if len(self._seen) >= _DAYS_SEEN:
                self._seen.clear()
            self._seen[zone, midnight] = found
        return found

    def _week(self, year: int, month: int, day: int) -> bytes:
        """Name the week profile of the season that began last; before the first of a year the last one goes on."""
        began = sorted((_date(season, year), season.week) for season in self.seasons)
        passed = [week for date, week in began if date <= (month, day)]
        return passed[-1] if passed else began[-1][1] if began else b""


@lru_cache(maxsize=64)
def read_tables(tables: TariffTables) -> Calendar:
    """Read the tables.

    Raises:
        DecodeError: an element has another form than the Blue Book gives it.
        ValueError: too many elements, a name or day id that is not there, or an impossible date or time.
    """
    seasons = tuple(_season(element) for element in elements(tables.seasons))
    weeks = dict(_week_profile(element) for element in elements(tables.weeks))
    days = dict(_day_profile(element) for element in elements(tables.days))
    special_days = tuple(read_special_day(element) for element in elements(tables.special_days))
    if not seasons or max(len(seasons), len(weeks), len(days)) > MOST:
        raise ValueError(f"a calendar has 1 to {MOST} seasons, weeks and days")
    if len(special_days) > MOST_SPECIAL_DAYS:
        raise ValueError(f"a calendar has at most {MOST_SPECIAL_DAYS} special days")
    if not {season.week for season in seasons} <= weeks.keys():
        raise ValueError("a season names a week profile that is not there")
    if not {day for week in weeks.values() for day in week} <= days.keys():
        raise ValueError("a week profile names a day that is not there")
    return Calendar(seasons, weeks, days, special_days)


def check_table(place: int, data: Data) -> None:
    """Check one table by itself; `place` 0: seasons, 1: weeks, 2: days.

    Raises:
        DecodeError: an element has another form than the Blue Book gives it.
        ValueError: too many elements, or an impossible date or time.
    """
    rows = elements(data)
    if len(rows) > MOST:
        raise ValueError(f"a table has at most {MOST} elements")
    for row in rows:
        (_season, _week_profile, _day_profile)[place](row)


def elements(data: Data) -> tuple[Data, ...]:
    """Give the elements of an array.

    Raises:
        DecodeError: no array.
    """
    if data.type is not DataType.ARRAY or not isinstance(data.value, tuple):
        raise DecodeError("tables come as arrays")
    return data.value


def parts(data: Data, *kinds: DataType) -> tuple[Data, ...]:
    """Give the elements of a structure of these types.

    Raises:
        DecodeError: another number, or another type.
    """
    if data.type is not DataType.STRUCTURE or not isinstance(data.value, tuple):
        raise DecodeError("an element of a table is a structure")
    if tuple(part.type for part in data.value) != kinds:
        raise DecodeError(f"a structure of {', '.join(kind.name for kind in kinds)} is expected")
    return data.value


def read_special_day(data: Data) -> SpecialDay:
    """Read an entry of a special days table: index, date (os 5), day id.

    Raises:
        DecodeError: another form.
        ValueError: no date of 5 octets.
    """
    _, date, day_id = parts(data, DataType.LONG_UNSIGNED, DataType.OCTET_STRING, DataType.UNSIGNED)
    octets = _octets(date, 5)
    year = int.from_bytes(octets[:2], "big")
    month, day, weekday = (0 if part == _ANY else part for part in octets[2:])
    return SpecialDay(0 if year == _ANY_YEAR else year, month, day, weekday, _number(day_id))


def _season(data: Data) -> Season:
    _, start, week = parts(data, DataType.OCTET_STRING, DataType.OCTET_STRING, DataType.OCTET_STRING)
    date = CosemDateTime.from_bytes(_octets(start, 12))
    month, day, weekday = date.month or 0, date.day or 0, date.weekday or 0
    if month > _MONTHS or (day > _DAYS and day != _LAST_DAY) or weekday > _WEEK:
        raise ValueError("a season starts on a day of a month, or on its last day or last weekday")
    return Season(month, day, weekday, bytes(_octets(week)))


def _week_profile(data: Data) -> tuple[bytes, tuple[int, ...]]:
    name, *days = parts(data, DataType.OCTET_STRING, *[DataType.UNSIGNED] * _WEEK)
    return _octets(name), tuple(_number(day) for day in days)


def _day_profile(data: Data) -> tuple[int, tuple[tuple[int, int], ...]]:
    day_id, actions = parts(data, DataType.UNSIGNED, DataType.ARRAY)
    return _number(day_id), tuple(sorted(_action(action) for action in elements(actions)))


def _action(data: Data) -> tuple[int, int]:
    start, script, selector = parts(data, DataType.OCTET_STRING, DataType.OCTET_STRING, DataType.LONG_UNSIGNED)
    hour, minute, second, _ = (0 if part == _ANY else part for part in _octets(start, 4))
    if hour > 23 or minute > 59 or second > 59 or len(_octets(script)) != 6:
        raise ValueError("a switch has a time of day and the logical name of a script table")
    return hour * 3600 + minute * 60 + second, LOW if _number(selector) == LOW else NORMAL


def _octets(data: Data, length: int | None = None) -> bytes:
    octets = data.value if isinstance(data.value, bytes) else b""
    if length is not None and len(octets) != length:
        raise ValueError(f"{len(octets)} octets instead of {length}")
    return octets


def _number(data: Data) -> int:
    return data.value if isinstance(data.value, int) else 0


def _date(season: Season, year: int) -> tuple[int, int]:
    month, day = season.month or 1, season.day or 1
    last = calendar.monthrange(year, month)[1]
    if day == _LAST_DAY:
        back = (calendar.weekday(year, month, last) + 1 - season.weekday) % _WEEK if season.weekday else 0
        return month, last - back
    return month, min(day, last)


# --- what meters leave the factory with ---


def season(name: int, start: bytes, week: int) -> Data:
    return structure(octet_string(bytes((name,))), octet_string(start), octet_string(bytes((week,))))


def week_profile(name: int, *days: int) -> Data:
    return structure(octet_string(bytes((name,))), *(unsigned(day) for day in days))


def day_profile(day_id: int, *actions: tuple[int, int]) -> Data:
    """Write a day; actions are (hour, rate)."""
    written = (
        structure(octet_string(bytes((hour, 0, 0, 0))), octet_string(SCRIPT_TABLE), long_unsigned(rate))
        for hour, rate in actions
    )
    return structure(unsigned(day_id), array(written))


FACTORY: Final = TariffTables(
    seasons=array(
        (
            season(1, bytes.fromhex("FFFF0AFE07FFFFFFFF800000"), 1),
            season(2, bytes.fromhex("FFFF03FE07FFFFFFFF800000"), 2),
        )
    ),
    weeks=array((week_profile(1, 1, 1, 1, 1, 1, 2, 2), week_profile(2, 3, 3, 3, 3, 3, 2, 2))),
    days=array(
        (
            day_profile(1, (0, LOW), (7, NORMAL), (23, LOW)),
            day_profile(2, (0, LOW)),
            day_profile(3, (0, LOW), (8, NORMAL)),
        )
    ),
)
"""Low from 23:00 to 7:00 of standard time and in weekends: what the registers follow that nobody has reprogrammed."""
FACTORY_NAME: Final = b"NL-2018"
