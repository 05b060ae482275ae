"""Steady load, and the promises that must hold after any fault."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from uuid import uuid4

import aiohttp

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads, synchronize_time
from meterstream.demo.faces import Submission
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.receiver import Receiver
from meterstream.demo.service_process import ServiceProcess
from meterstream.runtime.errors import BrokerOutage

SEED = "faults"
METERS = 280
RATE_PER_S = 20  # on each of the two faces
PAUSE_S = 0.2
POLL_S = 0.1
AT_ONCE = 8
RESULT_DEADLINE_S = 120.0
READY_DEADLINE_S = 90.0
PUBLISH_DEADLINE_S = 90.0
TRY_AGAIN = (429, 503)
ACCEPTED = (200, 202)

Make = Callable[[str], Submission]


class Load:
    """Sends commands for a few meters at a steady rate, over Kafka and over REST to either ws-adapter.

    Attributes:
        accepted: correlation uids that the platform has taken and therefore owes a result.
        refused: how often REST said no, by error code; it owes nothing then.
    """

    def __init__(self, client: Client, port: int, numbers: Iterable[int]) -> None:
        fleet = client.platform.fleet
        self.client = client
        self.meters: list[DemoMeter] = [dataclasses.replace(fleet.meter(number), port=port) for number in numbers]
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()
        self._bases = itertools.cycle(client.platform.stack.https_addresses)
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def install(self) -> None:
        """Register the meters behind the proxy."""
        await self.client.install(self.meters)

    def start(self, *makers: Make) -> None:
        """Begin to send, these commands in turn; without any, reads and new times."""
        chosen = makers or (actual_reads, synchronize_time)
        self._tasks = [asyncio.create_task(self._work(send, chosen)) for send in (self._over_kafka, self._over_rest)]

    async def stop(self) -> None:
        """Send no more; what is on its way is counted when this returns. Raises: what ended the sending before."""
        self._stopping = True
        tasks, self._tasks = self._tasks, []
        async with asyncio.timeout(PUBLISH_DEADLINE_S):
            await asyncio.gather(*tasks)

    async def until_accepted(self, count: int) -> None:
        """Return when so many more commands have been taken."""
        goal = len(self.accepted) + count
        deadline = time.monotonic() + PUBLISH_DEADLINE_S
        while len(self.accepted) < goal:
            for task in self._tasks:
                if task.done():
                    task.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {len(self.accepted)} of {goal} commands were taken")
            await asyncio.sleep(POLL_S)

    async def results(self) -> None:
        """Send no more; return when every accepted command has its result and the organisation was told."""
        await self.stop()
        await self.client.watcher.wait_for(self.accepted, RESULT_DEADLINE_S)
        await told(self.client.platform.receiver, self.accepted)
        await self._in_the_read_model()

    async def verify(self) -> None:
        """Every accepted command succeeded, has one result and no nonce was used twice; every service works."""
        await self.results()
        assert not self.refused, f"commands were refused: {self.refused}"
        await all_ready(self.client)
        outcomes = {uid: self.client.watcher.outcomes[uid] for uid in self.accepted}
        different = [uid for uid, outcome in outcomes.items() if len(outcome.messages) != 1]
        assert not different, f"more than one result: {different[:3]}"
        failed = {outcome.error for outcome in outcomes.values() if outcome.status != ResultStatus.OK}
        assert not failed, f"commands failed: {failed}"
        assert self.client.platform.fleet.stats()["repeated_nonces"] == 0

    async def _work(self, send: Callable[[str, Submission], Awaitable[bool]], makers: Iterable[Make]) -> None:
        for make, meter in itertools.cycle(itertools.product(makers, self.meters)):
            if self._stopping:
                return
            uid = f"load-{uuid4().hex}"
            if await send(uid, make(meter.identification)):
                self.accepted.append(uid)
            await asyncio.sleep(1 / RATE_PER_S)

    async def _over_kafka(self, uid: str, submission: Submission) -> bool:
        try:
            await self.client.kafka.publish([(uid, submission)])
        except BrokerOutage:  # not acknowledged: the platform owes nothing
            await asyncio.sleep(PAUSE_S)
            return False
        return True

    async def _over_rest(self, uid: str, submission: Submission) -> bool:
        """As a careful client: the same uid again, to the other address, until there is an answer."""
        body = {"device_identification": submission.device, "correlation_uid": uid, "request": submission.json}
        while True:
            url = f"{next(self._bases)}/v1/operations/{submission.operation}"
            try:
                async with self.client.session.post(url, json=body) as response:
                    if response.status in ACCEPTED:
                        return True
                    if response.status not in TRY_AGAIN:
                        self.refused[(await response.json(content_type=None))["code"]] += 1
                        return False
            except (aiohttp.ClientConnectionError, TimeoutError):
                pass  # perhaps taken, perhaps not: only the same uid may follow
            await asyncio.sleep(PAUSE_S)

    async def _in_the_read_model(self) -> None:
        """Every accepted command is final on the REST face."""
        deadline = time.monotonic() + RESULT_DEADLINE_S
        waiting = iter(list(self.accepted))

        async def look() -> None:
            for uid in waiting:
                while not await self._is_final(uid):
                    assert time.monotonic() < deadline, f"{uid} is not final on the REST face"
                    await asyncio.sleep(POLL_S)

        await asyncio.gather(*(look() for _ in range(AT_ONCE)))

    async def _is_final(self, uid: str) -> bool:
        try:
            async with self.client.session.get(f"{next(self._bases)}/v1/operations/{uid}") as response:
                return response.status == 200 and bool((await response.json())["final"])
        except aiohttp.ClientConnectionError:
            return False


async def told(receiver: Receiver, uids: Iterable[str]) -> None:
    """Return when the webhook was called for every command."""
    missing = set(uids)
    deadline = time.monotonic() + RESULT_DEADLINE_S
    seen = 0
    while missing:
        fresh = receiver.received[seen:]
        seen += len(fresh)
        missing -= {json.loads(item.body)["correlation_uid"] for item in fresh}
        if missing:
            assert time.monotonic() < deadline, f"{len(missing)} commands were never told of: {sorted(missing)[:3]}"
            await asyncio.sleep(POLL_S)


async def all_ready(client: Client, *, without: str | None = None) -> None:
    """Return when every service (but one, if the test replaced it) is ready; none has ended by itself."""
    services = client.platform.stack.services.items()
    await asyncio.gather(*(ready(process) for name, process in services if not without or without not in name))


async def ready(process: ServiceProcess) -> None:
    """Return when a service says that it is ready."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while not await asyncio.to_thread(process.is_ready):
        assert process.is_alive(), f"{process.name} ended by itself"
        assert time.monotonic() < deadline, f"{process.name} waits for {process.waiting_for()}"
        await asyncio.sleep(POLL_S)


