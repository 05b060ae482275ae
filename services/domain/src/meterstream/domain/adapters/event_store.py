"""Events and message logs in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.contracts.events import Event, MessageLog
from meterstream.domain.adapters.store import QUERIES, event_rows, log_rows, transaction
from meterstream.domain.model.events import to_event
from meterstream.runtime.postgres import Database

FORGET_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event as it is stored; without organisations it is not."""

    event: Event
    is_known: bool


class EventStore:
    """What was told of devices and said to them.

    Args:
        frames_kept: of each device.
    """

    def __init__(self, database: Database, frames_kept: int) -> None:
        self._database = database
        self._frames_kept = frames_kept

    async def keep(self, events: Sequence[Event]) -> Mapping[str, KeptEvent]:
        """Store events that are published at once, each with the organisations that may know of it now.

        An event that was stored before comes back as it was then. Raises: DatabaseOutage.
        """
        if not events:
            return {}
        async with transaction(self._database) as work:
            found = await work.fetch("insert_events", event_rows(events, published=True))
        return {row[0]: KeptEvent(to_event(row[2], row[3]), row[1]) for row in found}

    async def log(self, frames: Sequence[MessageLog]) -> int:
        """Store frames of known devices; returns how many of them are news. Raises: DatabaseOutage."""
        if not frames:
            return 0
        devices = sorted({frame.device_identification for frame in frames})
        async with transaction(self._database) as work:
            inserted = await work.execute("insert_message_logs", log_rows(frames))
            await work.execute("bound_message_logs", {"devices": devices, "kept": self._frames_kept})
        return inserted.rowcount

    async def forget(self, events_before: datetime, frames_before: datetime) -> int:
        """Delete at most a page of old events and one of old frames; returns how many. Raises: DatabaseOutage."""
        async with self._database.connection() as connection:
            forgotten = 0
            for statement, before in (("forget_events", events_before), ("forget_message_logs", frames_before)):
                cursor = await connection.execute(QUERIES[statement], {"before": before, "limit": FORGET_PAGE})
                forgotten += cursor.rowcount
            return forgotten
