"""Removes deliveries that were finished long ago, in slices that never hold the table."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from meterstream.notification.adapters.store import DeliveryStore
from meterstream.runtime.errors import Outage

log = logging.getLogger(__name__)

SLICE: Final = 5000


class Housekeeping:
    """A component: purges on a timer. Being late harms nobody, so it is always ready."""

    name = "housekeeping"
    ready = True

    def __init__(self, store: DeliveryStore, *, interval_s: float, keep_s: float) -> None:
        self._store = store
        self._interval_s = interval_s
        self._keep_s = keep_s
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        """End after the slice that runs."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                while (
                    await self._store.purge(keep_s=self._keep_s, limit=SLICE) == SLICE and not self._stopping.is_set()
                ):
                    log.debug("purged a slice")
            except Outage as outage:
                log.warning("old deliveries stay: %s", outage)
            try:
                await asyncio.wait_for(self._stopping.wait(), self._interval_s)
            except TimeoutError:
                continue
