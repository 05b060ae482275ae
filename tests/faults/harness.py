"""Steady load, and the promises that must hold after any fault."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable
from uuid import uuid4

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads, synchronize_time
from meterstream.demo.faces import FaceRefused, Submission
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.service_process import ServiceProcess

RATE_PER_S = 40
RESULT_DEADLINE_S = 120.0
READY_DEADLINE_S = 90.0
PUBLISH_DEADLINE_S = 60.0


class Load:
    """Publishes commands for a few meters at a steady rate; knows which the broker has taken.

    Attributes:
        accepted: correlation uids that the platform has taken and therefore owes a result.
    """

    def __init__(self, client: Client, port: int, numbers: Iterable[int]) -> None:
        fleet = client.platform.fleet
        self.client = client
        self.meters: list[DemoMeter] = [dataclasses.replace(fleet.meter(number), port=port) for number in numbers]
        self.accepted: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def install(self) -> None:
        """Register the meters behind the proxy."""
        await self.client.install(self.meters)

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.create_task(self._publish())

    async def stop(self) -> None:
        """Publish no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def until_accepted(self, count: int) -> None:
        """Return when so many more commands have been taken."""
        goal = len(self.accepted) + count
        deadline = time.monotonic() + PUBLISH_DEADLINE_S
        while len(self.accepted) < goal:
            if self._task is not None and self._task.done():
                self._task.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {len(self.accepted)} of {goal} commands were taken")
            await asyncio.sleep(0.05)

    async def _publish(self) -> None:
        makers: tuple[Callable[[str], Submission], ...] = (actual_reads, synchronize_time)
        turns = itertools.cycle(itertools.product(makers, self.meters))
        while True:
            make, meter = next(turns)
            uid = f"load-{uuid4().hex}"
            try:
                await self.client.kafka.publish([(uid, make(meter.identification))])
            except Exception:  # not acknowledged: the platform owes nothing
                await asyncio.sleep(0.2)
                continue
            self.accepted.append(uid)
            await asyncio.sleep(1 / RATE_PER_S)

    async def verify(self) -> None:
        """Every accepted command has one result, no nonce was used twice, every service is ready."""
        await self.stop()
        watcher = self.client.watcher
        await watcher.wait_for(self.accepted, RESULT_DEADLINE_S)
        for uid in self.accepted:
            outcome = watcher.outcomes[uid]
            assert len(outcome.messages) == 1, f"{uid} has {len(outcome.messages)} different results"
        failed = {
            outcome.error for uid in self.accepted if (outcome := watcher.outcomes[uid]).status != ResultStatus.OK
        }
        assert failed <= {None}, f"commands failed: {failed}"
        assert self.client.platform.fleet.stats()["repeated_nonces"] == 0
        for process in self.client.platform.stack.services.values():
            await ready(process)


async def ready(process: ServiceProcess) -> None:
    """Return when a service says that it is ready."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while not await asyncio.to_thread(process.is_ready):
        assert time.monotonic() < deadline, f"{process.name} waits for {process.waiting_for()}"
        await asyncio.sleep(0.1)


async def not_ready(process: ServiceProcess) -> None:
    """Return when a service says that it is not ready."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while await asyncio.to_thread(process.is_ready):
        assert time.monotonic() < deadline, f"{process.name} still says that it is ready"
        await asyncio.sleep(0.1)


async def partitions_held(process: ServiceProcess, group: str) -> int:
    """How many partitions a replica holds in a group, from its metrics."""
    text = await asyncio.to_thread(process.metrics)
    for line in text.splitlines():
        if line.startswith("meterstream_partitions{") and f'group="{group}"' in line:
            return int(float(line.rsplit(" ", 1)[1]))
    return 0


async def has_all_partitions(process: ServiceProcess, group: str, count: int) -> None:
    """Return when one replica holds every partition of a group."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while await partitions_held(process, group) < count:
        assert time.monotonic() < deadline, f"{process.name} holds {await partitions_held(process, group)} of {count}"
        await asyncio.sleep(0.1)


async def refused_or_accepted(client: Client, submission: Submission) -> str | None:
    """A uid over REST, None where the platform said no or was away."""
    try:
        return await client.rest.submit(submission)
    except (FaceRefused, OSError):
        return None
