"""Reading a range of a profile, as a machine that says what to ask next; the line is somebody else's.

It asks for as little as the meter lets it: by range and columns, by range, the whole buffer. Long ranges go in parts of
a bounded number of rows. What has come is kept, so that a reading which broke off goes on where it stopped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from meterstream.dlms.data import BY_RANGE, CosemDateTime, Data, Selection, range_descriptor
from meterstream.protocol_dlms.model.buffer_reading import ROWS_PER_PART, Access, BufferReading, ProfilePlan
from meterstream.protocol_dlms.model.load_profile import Row, capture_after

_FIRST_BEGIN: Final = datetime(1973, 1, 1, tzinfo=UTC)
_LAST_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""A range is cut to what a date-time can say in every zone: before, some were off by parts of a minute."""


class ProfileReading(BufferReading):
    """Rows of a profile captured from `begin` to `end`, both included.

    While not `done`: ask for `selection`, then tell what came: `take` a buffer, or `refuse` a result.
    """

    def __init__(self, plan: ProfilePlan, begin: datetime, end: datetime, zone: tzinfo | None) -> None:
        super().__init__(plan, plan.wanted, zone)
        self.done = begin > end
        self._end = min(end.astimezone(UTC), _LAST_END)
        self._part = ROWS_PER_PART
        self._from = self._begin = max(begin.astimezone(UTC), _FIRST_BEGIN)

    @property
    def begun(self) -> bool:
        """Whether a part of the range is read, or something learnt of what the meter takes."""
        return self._from > self._begin or self._learnt

    @property
    def selection(self) -> Selection | None:
        """What to ask for; None: the whole buffer."""
        if self._access is Access.WHOLE:
            return None
        picked = self.plan.chosen if self._access is Access.COLUMNS else ()
        # Local time with its deviation: some makes compare the fields without a look at the deviation.
        begin = CosemDateTime.from_datetime(self._from.astimezone(self._zone or UTC))
        upper = CosemDateTime.from_datetime((self._until or self._end).astimezone(self._zone or UTC))
        # One period more at the end: for some makes the upper limit does not belong to the range.
        if self._until is None and self.plan.period_s is not None:
            upper = capture_after(self.plan.period_s, self._zone)(upper)
        return Selection(BY_RANGE, range_descriptor(begin, upper, [column.capture for column in picked]))

    def take(self, buffer: Data) -> None:
        """Keep the rows of an answer to `selection`.

        Raises: ILLEGAL_RESPONSE, with row, column and rule; RESULT_TOO_LARGE.
        """
        table = self._dated(buffer)
        if table is None:
            return
        until, whole = self._until, self._access is Access.WHOLE
        moments = [moment for moment, _ in table]
        heedless = until is not None and self._heedless(moments, until)
        found = [
            Row(moment, cells)
            for moment, cells in table
            if moment is not None and self._belongs(moment, None if heedless else until)
        ]
        self._keep(found, moments.count(None))
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

    def _heedless(self, moments: list[datetime | None], until: datetime) -> bool:
        """Whether the meter took no notice of the range and sent all that it has: the rows of all parts left."""
        # One row before the range is a habit of some makes.
        early = sum(moment is not None and moment < self._from for moment in moments)
        return early > 1 or any(moment is not None and moment > until for moment in moments)

    def _belongs(self, moment: datetime, until: datetime | None) -> bool:
        return self._from <= moment and (moment <= self._end if until is None else moment < until)
