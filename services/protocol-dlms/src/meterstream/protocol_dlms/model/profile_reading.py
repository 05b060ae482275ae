"""Reading a range of a profile, as a machine that says what to ask next; the line is somebody else's.

It asks for as little as the meter lets it: by range and columns, by range, the whole buffer. Long ranges go in parts of
a bounded number of rows. What has come is kept, so that a reading which broke off goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from typing import Final

from meterstream.contracts.errors import error
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    BY_RANGE,
    CosemDateTime,
    Data,
    ProfileColumn,
    Selection,
    range_descriptor,
)
from meterstream.protocol_dlms.model.load_profile import (
    Row,
    Rows,
    capture_after,
    moment_of,
    row_width,
    typed_rows,
)
from meterstream.protocol_dlms.model.quantities import unexpected

ROWS_PER_PART: Final = 1_500
"""Rows that are asked for at once: the largest buffer that a companion standard lays down has 1440."""
MOST_ROWS: Final = 100_000
"""Rows that are kept of one reading."""

_FIRST_BEGIN: Final = datetime(1973, 1, 1, tzinfo=UTC)
_LAST_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""A range is cut to what a date-time can say in every zone: before, some were off by parts of a minute."""

_SELECTION_REFUSED: Final = frozenset(
    {
        DataAccessResult.OTHER_REASON,
        DataAccessResult.TYPE_UNMATCHED,
        DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,
    }
)


class _Access(Enum):
    """How much of the buffer is asked for; each is asked for less of the meter's skill than the one before."""

    COLUMNS = 1
    RANGE = 2
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """What there is in a profile, and what of it is wanted.

    Attributes:
        name: of the profile, in messages.
        columns: all that the meter captures, in its order.
        wanted: places of those that count, ascending.
        clock: the place of the clock among `columns`; it is wanted.
        period_s: seconds between rows; 0 for one row a calendar month; None: rows come on an event.
        entries: how many rows the buffer holds at most, where that is known.
        choose: the meter may be asked for columns.
    """

    name: str
    columns: tuple[ProfileColumn, ...]
    wanted: tuple[int, ...]
    clock: int = 0
    period_s: int | None = None
    entries: int | None = None
    choose: bool = True

    @property
    def chosen(self) -> tuple[ProfileColumn, ...]:
        """The columns of the rows that a reading gives."""
        return tuple(self.columns[place] for place in self.wanted)


