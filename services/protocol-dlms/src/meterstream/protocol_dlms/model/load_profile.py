"""Rows of load profiles with the moments of their capture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from meterstream.dlms.data import Cell, CosemDateTime, Data, NextCapture, ProfileColumn, every, monthly, profile_rows
from meterstream.dlms.errors import DecodeError
from meterstream.protocol_dlms.model.quantities import unexpected

MONTHLY: Final = 0
"""Capture period of profiles that are captured once a calendar month."""


class Row(NamedTuple):
    """One row with its capture time; `cells` in the order of the columns."""

    captured_at: datetime
    cells: tuple[Cell, ...]


class Rows(NamedTuple):
    """Rows in the meter's order, and how many had to be left out because nothing tells when they were captured."""

    rows: list[Row]
    undated: int


def capture_after(period_s: int | None, zone: tzinfo | None) -> NextCapture:
    """The capture after one: a calendar month for period 0, else so many seconds.

    Days and months are counted in `zone`, see `every`. After a clock that does not tell, at the end of the calendar, or
    where there is no period (None) comes a clock that is open.
    """
    if period_s is None:
        return lambda _: CosemDateTime()
    step = every(period_s, zone) if period_s else monthly(zone)

    def after(clock: CosemDateTime) -> CosemDateTime:
        try:
            return step(clock)
        except DecodeError:
            return CosemDateTime()  # one strange clock must not cost the whole buffer

    return after


def row_width(buffer: Data) -> int | None:
    """Number of columns by the first row; None where there is none, or none that is a row."""
    first = buffer.value[0] if isinstance(buffer.value, tuple) and buffer.value else None
    return len(first.value) if first is not None and isinstance(first.value, tuple) else None


def typed_rows(
    buffer: Data, columns: Sequence[ProfileColumn], next_capture: NextCapture, what: str
) -> list[tuple[Cell, ...]]:
    """profile_rows in the words of the platform. Raises: ILLEGAL_RESPONSE, with row, column and rule."""
    try:
        return profile_rows(buffer, columns, next_capture)
    except DecodeError as failure:
        raise unexpected(what, str(failure)) from failure


def moment_of(clock: Cell, zone: tzinfo | None) -> datetime | None:
    """When a row was captured; None: its clock does not tell. `zone` counts where it names no deviation."""
    if not isinstance(clock, CosemDateTime):
        return None
    try:
        return clock.to_datetime(zone)
    except DecodeError:
        return None
