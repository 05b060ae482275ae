"""Transactions: what a process that stands still, fails or is overtaken leaves behind."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg
import pytest

from meterstream.domain.adapters import store as store_module
from meterstream.domain.adapters.store import Wanted, transaction
from meterstream.domain.model.stored import Identity, Stage
from meterstream.runtime.errors import DatabaseOutage

UID = "A" * 20
DEADLINE_S = 20.0


@pytest.fixture
async def wanted(domain):
    await domain.install()
    await domain.handle(domain.command())
    return Wanted(commands={Identity("org-a", UID)})


async def stage(domain):
    return await domain.rows("select stage from domain.commands where correlation_uid = %s", UID)


def postponed(world):
    row = world.command(Identity("org-a", UID))
    world.put_command(replace(row, stage=Stage.WAITING))


async def test_a_decision_that_fails_changes_nothing_and_gives_the_connection_back(domain, wanted):
    def decide(world):
        postponed(world)
        raise ZeroDivisionError

    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            await domain.store.work(wanted, decide)
    assert await stage(domain) == [("queued",)]


async def test_a_write_that_fails_changes_nothing(domain, wanted):
    def decide(world):
        row = world.command(Identity("org-a", UID))
        world.put_command(replace(row, stage=Stage.FINAL))  # final without status: the table's check refuses it

    with pytest.raises(psycopg.errors.CheckViolation):
        await domain.store.work(wanted, decide)
    assert await stage(domain) == [("queued",)]
    await domain.store.work(wanted, postponed)
    assert await stage(domain) == [("waiting_for_retry",)]


async def test_a_process_that_stands_still_loses_its_locks_and_its_decision(domain, wanted, database_dsn, monkeypatch):
    monkeypatch.setattr(store_module, "transaction", lambda database: transaction(database, 0.2))

    def stand_still(world):
        postponed(world)
        deadline = time.monotonic() + DEADLINE_S
        with psycopg.connect(database_dsn, autocommit=True) as other:
            others = "select from pg_stat_activity where state = 'idle in transaction' and pid <> pg_backend_pid()"
            while other.execute(f"{others} and datname = current_database()").rowcount:
                assert time.monotonic() < deadline
            locked = other.execute("select from domain.commands where correlation_uid = %s for update nowait", (UID,))
            assert locked.rowcount == 1

    with pytest.raises(DatabaseOutage):
        await domain.store.work(wanted, stand_still)
    assert await stage(domain) == [("queued",)]
    monkeypatch.undo()
    await domain.store.work(wanted, postponed)
    assert await stage(domain) == [("waiting_for_retry",)]
