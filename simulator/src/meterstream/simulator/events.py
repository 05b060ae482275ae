"""Event logs: what has happened to a meter since it exists, after what `history` says of the time before.

Logs are bounded as the profile entries of each say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from meterstream.simulator.history import EXTENDED_QUALITY, POWER_FAILURES, EventRow, past_rows

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

__all__ = ["EventLogs", "EventRow", "rows_of"]

_COUNTED: Final = (POWER_FAILURES, EXTENDED_QUALITY)


@dataclass(slots=True)
class EventLogs:
    """Live rows by role of the log, oldest first, and how many there ever were in the logs that have registers.

    `totals` counts by role and, but for power failures, code: "power_quality_extended_event_log:93".
    """

    rows: dict[str, list[EventRow]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def append(self, role: str, row: EventRow, entries: int) -> None:
        """Add a row and drop what the log has no room for."""
        rows = self.rows.setdefault(role, [])
        rows.append(row)
        del rows[:-entries]
        if role in _COUNTED:
            key = role if role == POWER_FAILURES else f"{role}:{row[1]}"
            self.totals[key] = self.totals.get(key, 0) + 1


def rows_of(meter: SimulatedMeter, role: str, entries: int, at: int) -> Sequence[EventRow]:
    """List what a log of the meter holds at a moment, oldest first.

    Once something has happened to the meter itself, only that is added to what was there before.
    """
    logs = meter.peek(EventLogs)
    live = logs.rows.get(role, []) if logs is not None else []
    now = min(live[0][0], meter.seconds(at)) if live else meter.seconds(at)
    room = entries - len(live)
    return [*past_rows(role, meter.number, now, room), *live] if room > 0 else live


def total(meter: SimulatedMeter, key: str) -> int:
    """Tell how many live rows there ever were under a key of `EventLogs.totals`."""
    logs = meter.peek(EventLogs)
    return logs.totals.get(key, 0) if logs is not None else 0
