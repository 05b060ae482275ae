"""The pool waits for its server, translates outages, and applies each migration once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from meterstream.runtime.errors import ConfigurationError, DatabaseOutage
from meterstream.runtime.postgres import Database, load_queries
from meterstream.runtime.settings import PostgresSettings

BACKEND = "select pid from pg_stat_activity where pid = %s"


def settings_of(dsn: str) -> PostgresSettings:
    return PostgresSettings(dsn=SecretStr(dsn), connect_timeout_s=5)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package for migrations."""
    folder = tmp_path / "example_migrations"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "001_first.sql").write_text("create table first (id integer primary key);")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    return folder


@pytest_asyncio.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    opened = await Database.open(settings_of(database_dsn))
    yield opened
    await opened.close()


async def test_a_server_that_is_away_is_an_outage_and_may_come_back(database_dsn: str) -> None:
    away = Database(settings_of("postgresql://nobody@127.0.0.1:1/none"))
    for _ in range(2):
        with pytest.raises(DatabaseOutage):
            await away.start()
    assert not away.healthy


async def test_migrations_run_once_also_side_by_side(database_dsn: str, package: Path) -> None:
    opened = await asyncio.gather(*(Database.open(settings_of(database_dsn), package.name) for _ in range(3)))
    for item in opened:
        await item.close()
    (package / "002_second.sql").write_text(
        "alter table first add column name text; insert into first values (1, 'x');"
    )
    database = await Database.open(settings_of(database_dsn), package.name)
    async with database.connection() as connection:
        rows = await (await connection.execute("select id, name from first")).fetchall()
    await database.close()
    assert rows == [(1, "x")]


async def test_a_changed_migration_is_refused(database: Database, package: Path) -> None:
    await database.migrate(package.name)
    (package / "001_first.sql").write_text("create table other (id integer);")
    with pytest.raises(ConfigurationError, match=r"001_first\.sql was changed"):
        await database.migrate(package.name)


async def test_a_misnamed_migration_is_refused(database: Database, package: Path) -> None:
    (package / "first.sql").write_text("select 1")
    with pytest.raises(ConfigurationError, match="NNN_name"):
        await database.migrate(package.name)


async def test_a_broken_connection_is_an_outage_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(DatabaseOutage):
        async with database.connection() as connection:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
    async with database.connection() as connection:
        assert await (await connection.execute("select 1")).fetchone() == (1,)
    assert database.healthy


async def test_a_transaction_that_the_server_ended_for_standing_still_is_an_outage(database: Database) -> None:
    async def stand_still(watching: Any) -> None:
        async with database.connection() as connection, connection.transaction():
            await connection.execute("set local idle_in_transaction_session_timeout = '20ms'")
            pid = connection.info.backend_pid
            async with asyncio.timeout(20):
                while await (await watching.execute(BACKEND, (pid,))).fetchone():  # each look waits for an answer
                    pass
            await connection.execute("select 1")

    async with database.connection() as watching:
        with pytest.raises(DatabaseOutage):
            await stand_still(watching)
    async with database.connection() as connection:
        assert await (await connection.execute("select 1")).fetchone() == (1,)


async def test_after_an_outage_every_broken_connection_is_replaced_at_once(database: Database) -> None:
    async with database.connection() as one, database.connection() as two, database.connection() as three:
        await asyncio.gather(*(connection.execute("select 1") for connection in (one, two, three)))
    async with database.connection() as connection:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = %s"
        await connection.execute(others, (connection.info.dbname,))
    with pytest.raises(DatabaseOutage):
        async with database.connection() as connection:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
    for _ in range(3):
        async with database.connection() as connection:
            await connection.execute("select 1")


async def test_a_mistake_of_ours_is_no_outage(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with database.connection() as connection:
            await connection.execute("select * from nowhere")


async def test_an_outage_does_not_tell_the_password() -> None:
    away = Database(settings_of("postgresql://user:hidden@127.0.0.1:1/none"))
    with pytest.raises(DatabaseOutage) as caught:
        await away.start()
    assert "hidden" not in str(caught.value)


def test_named_statements_are_read(package: Path) -> None:
    (package / "queries.sql").write_text("-- head\n-- name: one\nselect 1;\n-- name: two\nselect\n  2;\n")
    assert load_queries(package.name) == {"one": b"select 1", "two": b"select\n  2"}
    (package / "queries.sql").write_text("-- name: one\nselect 1;\n-- name: one\nselect 2;\n")
    with pytest.raises(ConfigurationError, match="stands twice"):
        load_queries(package.name)
