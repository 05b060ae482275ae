"""Broker, database and lines that go away and come back: everything waits, nothing is lost."""

from __future__ import annotations

import asyncio
import time

from harness import Load, not_ready

from meterstream.demo.proxy import Proxy
from meterstream.demo.stack import WITH_DATABASE

OUTAGE_S = 30.0


async def outage(began: float) -> None:
    """The rest of the outage."""
    await asyncio.sleep(max(0.0, began + OUTAGE_S - time.monotonic()))


async def test_the_broker_goes_away_and_comes_back(load: Load) -> None:
    stack = load.client.platform.stack
    load.start()
    await load.until_accepted(60)
    began = time.monotonic()
    await asyncio.to_thread(stack.kafka.kill)
    for process in stack.services.values():
        await not_ready(process)
    await outage(began)
    await asyncio.to_thread(stack.kafka.restart)
    await load.until_accepted(60)
    await load.verify()


async def test_the_database_goes_away_and_comes_back(load: Load) -> None:
    stack = load.client.platform.stack
    load.start()
    await load.until_accepted(60)
    began = time.monotonic()
    await asyncio.to_thread(stack.postgres.kill)
    for name, process in stack.services.items():
        if name.rsplit("-", 1)[0] in WITH_DATABASE:
            await not_ready(process)
    await load.until_accepted(60)  # they wait in the topics
    await outage(began)
    await asyncio.to_thread(stack.postgres.restart)
    await load.until_accepted(60)
    await load.verify()


async def test_lines_to_the_meters_are_cut_in_the_middle(load: Load, line: Proxy) -> None:
    load.start()
    for _ in range(4):
        await load.until_accepted(20)
        line.cut()
    await load.until_accepted(40)
    await load.verify()


async def test_slow_lines_delay_and_lose_nothing(load: Load, line: Proxy) -> None:
    load.start()
    await load.until_accepted(20)
    line.slow(0.2)
    await load.until_accepted(60)
    line.heal()
    await load.verify()
