"""A step that must not run twice, on workers that are killed and put to sleep in the middle of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest_asyncio
from harness import Load, all_ready, has_all_partitions, has_noticed_the_loss, ready

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.topics import LANES
from meterstream.demo.client import Platform
from meterstream.demo.commands import synchronize_time
from meterstream.demo.service_process import ServiceProcess

SERVICE = "protocol-dlms"
GROUP = "protocol-dlms"
HELD_DEADLINE_S = 60.0
POLL_S = 0.02


class UnsafeWorker(ServiceProcess):
    """A worker that can be held in the middle of an unsafe step: the meter's clock is set, the step not finished."""

    def __init__(self, name: str, directory: Path, environment: Mapping[str, str], flags: Path) -> None:
        flags.mkdir()
        super().__init__(name, "unsafe_protocol", directory, {**environment, "UNSAFE_DIRECTORY": str(flags)})
        self._flags = flags

    def hold(self) -> None:
        """Hold it in the next step."""
        (self._flags / "held").unlink(missing_ok=True)
        (self._flags / "hold").touch()

    async def held(self) -> None:
        """Return when a step is held."""
        async with asyncio.timeout(HELD_DEADLINE_S):
            while not (self._flags / "held").exists():  # noqa: ASYNC110  # the worker is another process
                await asyncio.sleep(POLL_S)

    def let_go(self) -> None:
        """Go on."""
        (self._flags / "hold").unlink()


@pytest_asyncio.fixture
async def unsafe_workers(platform: Platform, tmp_path: Path) -> AsyncIterator[list[UnsafeWorker]]:
    """Two workers for which setting the clock is unsafe, in place of the platform's own."""
    stack = platform.stack
    own = [process for name, process in stack.services.items() if name.startswith(SERVICE)]
    search = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    environment = stack.environment_of(SERVICE) | {"PYTHONPATH": search}
    directory = stack.settings.directory / "services"
    names = ["unsafe-0", "unsafe-1"]
    workers = [UnsafeWorker(name, directory / name, environment, tmp_path / name) for name in names]
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
    load: Load, unsafe_workers: list[UnsafeWorker]
) -> None:
    stack, fleet = load.client.platform.stack, load.client.platform.fleet
    before = fleet.stats()["clock_sets"]
    victim, sleeper = unsafe_workers
    load.start(synchronize_time)
    await load.until_accepted(40)
    victim.hold()
    await victim.held()
    victim.kill()
    victim.let_go()
    await load.until_accepted(40)
    victim.start()
    await ready(victim)
    await load.until_accepted(40)
    sleeper.hold()
    await sleeper.held()
    sleeper.pause()
    try:
        sleeper.let_go()
        await has_all_partitions(victim, GROUP, stack.settings.device_partitions * len(LANES))
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
    assert len(unknown) >= len(unsafe_workers), "each was hit in the middle of a step"
    assert len(done) <= fleet.stats()["clock_sets"] - before <= len(outcomes)
    assert fleet.stats()["repeated_nonces"] == 0
