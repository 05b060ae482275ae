"""A meter's own zone: standard offset and daylight saving as attributes 3 and 5 to 8 of its clock say."""

from __future__ import annotations

import calendar
import struct
import time as system_time
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from meterstream.dlms.data import CosemDateTime

DAYLIGHT_SAVING: Final = 0x80
_LAST_DAY: Final = 0xFE
_MINUTE: Final = 60
_DAY: Final = 86400
_LAYOUT: Final = struct.Struct(">HBBBBBBBhB")
_OPEN: Final = 0xFF


@dataclass(frozen=True)
class Switch:
    """When daylight saving begins or ends each year: a day of a month, or the last such weekday of it.

    `deviation` is the one in force just before the switch, in minutes as date-times carry it.
    """

    month: int
    day: int | None
    weekday: int | None
    hour: int
    minute: int
    deviation: int

    @classmethod
    def parse(cls, octets: bytes) -> Switch:
        """Read a date-time of 12 octets with wild cards.

        Raises:
            ValueError: any other rule than a yearly one on a day or on the last weekday of a month.
        """
        if len(octets) != _LAYOUT.size:
            raise ValueError(f"a switch has 12 octets, not {len(octets)}")
        _, month, day, weekday, hour, minute, _, _, deviation, _ = _LAYOUT.unpack(octets)
        last_weekday = day == _LAST_DAY and 1 <= weekday <= 7
        if not (1 <= month <= 12 and hour < 24 and minute < 60 and (last_weekday or 1 <= day <= 28)):
            raise ValueError("daylight saving switches on a day from 1 to 28 or on the last weekday of a month")
        if not -720 <= deviation <= 840:
            raise ValueError(f"deviation {deviation} is outside -720 to 840 minutes")
        if last_weekday:
            return cls(month, None, weekday, hour, minute, deviation)
        return cls(month, day, None, hour, minute, deviation)

    def moment(self, year: int) -> int:
        """Tell when it happens in a year, in seconds since 1970 (UTC)."""
        day = self.day
        if day is None:
            days = calendar.monthrange(year, self.month)[1]
            day = days - (calendar.weekday(year, self.month, days) + 1 - (self.weekday or 7)) % 7
        local = calendar.timegm((year, self.month, day, self.hour, self.minute, 0))
        return local + self.deviation * _MINUTE


EUROPEAN_BEGIN: Final = bytes.fromhex("FFFF03FE0702000000FFC400")
EUROPEAN_END: Final = bytes.fromhex("FFFF0AFE0703000000FF8880")


@dataclass(frozen=True)
class Zone:
    """Deviations in minutes as date-times carry them: -60 is UTC+01:00.

    `saving` is attribute 7: the minutes that daylight saving moves the clock.
    """

    deviation: int = -60
    saving: int = 60
    enabled: bool = True
    begin: bytes = EUROPEAN_BEGIN
    end: bytes = EUROPEAN_END

    @cached_property
    def _switches(self) -> tuple[Switch, Switch]:
        return Switch.parse(self.begin), Switch.parse(self.end)

    @cached_property
    def _periods(self) -> dict[int, tuple[int, int]]:
        return {}

    def daylight_saving_period(self, year: int) -> tuple[int, int]:
        """Give begin and end of daylight saving in a year, in seconds since 1970; the end is the first moment after."""
        period = self._periods.get(year)
        if period is None:
            begin, end = self._switches
            period = self._periods[year] = (begin.moment(year), end.moment(year))
        return period

    def is_daylight_saving(self, moment: int) -> bool:
        """Tell whether daylight saving applies at a moment; south of the equator it spans the new year."""
        if not self.enabled:
            return False
        begin, end = self.daylight_saving_period(system_time.gmtime(moment - self.deviation * _MINUTE).tm_year)
        return begin <= moment < end if begin < end else not end <= moment < begin

    def deviation_at(self, moment: int) -> int:
        """Tell the deviation in force at a moment, in minutes."""
        return self.deviation - self.saving if self.is_daylight_saving(moment) else self.deviation

    def octets(self, moment: int, hundredths: int = 0) -> bytes:
        """Write a moment (seconds since 1970, UTC) as the meter's local date-time of 12 octets."""
        saving = self.is_daylight_saving(moment)
        deviation = self.deviation - self.saving if saving else self.deviation
        year, month, day, hour, minute, second, *_ = system_time.gmtime(moment - deviation * _MINUTE)
        status = DAYLIGHT_SAVING if saving else 0
        return _LAYOUT.pack(year, month, day, _OPEN, hour, minute, second, hundredths, deviation, status)

    def day_start(self, moment: int) -> int:
        """Give the last local midnight at or before a moment."""
        return self._moment_of((moment - self.deviation_at(moment) * _MINUTE) // _DAY * _DAY)

    def previous_day(self, midnight: int) -> int:
        """Give the local midnight before a local midnight, 23 to 25 hours earlier."""
        return self.day_start(midnight - 1)

    def local_date(self, moment: int) -> tuple[int, int, int, int]:
        """Give year, month, day and weekday (1 Monday to 7 Sunday) that the clock shows at a moment."""
        year, month, day, _, _, _, weekday, *_ = system_time.gmtime(moment - self.deviation_at(moment) * _MINUTE)
        return year, month, day, weekday + 1

    def time_of_day(self, midnight: int, seconds: int) -> int:
        """Give the moment a day's clock shows `seconds` after midnight, for a local midnight; the first of two."""
        return self._moment_of(midnight - self.deviation_at(midnight) * _MINUTE + seconds)

    def next_day(self, midnight: int) -> int:
        """Give the local midnight after a local midnight, 23 to 25 hours later."""
        return self.day_start(midnight + _DAY + _DAY // 4)

    def month_start(self, moment: int) -> int:
        """Give the last local midnight of a first of the month at or before a moment."""
        year, month, *_ = system_time.gmtime(moment - self.deviation_at(moment) * _MINUTE)
        return self._moment_of(calendar.timegm((year, month, 1, 0, 0, 0)))

    def previous_month(self, start: int) -> int:
        """Give the first of the month before a first of the month."""
        return self.month_start(start - 1)

    def _moment_of(self, local: int) -> int:
        """Turn local seconds into a moment; where the clock is set back over midnight, the first of the two."""
        early = local + (self.deviation - self.saving) * _MINUTE
        if self.enabled and self.deviation_at(early) == self.deviation - self.saving:
            return early
        return local + self.deviation * _MINUTE

    def moment(self, value: CosemDateTime) -> float | None:
        """Turn a date-time into seconds since 1970; without a deviation it is local time.

        None: year, month, day, hour or minute is open, or no calendar has such a date.
        """
        year, month, day, hour, minute = value.year, value.month, value.day, value.hour, value.minute
        if year is None or month is None or day is None or hour is None or minute is None:
            return None
        if not (1970 <= year < 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
            return None
        if hour > 23 or minute > 59 or (value.second or 0) > 59:
            return None
        local = calendar.timegm((year, month, day, hour, minute, value.second or 0))
        whole = self._moment_of(local) if value.deviation is None else local + value.deviation * _MINUTE
        return whole + min(value.hundredths or 0, 99) / 100
