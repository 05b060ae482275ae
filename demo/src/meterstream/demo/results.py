"""Follows the topic `results` as a dashboard would, and knows which commands are done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Result
from meterstream.runtime.codec import Codec
from meterstream.runtime.settings import KafkaSettings

POLL_MS = 200


@dataclass
class Outcome:
    """What became of one command; `seen_at` on the monotonic clock."""

    status: ResultStatus
    error: str | None
    seconds: float
    seen_at: float
    messages: set[bytes] = field(default_factory=set)


class ResultWatcher:
    """Reads every partition of `results` from now on; keeps one outcome per correlation uid."""

    def __init__(self, settings: KafkaSettings, organisation: str) -> None:
        self._topic = f"{settings.topic_prefix}.results"
        self._partitions = settings.spread_partitions
        self._organisation = organisation
        self._codec = Codec()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False, fetch_max_wait_ms=POLL_MS
        )
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.outcomes: dict[str, Outcome] = {}

    async def start(self) -> None:
        """Begin at the end of every partition."""
        await self._consumer.start()
        partitions = [TopicPartition(self._topic, number) for number in range(self._partitions)]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_end(*partitions)
        for partition in partitions:
            await self._consumer.position(partition)  # only now is the end known
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def wait_for(
        self, uids: Iterable[str], deadline_s: float, progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Return when every command has its result.

        Raises: TimeoutError that names how many are missing.
        """
        missing = set(uids)
        total = len(missing)
        deadline = time.monotonic() + deadline_s
        while True:
            self._changed.clear()
            missing -= self.outcomes.keys()
            progress(total - len(missing))
            if not missing:
                return
            if self._task is not None and self._task.done():
                self._task.result()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, min(1.0, deadline - time.monotonic())))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(
                        f"{len(missing)} of {total} commands have no result: {sorted(missing)[:3]}"
                    ) from None

    async def _follow(self) -> None:
        async for message in self._consumer:
            result = self._codec.decode_as(message.value, Result)
            if result.header.organisation != self._organisation:
                continue
            outcome = self.outcomes.get(result.header.correlation_uid)
            if outcome is None:
                elapsed = message.timestamp / 1000 - result.header.created_at.timestamp()
                error = f"{result.error.code}: {result.error.message}" if result.error else None
                outcome = Outcome(result.status, error, elapsed, time.monotonic())
                self.outcomes[result.header.correlation_uid] = outcome
            outcome.messages.add(message.value)
            self._changed.set()
