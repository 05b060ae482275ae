"""An organisation's client with all three faces and a watch on its results; for journeys, faults and benchmarks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from meterstream.demo.commands import Installer
from meterstream.demo.faces import KafkaFace, RestFace, SoapFace, https_session
from meterstream.demo.fleet import DemoMeter, Fleet
from meterstream.demo.receiver import Receiver
from meterstream.demo.results import ResultWatcher
from meterstream.demo.stack import Stack
from meterstream.runtime.kafka import Producer

DEADLINE_S = 60.0
POLL_S = 0.05

T = TypeVar("T")


@dataclass(frozen=True)
class Platform:
    """The running parts."""

    stack: Stack
    fleet: Fleet
    receiver: Receiver
    installer: Installer


class Client:
    """An organisation with all three faces, and a watch on its results."""

    def __init__(self, platform: Platform, organisation: str, session: aiohttp.ClientSession, kafka: KafkaFace) -> None:
        self.platform = platform
        self.organisation = organisation
        self.session = session
        self.base = platform.stack.https_addresses[0]
        self.rest = RestFace(session, self.base)
        self.soap = SoapFace(session, self.base, organisation)
        self.kafka = kafka
        self.watcher = ResultWatcher(platform.stack.kafka_settings, organisation)

    async def result(self, uid: str) -> dict[str, Any]:
        """The finished command as REST tells it, once the read model has it; its result's fields beside its own."""
        await self.watcher.wait_for([uid], DEADLINE_S)

        async def final() -> dict[str, Any] | None:
            found = await self.rest.fetch(uid)
            return found | found["result"] if found.get("final") else None

        return await eventually(final)

    async def install(self, meters: Sequence[DemoMeter]) -> None:
        """Register meters and wait until it is done."""
        uids = [await self.rest.submit(self.platform.installer.add_device(meter, overwrite=True)) for meter in meters]
        await self.watcher.wait_for(uids, DEADLINE_S)
        errors = {self.watcher.outcomes[uid].error for uid in uids} - {None}
        if errors:
            raise RuntimeError(f"could not install: {sorted(map(str, errors))}")

    async def post(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """POST JSON; status and answer."""
        async with self.session.post(self.base + path, json=body) as response:
            return response.status, await response.json(content_type=None)


@asynccontextmanager
async def open_client(platform: Platform, organisation: str) -> AsyncIterator[Client]:
    """A client for the length of a block."""
    producer = Producer(platform.stack.kafka_settings)
    context = platform.stack.authority.client_context(organisation)
    async with https_session(context) as session:
        client = Client(platform, organisation, session, KafkaFace(producer, organisation))
        await producer.start()
        await client.watcher.start()
        try:
            yield client
        finally:
            await client.watcher.stop()
            await producer.stop()


async def eventually(ask: Callable[[], Awaitable[T | None]], deadline_s: float = DEADLINE_S) -> T:
    """What `ask` finds, once it finds something.

    Raises: TimeoutError.
    """
    deadline = time.monotonic() + deadline_s
    while (found := await ask()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        await asyncio.sleep(POLL_S)
    return found
