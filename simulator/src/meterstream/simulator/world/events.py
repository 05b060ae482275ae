"""Event logs: what has happened to a meter since it exists, after what `history` says of the time before.

Logs are bounded as the profile entries of each say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from meterstream.simulator.world.history import EXTENDED_QUALITY, POWER_FAILURES, EventRow, past_rows

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

__all__ = ["EventLogs", "EventRow", "history_end", "last_value", "rows_of", "total"]

_COUNTED: Final = (POWER_FAILURES, EXTENDED_QUALITY)
_LOOK_BACK: Final = 20


@dataclass(slots=True)
class EventLogs:
    """What was logged since the meter is simulated.

    Attributes:
        rows: by role of the log, oldest first.
        since: earliest time of a row there ever was, by role.
        totals: how many rows there ever were in logs that have registers: by role and, but for power failures, code,
            as in "power_quality_extended_event_log:93".
    """

    rows: dict[str, list[EventRow]] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def append(self, role: str, row: EventRow, entries: int) -> None:
        """Add a row and drop what the log has no room for."""
        rows = self.rows.setdefault(role, [])
        rows.append(row)
        del rows[:-entries]
        self.since[role] = min(row[0], self.since.get(role, row[0]))
        if role in _COUNTED:
            key = role if role == POWER_FAILURES else f"{role}:{row[1]}"
            self.totals[key] = self.totals.get(key, 0) + 1


def rows_of(meter: SimulatedMeter, role: str, entries: int, at: int) -> Sequence[EventRow]:
    """List what a log of the meter holds at a moment, oldest first.

    Once something has happened to the meter itself, only that is added to what was there before.
    """
    logs = meter.peek(EventLogs)
    live = logs.rows.get(role, []) if logs is not None else []
    room = entries - len(live)
    return [*past_rows(role, meter.number, history_end(meter, role, at), room), *live] if room > 0 else live


def history_end(meter: SimulatedMeter, role: str, at: int) -> int:
    """Tell until when `history` has the say about a log, in seconds of the meter's clock."""
    logs, now = meter.peek(EventLogs), meter.seconds(at)
    return now if logs is None else min(now, logs.since.get(role, now))


def total(meter: SimulatedMeter, role: str, at: int, code: int | None = None) -> int:
    """Count the live rows there ever were up to a moment in a log of `EventLogs.totals`; `code` None: all."""
    logs = meter.peek(EventLogs)
    if logs is None:
        return 0
    time = meter.seconds(at)
    later = sum(row[0] > time and code in (None, row[1]) for row in logs.rows.get(role, ()))
    return logs.totals.get(role if code is None else f"{role}:{code}", 0) - later


def last_value(meter: SimulatedMeter, role: str, column: int, at: int) -> int:
    """Give a column of the newest row of a log up to a moment; 0 where that row has none."""
    time = meter.seconds(at)
    for row in reversed(rows_of(meter, role, _LOOK_BACK, at)):
        if row[0] <= time:
            return row[column] if len(row) > column else 0
    return 0
