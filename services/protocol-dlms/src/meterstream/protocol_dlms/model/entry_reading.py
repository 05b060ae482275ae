"""Reading entries of a profile by their number, as a machine that says what to ask next.

Entries count from 1 in the order in which the meter keeps its buffer: the oldest is the first where it is sorted by
arrival (Blue Book, class 7, entry_descriptor). Long runs go in parts.
"""

from __future__ import annotations

from datetime import tzinfo

from meterstream.dlms.data import BY_ENTRY, Data, Selection, entry_descriptor
from meterstream.protocol_dlms.model.buffer_reading import ROWS_PER_PART, Access, BufferReading, ProfilePlan
from meterstream.protocol_dlms.model.load_profile import Row


class EntryReading(BufferReading):
    """Entries `first` to `last` of a profile, both included; those beyond the entries in use are no error.

    While not `done`: ask for `selection`, then tell what came: `take` a buffer, or `refuse` a result.

    Args:
        last: None for the last one that the meter has.
    """

    def __init__(self, plan: ProfilePlan, first: int, last: int | None, zone: tzinfo | None) -> None:
        # An entry descriptor selects neighbouring columns alone.
        super().__init__(plan, tuple(range(min(plan.wanted), max(plan.wanted) + 1)), zone)
        self._begin = self._from = first
        known = [bound for bound in (last, plan.entries) if bound is not None]
        self._last = min(known, default=None)
        self.done = self._last is not None and first > self._last

    @property
    def begun(self) -> bool:
        """Whether a part is read, or something learnt of what the meter takes."""
        return self._from > self._begin or self._learnt

    @property
    def selection(self) -> Selection | None:
        """What to ask for; None: the whole buffer."""
        if self._access is Access.WHOLE:
            return None
        columns = (self._picked[0] + 1, self._picked[-1] + 1) if self._access is Access.COLUMNS else (1, 0)
        return Selection(BY_ENTRY, entry_descriptor(self._from, self._until, *columns))

    def take(self, buffer: Data) -> None:
        """Keep the rows of an answer to `selection`.

        Raises: ILLEGAL_RESPONSE, with row, column and rule; RESULT_TOO_LARGE.
        """
        table = self._dated(buffer)
        if table is None:
            return
        until, whole = self._until, self._access is Access.WHOLE
        asked = until - self._from + 1
        # More than was asked for: the meter took no notice of the numbers and sent all that it has.
        heedless = len(table) > asked
        if whole or heedless:
            table = table[self._from - 1 : self._last]
        found = [Row(moment, cells) for moment, cells in table if moment is not None]
        self._keep(found, len(table) - len(found))
        self._from = until + 1
        self.done = whole or heedless or len(table) < asked or (self._last is not None and self._from > self._last)

    @property
    def _until(self) -> int:
        """The last entry of the part that comes next."""
        end = self._from + ROWS_PER_PART - 1
        return end if self._last is None else min(end, self._last)
