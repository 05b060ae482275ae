"""The database as a component of the service."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from meterstream.runtime.errors import DatabaseOutage
from meterstream.runtime.postgres import Database
from meterstream.ws_adapter.store.postgres import MIGRATIONS

log = logging.getLogger(__name__)

PROBE_S: Final = 1.0


class StoreDatabase:
    """Opens the pool and migrates; asks a database that failed whether it is back, so that readiness returns."""

    name = "database"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._probe: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the last word of the database was good."""
        return self._database.healthy

    async def start(self) -> None:
        """Connect and migrate.

        Raises: DatabaseOutage, ConfigurationError.
        """
        await self._database.start()
        await self._database.migrate(MIGRATIONS)
        self._probe = asyncio.create_task(self._run(), name="database probe")

    async def stop(self) -> None:
        """Give the connections back."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])
            self._probe = None
        await self._database.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PROBE_S)
            if self._database.healthy:
                continue
            try:
                async with self._database.connection() as connection:
                    await connection.execute("select 1")
            except DatabaseOutage as outage:
                log.warning("the database is away: %s", outage)