class ProfileReading:
    """Rows of a profile captured from `begin` to `end`, both included.

    While not `done`: ask for `selection`, then tell what came: `take` a buffer, or `refuse` a result.

    Args:
        zone: of the meter's clock; counts where the meter names no deviation. None: UTC.
    """

    def __init__(self, plan: ProfilePlan, begin: datetime, end: datetime, zone: tzinfo | None) -> None:
        self.plan = plan
        self.done = begin > end
        self._end = min(end.astimezone(UTC), _LAST_END)
        self._zone = zone
        self._rows: list[Row] = []
        self._undated = 0
        picks = plan.choose and len(plan.wanted) < len(plan.columns)
        self._access = self._first_access = _Access.COLUMNS if picks else _Access.RANGE
        self._part = ROWS_PER_PART
        self._from = self._begin = max(begin.astimezone(UTC), _FIRST_BEGIN)

    @property
    def begun(self) -> bool:
        """Whether a part of the range is read, or something learnt of what the meter takes."""
        return self._from > self._begin or self._access is not self._first_access

    @property
    def rows(self) -> Rows:
        """What has come so far: cells of the wanted columns, in the meter's order."""
        return Rows(list(self._rows), self._undated)

    @property
    def selection(self) -> Selection | None:
        """What to ask for; None: the whole buffer."""
        if self._access is _Access.WHOLE:
            return None
        picked = self.plan.chosen if self._access is _Access.COLUMNS else ()
        # Local time with its deviation: some makes compare the fields without a look at the deviation.
        begin = CosemDateTime.from_datetime(self._from.astimezone(self._zone or UTC))
        upper = CosemDateTime.from_datetime((self._until or self._end).astimezone(self._zone or UTC))
        # One period more at the end: for some makes the upper limit does not belong to the range.
        if self._until is None and self.plan.period_s is not None:
            upper = capture_after(self.plan.period_s, self._zone)(upper)
        return Selection(BY_RANGE, range_descriptor(begin, upper, [column.capture for column in picked]))

    def refuse(self, result: DataAccessResult | ActionResult) -> bool:
        """Ask with less selection from now on; False: there is no way that this result leaves open."""
        if self._access is _Access.WHOLE or result not in _SELECTION_REFUSED:
            return False
        self._access = _Access(self._access.value + 1)
        return True

    def take(self, buffer: Data) -> None:
        """Keep the rows of an answer to `selection`.

        Raises: ILLEGAL_RESPONSE, with row, column and rule; RESULT_TOO_LARGE.
        """
        places = self._places(row_width(buffer))
        if places is None:
            self._access = _Access(self._access.value + 1)
            return
        until, whole = self._until, self._access is _Access.WHOLE
        found, undated, heedless = self._dated(buffer, places, until)
        if len(self._rows) + len(found) > MOST_ROWS:
            raise error("RESULT_TOO_LARGE", f"{self.plan.name}: more than {MOST_ROWS} rows in the range")
        self._rows += found
        self._undated += undated
        if until is None or whole or heedless:
            self.done = True
        else:
            self._part = ROWS_PER_PART if found else self._part * 2  # nothing that old: the next step is longer
            self._from = until

    @property
    def _until(self) -> datetime | None:
        """Where the part that comes next ends, itself not included; None: it is the last one."""
        period_s = self.plan.period_s
        if not period_s:
            return None
        rows = (self._end - self._from) // timedelta(seconds=period_s) + 1
        if self.plan.entries is not None:
            rows = min(rows, max(self.plan.entries - len(self._rows), 1))
        return None if rows <= self._part else self._from + timedelta(seconds=period_s * self._part)

    def _places(self, width: int | None) -> tuple[int, ...] | None:
        """Places of the columns that a row of so many values has; None: ask again with less selection.

        Raises: ILLEGAL_RESPONSE when there is no less.
        """
        plan = self.plan
        everything = tuple(range(len(plan.columns)))
        if self._access is _Access.COLUMNS and width in (None, len(plan.wanted)):
            return plan.wanted
        if width in (None, len(everything)):
            return everything
        if self._access is not _Access.WHOLE:
            return None
        raise unexpected(plan.name, f"rows have neither {len(plan.wanted)} nor {len(everything)} columns")

    def _dated(self, buffer: Data, places: tuple[int, ...], until: datetime | None) -> tuple[list[Row], int, bool]:
        """Rows of the part, how many have no time, and whether the meter took no notice of the range.

        Such a meter has sent all that it has: then the rows are those of all parts that are left.
        """
        plan = self.plan
        columns = [plan.columns[place] for place in places]
        table = typed_rows(buffer, columns, capture_after(plan.period_s, self._zone), plan.name)
        clock, keep = places.index(plan.clock), [places.index(place) for place in plan.wanted]
        moments = [moment_of(cells[clock], self._zone) for cells in table]
        # One row before the range is a habit of some makes.
        early = sum(moment is not None and moment < self._from for moment in moments)
        late = until is not None and any(moment is not None and moment > until for moment in moments)
        heedless = until is not None and (early > 1 or late)
        found = [
            Row(moment, tuple(cells[place] for place in keep))
            for moment, cells in zip(moments, table, strict=True)
            if moment is not None and self._belongs(moment, None if heedless else until)
        ]
        return found, moments.count(None), heedless

    def _belongs(self, moment: datetime, until: datetime | None) -> bool:
        return self._from <= moment and (moment <= self._end if until is None else moment < until)
