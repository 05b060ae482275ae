"""Work that is done again and again: a component around it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from meterstream.runtime.errors import Outage

log = logging.getLogger(__name__)

LONGEST_PAUSE_S: Final = 10.0


class Periodic:
    """Calls `work` until it has nothing to do, pauses, begins again.

    Trouble of broker or database makes it not ready and is waited out; any other failure is logged, and tried again
    all the same: what a timer has to do may not be lost.

    Args:
        work: returns whether there is more to do at once.
    """

    def __init__(self, name: str, interval_s: float, work: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._interval_s = interval_s
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()
        self._is_stopping = False
        self._ready = False

    @property
    def name(self) -> str:
        """How /readyz calls it."""
        return self._name

    @property
    def ready(self) -> bool:
        """Whether the last turn went well."""
        return self._ready

    async def start(self) -> None:
        """Begin."""
        self._is_stopping = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Finish the turn that runs."""
        self._is_stopping = True
        self._awake.set()
        if self._task is not None:
            await self._task
            self._task = None

    def wake(self) -> None:
        """There is something to do: end the pause."""
        self._awake.set()

    async def _run(self) -> None:
        pause = 0.0
        while not await self._stopped_within(pause):
            try:
                more = await self._work()
            except Outage as outage:
                log.warning("%s waits: %s", self._name, outage)
                self._ready, pause = False, min(max(pause, self._interval_s) * 2, LONGEST_PAUSE_S)
            except Exception:
                log.exception("%s failed", self._name)
                self._ready, pause = False, min(max(pause, self._interval_s) * 2, LONGEST_PAUSE_S)
            else:
                self._ready, pause = True, 0.0 if more else self._interval_s

    async def _stopped_within(self, seconds: float) -> bool:
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), seconds)
        else:
            await asyncio.sleep(0)
        self._awake.clear()
        return self._is_stopping
