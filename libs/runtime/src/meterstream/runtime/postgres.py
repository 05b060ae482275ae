"""A pool of PostgreSQL connections (psycopg 3) and the migrations of a service's own schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from meterstream.runtime.errors import ConfigurationError, DatabaseOutage
from meterstream.runtime.settings import PostgresSettings

Connection = AsyncConnection[TupleRow]

OUTAGES: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
    errors.AdminShutdown,
    errors.IdleInTransactionSessionTimeout,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.ReadOnlySqlTransaction,
    OSError,
)
"""What passes by itself or with the server's return; everything else is a mistake of ours or of a message."""

RECONNECT_S: Final = 5.0
"""The pool's pauses between attempts double, minutes in the end. It gives up instead; whoever asks next begins anew."""

IDLE_S: Final = 15.0
"""A process that stands still for longer inside a transaction loses it, and the locks that others wait for."""

_MIGRATION_NAME: Final = re.compile(r"^(\d{3})_[a-z0-9_]+\.sql$")
_LOCK_KEY: Final = 0x6D657465


class Database:
    """The service's database. Failures of the server or the line come out as `DatabaseOutage`."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._pool = _pool(settings)
        self.healthy = False

    @classmethod
    async def open(cls, settings: PostgresSettings, migrations: str | None = None) -> Self:
        """Connect and bring the schema up to date.

        Args:
            migrations: package that holds `NNN_name.sql`, applied in order, each once, in a transaction of its own.

        Raises: DatabaseOutage; ConfigurationError where an applied migration was changed afterwards.
        """
        database = cls(settings)
        await database.start()
        if migrations is not None:
            try:
                await database.migrate(migrations)
            except BaseException:
                await database.close()
                raise
        return database

    async def start(self) -> None:
        """Open the pool and wait for a first connection; may be called again after it failed.

        Raises: DatabaseOutage.
        """
        try:
            await self._pool.open(wait=True, timeout=self._settings.connect_timeout_s)
        except OUTAGES as error:
            await self._pool.close()
            self._pool = _pool(self._settings)  # a closed pool never opens again
            raise DatabaseOutage(_reason(error)) from error
        self.healthy = True

    async def close(self) -> None:
        """Give all connections back."""
        self.healthy = False
        await self._pool.close(timeout=5)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit mode; `async with connection.transaction()` for more than one statement."""
        try:
            if not self.healthy:
                await self._pool.check()  # one broken connection: the others are probably broken too
            async with self._pool.connection() as connection:
                yield connection
        except OUTAGES as error:
            self.healthy = False
            raise DatabaseOutage(_reason(error)) from error
        self.healthy = True

    async def migrate(self, package: str) -> None:
        """Apply the migrations of `package` that are missing; safe while other processes do the same."""
        async with self.connection() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
            await connection.execute(
                "create table if not exists public.meterstream_migrations"
                " (package text, name text, digest text not null, applied_at timestamptz not null default now(),"
                " primary key (package, name))"
            )
            cursor = await connection.execute(
                "select name, digest from public.meterstream_migrations where package = %s", (package,)
            )
            applied: dict[str, str] = dict(await cursor.fetchall())
            for name, text in _migrations(package):
                digest = hashlib.sha256(text.encode()).hexdigest()
                if applied.get(name, digest) != digest:
                    raise ConfigurationError(f"{package}/{name} was changed after it had been applied")
                if name in applied:
                    continue
                await connection.execute(text.encode(), prepare=False)
                await connection.execute(
                    "insert into public.meterstream_migrations (package, name, digest) values (%s, %s, %s)",
                    (package, name, digest),
                )


def _pool(settings: PostgresSettings) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        settings.dsn.get_secret_value(),
        min_size=1,
        max_size=settings.pool_max_size,
        timeout=settings.connect_timeout_s,
        reconnect_timeout=RECONNECT_S,
        max_waiting=1000,
        open=False,
        kwargs={
            "autocommit": True,
            "connect_timeout": max(2, int(settings.connect_timeout_s)),
            "options": f"-c statement_timeout={int(settings.statement_timeout_s * 1000)} -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={int(IDLE_S * 1000)}",
            "application_name": "meterstream",
        },
    )


def _reason(error: BaseException) -> str:
    """One line without connection string."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else 'no details'}"


def _migrations(package: str) -> Iterator[tuple[str, str]]:
    files = {item.name: item for item in resources.files(package).iterdir() if item.name.endswith(".sql")}
    for name in sorted(files):
        if not _MIGRATION_NAME.match(name):
            raise ConfigurationError(f"{package}/{name} is not named NNN_name.sql")
        yield name, files[name].read_text(encoding="utf-8")


def load_queries(package: str, name: str = "queries.sql") -> dict[str, Any]:
    """Named statements of an SQL file: each begins with a line `-- name: <name>`."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for block in re.split(r"(?m)^-- name: ", text)[1:]:
        title, _, statement = block.partition("\n")
        if title.strip() in found:
            raise ConfigurationError(f"{package}/{name}: {title.strip()} stands twice")
        found[title.strip()] = statement.strip().rstrip(";").encode()
    return found