async def not_ready(process: ServiceProcess) -> None:
    """Return when a service that lives says that it is not ready."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while not await asyncio.to_thread(process.waiting_for):
        assert time.monotonic() < deadline, f"{process.name} still says that it is ready"
        await asyncio.sleep(POLL_S)
    assert process.is_alive(), f"{process.name} ended by itself"


async def metric(process: ServiceProcess, name: str, group: str) -> int:
    """A figure of one consumer group, from a replica's metrics; 0 where it does not tell."""
    text = await asyncio.to_thread(process.metrics)
    found = re.search(rf'^{name}{{group="{group}"}} (\S+)$', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


async def has_all_partitions(process: ServiceProcess, group: str, count: int) -> None:
    """Return when one replica holds every partition of a group."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while (held := await metric(process, "meterstream_partitions", group)) < count:
        assert time.monotonic() < deadline, f"{process.name} holds {held} of {count}"
        await asyncio.sleep(POLL_S)


async def has_noticed_the_loss(process: ServiceProcess, group: str) -> None:
    """Return when a replica says that it lost partitions of a group."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while not await metric(process, "meterstream_lost_partitions_total", group):
        assert time.monotonic() < deadline, f"{process.name} does not know that it lost partitions of {group}"
        await asyncio.sleep(POLL_S)
