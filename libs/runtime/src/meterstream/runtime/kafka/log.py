"""A reader without a group: chosen partitions, from where it was told to start, for ever.

It keeps its own positions and seeks after every assignment, because aiokafka forgets them. A position that the log no
longer has is never replaced in silence: the owner decides where to go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Final

import aiokafka
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka.clients import aiokafka_options
from meterstream.runtime.kafka.framing import framing, unframed
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

CHUNK: Final = 500
IDLE_MS: Final = 1000
EAGER_MS: Final = 50
FETCH_WAIT_MS: Final = 500
"""A message is handed over at once; an idle topic costs a fetch at each end of this time. Adding partitions waits for
it, because a connection answers in order."""
BACKOFF_S: Final = 1.0


class Start(StrEnum):
    """Where a partition is read from."""

    BEGINNING = "beginning"
    END = "end"


class PartitionLeft(Exception):
    """The partition that was waited for is no longer read here."""


class LogReader:
    """Follows partitions of one topic and hands over what it reads, in order."""

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        *,
        start: Start,
        deliver: Callable[[list[Message]], None],
        overtaken: Callable[[int], None],
    ) -> None:
        self._options = aiokafka_options(settings)
        self._timeout = settings.request_timeout_ms / 1000
        self._topic = topic
        self._framing = framing(settings)
        self._names = TopicNames(settings)
        self._full = self._names.full(topic)
        self._start = start
        self._deliver = deliver
        self._overtaken = overtaken
        self._positions: dict[int, int] = {}
        self._waiters: dict[int, list[tuple[int, asyncio.Future[None]]]] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._connected = asyncio.Event()
        self._changing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.healthy = False

    @property
    def partitions(self) -> frozenset[int]:
        """What is read now."""
        return frozenset(self._positions)

    async def start(self) -> None:
        """Begin to connect and to follow; a broker that is away is waited for."""
        self._task = asyncio.create_task(self._follow(), name=f"reader of {self._topic}")

    async def stop(self) -> None:
        """Stop reading; whoever waits is told."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._forget(list(self._positions))
        await self._disconnect()

    async def add(self, partitions: Iterable[int]) -> dict[int, int]:
        """Begin to read partitions; the answer is the end offset of each, taken now.

        Raises: BrokerOutage when the broker does not answer.
        """
        wanted = frozenset(partitions)
        async with self._changing:
            consumer = await self._consumer_now()
            places = [aiokafka.TopicPartition(self._full, partition) for partition in sorted(wanted)]
            try:
                starts, ends = await self._bounds(consumer, places)
            except KafkaError as error:
                raise BrokerOutage(f"no offsets of {self._topic}: {error!r}") from error
            for place in places:
                self._positions.setdefault(place.partition, starts[place])
            self._assign(consumer)
        return {place.partition: end for place, end in ends.items()}

    async def _bounds(
        self, consumer: AIOKafkaConsumer, places: list[aiokafka.TopicPartition]
    ) -> tuple[dict[aiokafka.TopicPartition, int], dict[aiokafka.TopicPartition, int]]:
        """Where to begin and where the logs end, asked side by side: both answers wait for the fetch on its way.

        Raises: KafkaError.
        """
        if self._start is Start.END:
            ends = await consumer.end_offsets(places)
            return ends, ends
        starts, ends = await asyncio.gather(consumer.beginning_offsets(places), consumer.end_offsets(places))
        return starts, ends

    async def remove(self, partitions: Iterable[int]) -> None:
        """Stop reading partitions."""
        async with self._changing:
            self._forget(partitions)
            if self._consumer is not None:
                self._assign(self._consumer)

    def position(self, partition: int) -> int | None:
        """The offset that is read next, None where the partition is not read."""
        return self._positions.get(partition)

    async def reached(self, partition: int, position: int) -> None:
        """Wait until everything below `position` was handed over.

        Raises: PartitionLeft.
        """
        now = self._positions.get(partition)
        if now is None:
            raise PartitionLeft(f"{self._topic}/{partition} is not read here")
        if now >= position:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(partition, [])
        waiters.append((position, future))
        try:
            await future
        finally:
            with suppress(ValueError):
                waiters.remove((position, future))

    # The loop

    async def _follow(self) -> None:
        while True:
            try:
                consumer = await self._connect()
                while True:
                    await self._read(consumer)
            except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
                await self._move_on(error)
            except (KafkaError, OSError) as error:
                self.healthy = False
                log.warning("reader of %s starts again: %r", self._topic, error)
                await self._disconnect()
                await asyncio.sleep(BACKOFF_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        timeout = EAGER_MS if self._waiters else IDLE_MS
        found = await consumer.getmany(timeout_ms=timeout, max_records=CHUNK)
        self.healthy = True
        for place, records in found.items():
            position = self._positions.get(place.partition)
            if position is None:
                continue
            messages = [
                Message(self._topic, place.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp)
                for r in records
                if r.offset >= position
            ]
            if messages:
                self._deliver(unframed(messages, self._framing))
                self._advance(place.partition, messages[-1].offset + 1)
        if found:
            await asyncio.sleep(0)  # a long load leaves the loop to others
        for partition in list(self._waiters):  # the end of a log need not hold a record
            place = aiokafka.TopicPartition(self._full, partition)
            if place in consumer.assignment():
                self._advance(partition, await consumer.position(place))

    def _advance(self, partition: int, position: int) -> None:
        now = self._positions.get(partition)
        if now is None:
            return
        self._positions[partition] = max(now, position)
        waiters = self._waiters.get(partition)
        if waiters is None:
            return
        for wanted, future in waiters:
            if wanted <= position and not future.done():
                future.set_result(None)
        waiting = [(wanted, future) for wanted, future in waiters if not future.done()]
        if waiting:
            self._waiters[partition] = waiting
        else:
            del self._waiters[partition]

    def _forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._positions.pop(partition, None)
            for _, future in self._waiters.pop(partition, []):
                if not future.done():
                    future.set_exception(PartitionLeft(f"{self._topic}/{partition} has left"))

    async def _move_on(self, error: KafkaError) -> None:
        """The log no longer has a position: read from the start again (a view) or go to the end (a live reader)."""
        gone = _partitions_of(error) & self._positions.keys()
        log.error("%s no longer has the position of partitions %s", self._topic, sorted(gone))
        for partition in gone:
            self._overtaken(partition)
            del self._positions[partition]
        try:
            await self.add(gone)
        except BrokerOutage as outage:
            log.warning("reader of %s: %s", self._topic, outage)
            for partition in gone:
                self._positions.setdefault(partition, 0)
            await asyncio.sleep(BACKOFF_S)

    # The client

    async def _consumer_now(self) -> AIOKafkaConsumer:
        try:
            async with asyncio.timeout(self._timeout):
                await self._connected.wait()
        except TimeoutError:
            raise BrokerOutage(f"the reader of {self._topic} has no broker") from None
        assert self._consumer is not None  # noqa: S101  # for the type checker; the event says so
        return self._consumer

    async def _connect(self) -> AIOKafkaConsumer:
        if self._consumer is not None:
            return self._consumer
        consumer = AIOKafkaConsumer(
            **self._options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=60_000,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer
        self._assign(consumer)
        self._connected.set()
        self.healthy = True
        return consumer

    def _assign(self, consumer: AIOKafkaConsumer) -> None:
        """Assign and seek in one go: nothing may be awaited in between."""
        places: Mapping[aiokafka.TopicPartition, int] = {
            aiokafka.TopicPartition(self._full, partition): position for partition, position in self._positions.items()
        }
        consumer.assign(list(places))
        for place, position in places.items():
            consumer.seek(place, position)

    async def _disconnect(self) -> None:
        self._connected.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, OSError):
                await consumer.stop()


def _partitions_of(error: KafkaError) -> set[int]:
    """Of the two errors of aiokafka one carries a dict by partition, the other the partition itself."""
    detail = error.args[0]
    places = [detail] if isinstance(detail, aiokafka.TopicPartition) else list(detail)
    return {place.partition for place in places}
