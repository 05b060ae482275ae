"""The 12 octets of a COSEM date-time, in which every part may be left open (IEC 62056-6-2, 4.1.6.1)."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from meterstream.dlms.data.types import Data, DataType
from meterstream.dlms.errors import DecodeError, EncodeError

MONTH_DAYLIGHT_SAVING_END: Final = 0xFD
MONTH_DAYLIGHT_SAVING_BEGIN: Final = 0xFE
DAY_SECOND_LAST: Final = 0xFD
DAY_LAST: Final = 0xFE

STATUS_INVALID: Final = 0x01
STATUS_DOUBTFUL: Final = 0x02
STATUS_OTHER_CLOCK_BASE: Final = 0x04
STATUS_INVALID_CLOCK: Final = 0x08
STATUS_DAYLIGHT_SAVING: Final = 0x80

_LAYOUT: Final = struct.Struct(">HBBBBBBBhB")
_OPEN_OCTET: Final = 0xFF
_OPEN_YEAR: Final = 0xFFFF
_OPEN_DEVIATION: Final = -0x8000


class CosemDateTime(NamedTuple):
    """Parts of a date-time; None is "not specified" (FF, FFFF, 8000).

    Attributes:
        month: 1..12, or MONTH_DAYLIGHT_SAVING_BEGIN / _END.
        day: 1..31, or DAY_LAST / DAY_SECOND_LAST.
        weekday: 1 (Monday) .. 7.
        deviation: minutes to add to local time to get UTC: -120 is UTC+2.
        status: clock status bits, see STATUS_*; None when not specified.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None
    deviation: int | None = None
    status: int | None = None

    @classmethod
    def from_bytes(cls, octets: bytes) -> CosemDateTime:
        """Parts as they stand, impossible ones too: a strange clock must not cost a whole buffer.

        Raises: DecodeError unless there are 12 octets.
        """
        if len(octets) != _LAYOUT.size:
            raise DecodeError(f"date-time has {len(octets)} octets instead of 12")
        year, month, day, weekday, hour, minute, second, hundredths, deviation, status = _LAYOUT.unpack(octets)
        return cls(
            None if year == _OPEN_YEAR else year,
            None if month == _OPEN_OCTET else month,
            None if day == _OPEN_OCTET else day,
            None if weekday == _OPEN_OCTET else weekday,
            None if hour == _OPEN_OCTET else hour,
            None if minute == _OPEN_OCTET else minute,
            None if second == _OPEN_OCTET else second,
            None if hundredths == _OPEN_OCTET else hundredths,
            None if deviation == _OPEN_DEVIATION else deviation,
            None if status == _OPEN_OCTET else status,
        )

    @classmethod
    def from_data(cls, data: Data) -> CosemDateTime:
        """From octet-string or date-time. Raises: DecodeError for any other type."""
        if data.type not in (DataType.OCTET_STRING, DataType.DATE_TIME) or not isinstance(data.value, bytes):
            raise DecodeError(f"{data.type.name} is no date-time")
        return cls.from_bytes(data.value)

    @classmethod
    def from_datetime(cls, moment: datetime, weekday: int | None = None) -> CosemDateTime:
        """Local time of `moment` in its own zone, with that zone's deviation and summer-time flag.

        Hundredths are cut, not rounded. The weekday stays open by default: some meters refuse one, none needs it.
        Raises: EncodeError for a naive `moment` or an offset that is no whole number of minutes.
        """
        offset = moment.utcoffset()
        if offset is None:
            raise EncodeError("a date-time needs a time zone")
        if offset % timedelta(minutes=1):
            raise EncodeError(f"offset {offset} is no whole number of minutes")
        return cls(
            moment.year,
            moment.month,
            moment.day,
            weekday,
            moment.hour,
            moment.minute,
            moment.second,
            moment.microsecond // 10_000,
            -(offset // timedelta(minutes=1)),
            STATUS_DAYLIGHT_SAVING if moment.dst() else 0,
        )

    def to_bytes(self) -> bytes:
        """12 octets. Raises: EncodeError when a part is out of range."""
        year, month, day, weekday, hour, minute, second, hundredths, deviation, status = self
        try:
            return _LAYOUT.pack(
                _OPEN_YEAR if year is None else year,
                _OPEN_OCTET if month is None else month,
                _OPEN_OCTET if day is None else day,
                _OPEN_OCTET if weekday is None else weekday,
                _OPEN_OCTET if hour is None else hour,
                _OPEN_OCTET if minute is None else minute,
                _OPEN_OCTET if second is None else second,
                _OPEN_OCTET if hundredths is None else hundredths,
                _OPEN_DEVIATION if deviation is None else deviation,
                _OPEN_OCTET if status is None else status,
            )
        except struct.error as error:
            raise EncodeError(f"a part of {self} is out of range") from error

    def to_data(self) -> Data:
        """As octet-string(12), the form meters accept in SET."""
        return Data(DataType.OCTET_STRING, self.to_bytes())

    def to_datetime(self, default_tz: tzinfo | None = None) -> datetime | None:
        """The moment, or None when year, month, day, hour or minute is open, or the zone is and there is no default.

        Open seconds and hundredths count as zero. With `default_tz` the summer-time flag picks the half of a
        repeated hour. Raises: DecodeError for a moment that no calendar has (30 February, hour 24, deviation of days).
        """
        year, month, day, _, hour, minute, second, hundredths, deviation, status = self
        if year is None or month is None or day is None or hour is None or minute is None:
            return None
        if month >= MONTH_DAYLIGHT_SAVING_END or day >= DAY_SECOND_LAST:
            return None
        if deviation is None and default_tz is None:
            return None
        try:
            zone = default_tz if deviation is None else timezone(timedelta(minutes=-deviation))
            moment = datetime(year, month, day, hour, minute, second or 0, (hundredths or 0) * 10_000, zone)
        except ValueError as error:
            raise DecodeError(f"no such moment: {self}") from error
        if deviation is None and status is not None and not status & STATUS_DAYLIGHT_SAVING and moment.dst():
            later = moment.replace(fold=1)
            return moment if later.dst() else later
        return moment

    @property
    def daylight_saving(self) -> bool | None:
        """Summer-time flag of the status; None when the status is not specified."""
        return None if self.status is None else bool(self.status & STATUS_DAYLIGHT_SAVING)
