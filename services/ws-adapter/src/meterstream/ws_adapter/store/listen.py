"""One connection that hears which rows moved, whichever replica moved them."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import psycopg
from psycopg import sql

from meterstream.runtime.postgres import OUTAGES
from meterstream.runtime.settings import PostgresSettings
from meterstream.ws_adapter.store.postgres import CHANNEL, digests_of
from meterstream.ws_adapter.store.watch import Watchers

log = logging.getLogger(__name__)

FIRST_DELAY_S: Final = 0.2
LONGEST_DELAY_S: Final = 5.0
PROBE_S: Final = 20.0
"""A silent connection is asked this often whether it still is one."""


class StoreListener:
    """Wakes the watchers; while it has no connection they fall back on their deadlines and it is not ready."""

    name = "store-listener"

    def __init__(self, settings: PostgresSettings, watchers: Watchers) -> None:
        self._settings = settings
        self._watchers = watchers
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether moves are heard now."""
        return self._listening.is_set()

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        delay = FIRST_DELAY_S
        while True:
            try:
                await self._listen()
            except OUTAGES as problem:
                log.warning("the store is not heard: %s", type(problem).__name__)
            delay = FIRST_DELAY_S if self._listening.is_set() else min(delay * 2, LONGEST_DELAY_S)
            self._listening.clear()
            await asyncio.sleep(delay)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._settings.dsn.get_secret_value(),
            autocommit=True,
            connect_timeout=max(2, int(self._settings.connect_timeout_s)),
            application_name="meterstream-ws-adapter-listener",
        )
        async with connection:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            self._watchers.wake(None)  # what moved while nobody listened
            self._listening.set()
            while True:
                async for notification in connection.notifies(timeout=PROBE_S):
                    self._watchers.wake(digests_of(notification.payload))
                async with asyncio.timeout(self._settings.connect_timeout_s):
                    await connection.execute("select 1")
