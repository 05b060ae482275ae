"""Removes what is past its time."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from meterstream.runtime.clock import Clock
from meterstream.runtime.errors import Outage
from meterstream.ws_adapter.store.port import ReadModel

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=7)
"""How long a result can be fetched."""
OPEN_KEPT: Final = timedelta(days=8)
"""How long a command may stay without result after it expired; domain ends each long before."""
CHUNK: Final = 2_000


async def purge_once(model: ReadModel, clock: Clock) -> int:
    """Remove everything that is past its time, in statements of bounded size; how many rows that were."""
    now = clock()
    total = 0
    while True:
        removed = await model.purge(finished_before=now - KEPT, expired_before=now - OPEN_KEPT, chunk=CHUNK)
        total += removed
        if removed < CHUNK:
            return total
        await asyncio.sleep(0)


class Purge:
    """Purges now and then for as long as the service runs."""

    name = "purge"
    ready = True

    def __init__(self, model: ReadModel, clock: Clock, interval_s: float) -> None:
        self._model = model
        self._clock = clock
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once; a statement that runs is rolled back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                removed = await purge_once(self._model, self._clock)
            except Outage as outage:
                log.warning("nothing purged: %s", outage)
            else:
                if removed:
                    log.info("purged %s commands", removed)
            await asyncio.sleep(self._interval_s)
