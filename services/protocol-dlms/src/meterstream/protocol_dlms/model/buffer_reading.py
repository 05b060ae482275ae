"""What readings of a profile's buffer have in common: how much of it is asked for, and what its rows say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from meterstream.contracts.errors import error
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import Cell, Data, ProfileColumn
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

_SELECTION_REFUSED: Final = frozenset(
    {
        DataAccessResult.OTHER_REASON,
        DataAccessResult.TYPE_UNMATCHED,
        DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,
    }
)


class Period(NamedTuple):
    """Rows captured from `begin` to `end`, both included."""

    begin: datetime
    end: datetime


class Entries(NamedTuple):
    """Rows by their number, which counts from 1, both included; `last` None: the last that the meter has."""

    first: int
    last: int | None = None


Span: TypeAlias = Period | Entries
"""Which rows of a buffer are wanted."""


class Access(Enum):
    """How much of the buffer is asked for; each is asked for less of the meter's skill than the one before."""

    COLUMNS = 1
    ROWS = 2
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


class BufferReading:
    """Rows of a buffer, as a machine: `refuse` asks for more than is wanted, `_dated` reads what comes then.

    Args:
        picked: places of the columns of an answer to a request for columns.
        zone: of the meter's clock; counts where the meter names no deviation. None: UTC.
    """

    def __init__(self, plan: ProfilePlan, picked: tuple[int, ...], zone: tzinfo | None) -> None:
        self.plan = plan
        self._zone = zone
        self._picked = picked
        self._rows: list[Row] = []
        self._undated = 0
        picks = plan.choose and len(picked) < len(plan.columns)
        self._access = self._first_access = Access.COLUMNS if picks else Access.ROWS

    @property
    def rows(self) -> Rows:
        """What has come so far: cells of the wanted columns, in the meter's order."""
        return Rows(list(self._rows), self._undated)

    def refuse(self, result: DataAccessResult | ActionResult) -> bool:
        """Ask with less selection from now on; False: there is no way that this result leaves open."""
        if self._access is Access.WHOLE or result not in _SELECTION_REFUSED:
            return False
        self._less()
        return True

    @property
    def _learnt(self) -> bool:
        """Whether the meter was found to take less than it was asked with first."""
        return self._access is not self._first_access

    def _less(self) -> None:
        self._access = Access(self._access.value + 1)

    def _dated(self, buffer: Data) -> list[tuple[datetime | None, tuple[Cell, ...]]] | None:
        """When each row was captured and its wanted cells; None: ask again, with less selection.

        Raises: ILLEGAL_RESPONSE, with row, column and rule.
        """
        plan, places = self.plan, self._places(row_width(buffer))
        if places is None:
            self._less()
            return None
        columns = [plan.columns[place] for place in places]
        table = typed_rows(buffer, columns, capture_after(plan.period_s, self._zone), plan.name)
        clock, keep = places.index(plan.clock), [places.index(place) for place in plan.wanted]
        return [(moment_of(cells[clock], self._zone), tuple(cells[place] for place in keep)) for cells in table]

    def _keep(self, found: Sequence[Row], undated: int) -> None:
        """Raises: RESULT_TOO_LARGE."""
        if len(self._rows) + len(found) > MOST_ROWS:
            raise error("RESULT_TOO_LARGE", f"{self.plan.name}: more than {MOST_ROWS} rows in the range")
        self._rows += found
        self._undated += undated

    def _places(self, width: int | None) -> tuple[int, ...] | None:
        """Places of the columns that a row of so many values has; None: ask again with less selection.

        Raises: ILLEGAL_RESPONSE when there is no less.
        """
        everything = tuple(range(len(self.plan.columns)))
        if self._access is Access.COLUMNS and width in (None, len(self._picked)):
            return self._picked
        if width in (None, len(everything)):
            return everything
        if self._access is not Access.WHOLE:
            return None
        raise unexpected(self.plan.name, f"rows have neither {len(self._picked)} nor {len(everything)} columns")
