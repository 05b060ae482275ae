"""One suite for the read model in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from pydantic import SecretStr

from meterstream.contracts.envelope import Advance
from meterstream.contracts.errors import error
from meterstream.runtime.errors import DatabaseOutage
from meterstream.runtime.postgres import Database
from meterstream.runtime.settings import PostgresSettings
from meterstream.ws_adapter.model.progress import CommandKey, Progress, newest
from meterstream.ws_adapter.model.search import Search
from meterstream.ws_adapter.store.listen import StoreListener
from meterstream.ws_adapter.store.memory import MemoryReadModel
from meterstream.ws_adapter.store.postgres import (
    ALL,
    MIGRATIONS,
    STATEMENT_BYTES,
    PostgresReadModel,
    chunks,
    digests_of,
    payload,
)
from meterstream.ws_adapter.store.purge import purge_once
from meterstream.ws_adapter.store.watch import Progresses, Watchers

if TYPE_CHECKING:
    from meterstream.ws_adapter.store.port import ReadModel

T0 = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def row(number: int = 1, organisation: str = "A", **fields: object) -> Progress:
    values = {
        "key": CommandKey(organisation, f"uid-{number:020}"),
        "operation": "SynchronizeTime",
        "device_identification": "E0000000000000001",
        "priority": 4,
        "created_at": T0,
        "expires_at": T0 + timedelta(days=1),
        "state": "queued",
        "attempt": 1,
        "changed_at": T0,
    }
    return Progress(**{**values, **fields})  # type: ignore[arg-type] # fields by name


def final(number: int = 1, organisation: str = "A", **fields: object) -> Progress:
    values = {"state": "ok", "changed_at": T0 + SECOND, "finished_at": T0 + SECOND, "result": b"\xc3\x01result"}
    return row(number, organisation, **{**values, **fields})


KEY = row().key
Until = Callable[..., Awaitable[None]]


class ReadModelContract:
    """What both must keep."""

    async def stored(self, model: ReadModel, key: CommandKey = KEY) -> Progress | None:
        return (await model.read([key])).get(key)

    async def test_returns_what_was_stored(self, model: ReadModel) -> None:
        failure = error("CONNECTION_REFUSED", "refused", address="10.0.0.1").to_record("PROTOCOL_DLMS")
        waiting = row(state="waiting_for_retry", due_at=T0 + SECOND, error=failure)
        ended = final(2, device_identification=None)
        advance = Advance(done=5, total=20, percent=25, per_second=1, seconds_left=15, action=2)
        running = row(4, state="running", advance=advance)
        await model.upsert(newest([waiting, ended, running]))
        found = await model.read([waiting.key, ended.key, row(3).key, running.key])
        assert found == {waiting.key: waiting, ended.key: ended, running.key: running}

    async def test_how_far_it_is_holds_while_it_runs(self, model: ReadModel) -> None:
        await model.upsert([row(state="running", advance=Advance(done=5, total=20, percent=25))])
        await model.upsert([row(state="waiting_for_retry", changed_at=T0 + SECOND)])
        stored = await self.stored(model)
        assert stored is not None
        assert stored.advance is None

    async def test_states_only_move_forward(self, model: ReadModel) -> None:
        second = row(attempt=2, changed_at=T0 + SECOND)
        await model.upsert([row()])
        await model.upsert([second])
        await model.upsert([row(changed_at=T0 + 5 * SECOND, state="waiting_for_retry")])
        assert await self.stored(model) == second
        later = replace(second, state="running", changed_at=T0 + 6 * SECOND)
        await model.upsert([later])
        assert await self.stored(model) == later

    async def test_a_result_is_final(self, model: ReadModel) -> None:
        await model.upsert([row()])
        await model.upsert([final()])
        await model.upsert([row(attempt=9, changed_at=T0 + timedelta(days=1))])
        await model.upsert([final(state="failed", result=b"other", finished_at=T0 + timedelta(days=1))])
        assert await self.stored(model) == final()

    async def test_a_result_may_come_before_any_state_and_be_older(self, model: ReadModel) -> None:
        await model.upsert([row(attempt=5, changed_at=T0 + timedelta(hours=1))])
        await model.upsert([final()])
        assert await self.stored(model) == final()
        await model.upsert([final(2)])
        await model.upsert([row(2)])
        assert await self.stored(model, row(2).key) == final(2)

    async def test_organisations_may_use_the_same_uid(self, model: ReadModel) -> None:
        mine, theirs = final(), final(organisation="B", result=b"theirs")
        await model.upsert(newest([theirs, mine]))
        assert await model.read([mine.key, theirs.key]) == {mine.key: mine, theirs.key: theirs}
        assert await model.delete(mine.key)
        assert await self.stored(model, theirs.key) == theirs

    async def test_a_deleted_result_stays_deleted(self, model: ReadModel) -> None:
        await model.upsert([row()])
        assert not await model.delete(row().key)
        await model.upsert([final()])
        assert await model.delete(row().key)
        assert not await model.delete(row().key)
        await model.upsert([final()])  # a redelivery
        found = await self.stored(model)
        assert found is not None
        assert found.deleted
        assert found.result is None

    async def test_purges_what_is_past_its_time_in_bounded_parts(self, model: ReadModel) -> None:
        old = [final(number) for number in range(10, 15)]
        lost = row(20)
        kept = [final(1, finished_at=T0 + timedelta(days=3)), row(2, expires_at=T0 + timedelta(days=9))]
        await model.upsert(newest([*old, lost, *kept]))
        assert await model.purge(finished_before=T0, expired_before=T0, chunk=2) == 0
        assert await model.purge(finished_before=T0 + 2 * SECOND, expired_before=T0, chunk=2) == 2
        assert await purge_once(model, lambda: T0 + timedelta(days=7, seconds=2)) == 3
        assert await purge_once(model, lambda: T0 + timedelta(days=9, seconds=2)) == 1
        keys = [one.key for one in kept]
        assert list(await model.read([*keys, *(one.key for one in old), lost.key])) == keys

    async def test_searches_newest_first_page_by_page(self, model: ReadModel) -> None:
        rows = [
            row(
                number,
                organisation="B" if number == 30 else "A",
                device_identification=f"E{number % 2}",
                operation="Bundle" if number % 5 == 0 else "SynchronizeTime",
                created_at=T0 + SECOND * (number // 3),
            )
            for number in range(31)
        ]
        rows[4] = final(4, created_at=T0 + SECOND, device_identification="E0")
        await model.upsert(newest(rows))
        await model.upsert([final(6, created_at=T0 + 2 * SECOND)])
        assert await model.delete(rows[6].key)
        every = Search("A", size=4)
        found: list[Progress] = []
        search = every
        while page := await model.search(search):
            found += page[:4]
            if len(page) <= 4:
                break
            search = every.at(every.cursor_after(page[3]))
        assert [one.key.correlation_uid for one in found] == [
            row(number).key.correlation_uid for number in range(29, -1, -1) if number != 6
        ]
        assert next(one for one in found if one.final) == replace(rows[4], result=None)
        for narrowed in (
            Search("A", device_identification="E1"),
            Search("A", operations=("Bundle", "SynchronizeTime")),
            Search("A", device_identification="E1", operations=("Bundle",), states=("queued", "ok")),
            Search("A", states=("ok",)),
            Search("A", created_from=T0 + 2 * SECOND, created_before=T0 + 5 * SECOND),
            Search("C"),
        ):
            wanted = narrowed.page([replace(one, result=None) for one in rows if one != rows[6]])
            assert await model.search(narrowed) == wanted
            assert wanted or narrowed.organisation == "C"


class TestMemory(ReadModelContract):
    @pytest.fixture
    def model(self) -> ReadModel:
        return MemoryReadModel()


@pytest.fixture
def postgres(database_dsn: str) -> PostgresSettings:
    return PostgresSettings(dsn=SecretStr(database_dsn), connect_timeout_s=5)


@pytest.fixture
async def database(postgres: PostgresSettings) -> AsyncIterator[Database]:
    database = await Database.open(postgres, MIGRATIONS)
    yield database
    await database.close()


class TestPostgres(ReadModelContract):
    @pytest.fixture
    def model(self, database: Database) -> ReadModel:
        return PostgresReadModel(database)

    async def test_concurrent_writers_of_the_same_rows_do_not_block_each_other_for_good(self, model: ReadModel) -> None:
        states = [row(number, changed_at=T0 + number * SECOND) for number in range(200)]
        results = [final(number) for number in range(200)]
        await asyncio.gather(*(model.upsert(newest(rows)) for rows in (states, results, states[::-1], results[::-1])))
        found = await model.read([one.key for one in states])
        assert {one.state for one in found.values()} == {"ok"}

    async def test_every_replica_hears_of_a_move(
        self, postgres: PostgresSettings, database: Database, until: Until
    ) -> None:
        writer = PostgresReadModel(database)
        replicas = [Watchers(10), Watchers(10)]
        listeners = [StoreListener(postgres, watchers) for watchers in replicas]
        for listener in listeners:
            await listener.start()
        try:
            async with asyncio.timeout(10):
                await until(lambda: all(listener.ready for listener in listeners))
                waits = [
                    asyncio.create_task(
                        Progresses(writer, watchers).read_when(
                            row().key, lambda found: found is not None and found.final, 60
                        )
                    )
                    for watchers in replicas
                ]
                await until(lambda: all(watchers.count for watchers in replicas))
                await writer.upsert([row()])
                await writer.upsert([final()])
                assert await asyncio.gather(*waits) == [final(), final()]
        finally:
            for listener in listeners:
                await listener.stop()

    async def test_listening_goes_on_after_the_connection_broke(
        self, postgres: PostgresSettings, database: Database, until: Until
    ) -> None:
        model, watchers = PostgresReadModel(database), Watchers(10)
        listener = StoreListener(postgres, watchers)
        await listener.start()
        try:
            async with asyncio.timeout(20):
                await until(lambda: listener.ready)
                wait = asyncio.create_task(
                    Progresses(model, watchers).read_when(row().key, lambda found: found is not None, 60)
                )
                await until(lambda: watchers.count)
                async with database.connection() as connection:
                    await connection.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where application_name = 'meterstream-ws-adapter-listener'"
                    )
                await until(lambda: not listener.ready)
                await model.upsert([row()])  # unheard: found when the listener is back
                assert await wait == row()
                assert listener.ready
        finally:
            await listener.stop()

    async def test_a_database_that_is_away_is_an_outage(self, postgres: PostgresSettings) -> None:
        database = await Database.open(postgres, MIGRATIONS)
        await database.close()
        with pytest.raises(DatabaseOutage):
            await PostgresReadModel(database).upsert([row()])

    async def test_one_statement_writes_a_batch(self, database: Database, database_dsn: str) -> None:
        rows = newest(final(number, result=b"x" * 100) for number in range(500))
        await PostgresReadModel(database).upsert(rows)
        async with await psycopg.AsyncConnection.connect(database_dsn) as connection:
            cursor = await connection.execute("select count(*), count(distinct xmin::text) from ws_adapter.commands")
            assert await cursor.fetchone() == (500, 1)


def test_a_batch_keeps_the_newest_row_of_each_command_in_the_order_of_keys() -> None:
    rows = [row(2), row(1), final(1), row(1, attempt=2), row(2, changed_at=T0 + SECOND), row(2)]
    assert newest(rows) == [final(1), row(2, changed_at=T0 + SECOND)]


def test_rows_are_split_by_size_and_number() -> None:
    big = [final(number, result=b"x" * (STATEMENT_BYTES // 2)) for number in range(3)]
    assert [len(part) for part in chunks(big)] == [2, 1]
    assert [len(part) for part in chunks([row(number) for number in range(2_500)])] == [1_000, 1_000, 500]
    assert list(chunks([])) == []


def test_a_notification_names_the_rows_or_all_of_them() -> None:
    few = [row(number) for number in range(3)]
    assert digests_of(payload(few)) == [one.key.digest() for one in few]
    assert payload([row(number) for number in range(1_000)]) == ALL
    assert digests_of(ALL) is None
