"""Rows of a profile generic buffer: their columns, and the capture times that meters leave out."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from meterstream.dlms.data import CosemDateTime, Data, DataType
from meterstream.dlms.errors import DecodeError
from meterstream.protocol_dlms.model.quantities import unexpected

MONTHLY: Final = 0
"""Capture period of profiles that are captured once a calendar month."""
_DAY_S: Final = 86_400


class Row(NamedTuple):
    """One row with its capture time; `cells` in the order of the columns."""

    captured_at: datetime
    cells: tuple[Data, ...]


class Rows(NamedTuple):
    """Rows in the meter's order, and how many had to be left out because nothing tells when they were captured."""

    rows: list[Row]
    undated: int


def next_capture(moment: datetime, period_s: int, zone: tzinfo | None) -> datetime:
    """The capture after `moment`: a calendar month for period 0, a calendar day for 86400, else so many seconds.

    Days and months are counted in `zone`, so that they stay at midnight over a change of daylight saving; without
    one, in the deviation that `moment` has.
    """
    if period_s not in (MONTHLY, _DAY_S):
        return moment + timedelta(seconds=period_s)
    local = moment if zone is None else moment.astimezone(zone)
    if period_s == _DAY_S:
        return local + timedelta(days=1)  # wall clock time: arithmetic within one zone ignores its offset
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def buffer_rows(buffer: Data, what: str) -> tuple[tuple[Data, ...], ...]:
    """The rows of a buffer; none where the meter answers null-data for an empty one.

    Raises: ILLEGAL_RESPONSE unless it is an array of structures.
    """
    if buffer.type is DataType.NULL_DATA:
        return ()
    if buffer.type not in (DataType.ARRAY, DataType.COMPACT_ARRAY) or not isinstance(buffer.value, tuple):
        raise unexpected(what, f"expected an array of rows, got {buffer.type.name}")
    rows = []
    for row in buffer.value:
        if row.type is not DataType.STRUCTURE or not isinstance(row.value, tuple):
            raise unexpected(what, f"expected a structure as row, got {row.type.name}")
        rows.append(row.value)
    return tuple(rows)


def has_columns(rows: Iterable[Sequence[Data]], count: int) -> bool:
    """Whether every row has as many columns as were asked for."""
    return all(len(row) == count for row in rows)


def dated_rows(
    rows: Iterable[tuple[Data, ...]], period_s: int, zone: tzinfo | None, begin: datetime, end: datetime
) -> Rows:
    """Rows captured from `begin` to `end`, both included; the clock is the first column.

    A clock left out (null-data) is one period after the row before, whether that row lies in the range or not.
    """
    found: list[Row] = []
    undated = 0
    for moment, cells in _with_moments(rows, period_s, zone):
        if moment is None:
            undated += 1
        elif begin <= moment <= end:
            found.append(Row(moment, cells))
    return Rows(found, undated)


def _with_moments(
    rows: Iterable[tuple[Data, ...]], period_s: int, zone: tzinfo | None
) -> Iterator[tuple[datetime | None, tuple[Data, ...]]]:
    previous: datetime | None = None
    for cells in rows:
        if not cells or cells[0].type is DataType.NULL_DATA:
            moment = None if previous is None else next_capture(previous, period_s, zone)
        else:
            moment = _clock(cells[0], zone)
        previous = moment
        yield moment, cells


def _clock(cell: Data, zone: tzinfo | None) -> datetime | None:
    try:
        return CosemDateTime.from_data(cell).to_datetime(zone)
    except DecodeError:
        return None  # one strange clock must not cost the whole buffer
