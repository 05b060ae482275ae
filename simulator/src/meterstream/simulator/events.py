"""Event logs: rows a meter has written since it exists, bounded as the profile entries of each log say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

EventRow: TypeAlias = tuple[int, ...]
"""Time in seconds of the meter's clock, event code, and further columns in the order of the log."""


@dataclass(slots=True)
class EventLogs:
    """Live rows by role of the log, oldest first."""

    rows: dict[str, list[EventRow]] = field(default_factory=dict)

    def append(self, role: str, row: EventRow, entries: int) -> None:
        """Add a row and drop what the log has no room for."""
        rows = self.rows.setdefault(role, [])
        rows.append(row)
        del rows[:-entries]
