"""A step that must not run twice, on workers that are killed and put to sleep in the middle of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from harness import Load, all_ready, has_all_partitions, has_noticed_the_loss, ready

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.topics import LANES
from meterstream.demo.client import Platform
from meterstream.demo.commands import synchronize_time
from meterstream.demo.proxy import Proxy
from meterstream.demo.service_process import ServiceProcess

SERVICE = "protocol-dlms"
GROUP = "protocol-dlms"


@pytest_asyncio.fixture
async def unsafe_workers(platform: Platform) -> AsyncIterator[list[ServiceProcess]]:
    """Two workers for which setting the clock is unsafe, in place of the platform's own."""
    stack = platform.stack
    own = [process for name, process in stack.services.items() if name.startswith(SERVICE)]
    search = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    environment = stack.environment_of(SERVICE) | {"PYTHONPATH": search}
    directory = stack.settings.directory / "services"
    workers = [
        ServiceProcess(f"unsafe-{number}", "unsafe_protocol", directory / f"unsafe-{number}", environment)
        for number in range(2)
    ]
    for process in own:
        await asyncio.to_thread(process.terminate)
    for worker in workers:
        worker.start()
    await asyncio.gather(*(ready(worker) for worker in workers))
    yield workers
    for worker in workers:
        await asyncio.to_thread(worker.stop)
    for process in own:
        process.start()
    await asyncio.gather(*(ready(process) for process in own))


async def test_an_unsafe_step_is_done_once_or_its_outcome_is_unknown(
    load: Load, line: Proxy, unsafe_workers: list[ServiceProcess]
) -> None:
    stack, fleet = load.client.platform.stack, load.client.platform.fleet
    before = fleet.stats()["clock_sets"]
    victim, sleeper = unsafe_workers
    load.start(synchronize_time)
    await load.until_accepted(40)
    line.slow(0.2)  # so that workers are hit in the middle of sessions
    await load.until_accepted(40)
    victim.kill()
    line.heal()
    await load.until_accepted(40)
    victim.start()
    await ready(victim)
    line.slow(0.2)
    await load.until_accepted(40)
    sleeper.pause()
    try:
        await has_all_partitions(victim, GROUP, stack.settings.device_partitions * len(LANES))
        line.heal()
        await load.until_accepted(40)
    finally:
        sleeper.resume()
    await has_noticed_the_loss(sleeper, GROUP)
    await load.results()
    await all_ready(load.client, without=SERVICE)
    outcomes = [load.client.watcher.outcomes[uid] for uid in load.accepted]
    assert all(len(outcome.messages) == 1 for outcome in outcomes)
    done = [outcome for outcome in outcomes if outcome.status == ResultStatus.OK]
    unknown = [outcome for outcome in outcomes if outcome.error and outcome.error.startswith("OUTCOME_UNKNOWN")]
    assert len(done) + len(unknown) == len(outcomes), {outcome.error for outcome in outcomes}
    assert unknown, "no worker was hit in the middle of a step"
    assert len(done) <= fleet.stats()["clock_sets"] - before <= len(outcomes)
    assert fleet.stats()["repeated_nonces"] == 0
