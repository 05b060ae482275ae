"""Views that follow the partitions of the lanes, and what has to be kept in order behind them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from meterstream.protocol_dlms.counters import CounterReserver
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.errors import Outage

log = logging.getLogger(__name__)

SWEEP_S: Final = 60.0


class View(Protocol):
    """A view of a compacted topic, as far as it is needed here (meterstream.runtime.kafka.CompactedView)."""

    async def add(self, partitions: Iterable[int]) -> None:
        """Return when the partitions are read up to the ends that they have now."""

    async def remove(self, partitions: Iterable[int]) -> None:
        """Stop reading."""


class Views:
    """Opens the views before work on a partition starts, and gives up everything when it has left."""

    def __init__(
        self,
        devices: tuple[View, DeviceTable],
        sessions: tuple[View, SessionTable],
        reserver: CounterReserver,
        cut: Callable[[Iterable[int]], None],
    ) -> None:
        self._devices_view, self._devices = devices
        self._sessions_view, self._sessions = sessions
        self._reserver = reserver
        self._cut = cut

    async def prepare(self, partitions: frozenset[int]) -> None:
        """Return when both views have reached the ends that they had after the assignment.

        Raises: Outage, PartitionLeft.
        """
        self._sessions.hold(partitions)
        await asyncio.gather(self._devices_view.add(partitions), self._sessions_view.add(partitions))
        log.info("%d partitions are prepared, %d devices known", len(partitions), len(self._devices))

    async def release(self, partitions: frozenset[int]) -> None:
        """Close what is open, give up the counters at hand, forget the views."""
        self._cut(partitions)
        self._reserver.release(partitions)
        await self._devices_view.remove(partitions)
        await self._sessions_view.remove(partitions)
        self._devices.drop(partitions)
        self._sessions.drop(partitions)


class Upkeep:
    """Once a minute: tombstones for old marks, higher reservations where a late one is the newest (a Component)."""

    name = "upkeep"

    def __init__(self, marks: Marks, reserver: CounterReserver, *, every_s: float = SWEEP_S) -> None:
        self._marks = marks
        self._reserver = reserver
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Nobody waits for it."""
        return True

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._sweep(), name=self.name)

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                swept = await self._marks.sweep()
                self._reserver.heal()
            except Outage as outage:
                log.warning("upkeep waits: %s", outage)
            except Exception:
                log.exception("upkeep failed; it goes on")
            else:
                if swept:
                    log.info("%d marks of unsafe steps are gone", swept)
