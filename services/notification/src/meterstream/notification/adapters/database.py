"""The service's database as a component."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from meterstream.runtime.errors import DatabaseOutage
from meterstream.runtime.postgres import Connection, Database
from meterstream.runtime.settings import PostgresSettings

MIGRATIONS: Final = "meterstream.notification.migrations"


class Connections(Protocol):
    """Gives connections to the schema `notification`."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection in autocommit mode. Raises: DatabaseOutage."""


class ServiceDatabase:
    """Opens a pool and migrates at start; a start that failed begins with a fresh pool."""

    name = "database"

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._opened: Database | None = None

    @property
    def ready(self) -> bool:
        """Whether the last word of the database was good; the dispatcher asks it every second."""
        return self._opened is not None and self._opened.healthy

    async def start(self) -> None:
        """Connect and migrate.

        Raises: DatabaseOutage, ConfigurationError.
        """
        self._opened = await Database.open(self._settings, MIGRATIONS)

    async def stop(self) -> None:
        """Give all connections back."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """See `Connections`."""
        if self._opened is None:
            raise DatabaseOutage("the database is not open")
        async with self._opened.connection() as connection:
            yield connection
