"""What the tests of the Kafka engine share: one world in memory, one on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import aiokafka
import pytest

from meterstream.contracts.topics import TOPICS
from meterstream.runtime.kafka import (
    BatchConsumer,
    CompactedView,
    KeyedConsumer,
    Message,
    PartitionReader,
    Producer,
    Sends,
    TopicNames,
)
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

PARTITIONS = 4
LANES = ("dlms-requests-high", "dlms-requests-normal", "dlms-requests-low")
USED = ("commands", "results", "replies", "devices", "organisations", *LANES)
WAIT_S = 30.0

Until = Callable[..., Any]


class World(Protocol):
    """A place to run the engine in. What it makes is stopped at the end of the test."""

    settings: KafkaSettings
    producer: Sends

    def batch(self, **arguments: Any) -> BatchConsumer: ...
    def keyed(self, **arguments: Any) -> KeyedConsumer: ...
    def view(self, topic: str, **arguments: Any) -> CompactedView[Any]: ...
    def replies(self, partition: int, on_messages: Callable[..., None]) -> PartitionReader: ...
    async def messages(self, topic: str) -> list[Message]: ...
    def break_broker(self) -> None: ...
    async def mend_broker(self) -> None: ...


async def _until(condition: Callable[[], object], what: str = "", timeout: float = WAIT_S) -> None:
    try:
        async with asyncio.timeout(timeout):
            while not condition():  # noqa: ASYNC110  # conditions of foreign threads and processes set no event
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it never came true: {what or condition}") from None


@pytest.fixture
def until() -> Until:
    """Wait for a condition, with a deadline."""
    return _until


class _Base:
    def __init__(self, settings: KafkaSettings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.stack = stack

    def _kept(self, component: Any) -> Any:
        self.stack.push_async_callback(component.stop)
        return component


class MemoryWorld(_Base):
    """Everything in this process."""

    def __init__(self, settings: KafkaSettings, stack: AsyncExitStack) -> None:
        super().__init__(settings, stack)
        self.kafka = MemoryKafka(settings)
        self.producer = self.kafka.producer()

    def batch(self, *, group: str, topics: list[str], **arguments: Any) -> BatchConsumer:
        found = BatchConsumer(
            self.settings,
            group=group,
            topics=topics,
            producer=self.producer,
            membership=self.kafka.membership(group, topics),
            **arguments,
        )
        return self._kept(found)  # type: ignore[no-any-return]

    def keyed(self, *, group: str, lanes: dict[str, float], **arguments: Any) -> KeyedConsumer:
        found = KeyedConsumer(
            self.settings,
            group=group,
            lanes=lanes,
            producer=self.producer,
            membership=self.kafka.membership(group, list(lanes)),
            **arguments,
        )
        return self._kept(found)  # type: ignore[no-any-return]

    def view(self, topic: str, **arguments: Any) -> CompactedView[Any]:
        found: CompactedView[Any] = CompactedView(self.settings, topic, reader=self.kafka.reader, **arguments)
        return self._kept(found)  # type: ignore[no-any-return]

    def replies(self, partition: int, on_messages: Callable[..., None]) -> PartitionReader:
        found = PartitionReader(self.settings, "replies", partition, on_messages, reader=self.kafka.reader)
        return self._kept(found)  # type: ignore[no-any-return]

    async def messages(self, topic: str) -> list[Message]:
        return self.kafka.messages(topic)

    def break_broker(self) -> None:
        self.kafka.down = True

    async def mend_broker(self) -> None:
        self.kafka.down = False


class BrokerWorld(_Base):
    """A real broker."""

    def __init__(self, settings: KafkaSettings, stack: AsyncExitStack, server: Any) -> None:
        super().__init__(settings, stack)
        self.server = server
        self.producer: Producer = self._kept(Producer(settings))

    def batch(self, **arguments: Any) -> BatchConsumer:
        return self._kept(BatchConsumer(self.settings, producer=self.producer, **arguments))  # type: ignore[no-any-return]

    def keyed(self, **arguments: Any) -> KeyedConsumer:
        return self._kept(KeyedConsumer(self.settings, producer=self.producer, **arguments))  # type: ignore[no-any-return]

    def view(self, topic: str, **arguments: Any) -> CompactedView[Any]:
        return self._kept(CompactedView(self.settings, topic, **arguments))  # type: ignore[no-any-return]

    def replies(self, partition: int, on_messages: Callable[..., None]) -> PartitionReader:
        return self._kept(PartitionReader(self.settings, "replies", partition, on_messages))  # type: ignore[no-any-return]

    async def messages(self, topic: str) -> list[Message]:
        return await read_topic(self.settings, topic)

    def break_broker(self) -> None:
        self.server.kill()

    async def mend_broker(self) -> None:
        await asyncio.to_thread(self.server.restart)


async def read_topic(settings: KafkaSettings, topic: str) -> list[Message]:
    """All messages of a topic on a real broker, partition after partition, through a client of its own."""
    names = TopicNames(settings)
    places = [aiokafka.TopicPartition(names.full(topic), number) for number in range(names.partitions(topic))]
    found = []
    async with aiokafka.AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, 0)
            while await consumer.position(place) < ends[place]:
                for one in (await consumer.getmany(place, timeout_ms=100)).get(place, []):
                    headers = tuple(one.headers)
                    found.append(Message(topic, one.partition, one.offset, one.key, one.value, headers, one.timestamp))
    return found


def _settings(bootstrap: str, prefix: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=bootstrap,
        topic_prefix=prefix,
        group_prefix=prefix,
        device_partitions=PARTITIONS,
        spread_partitions=PARTITIONS,
        session_timeout_ms=6000,
        request_timeout_ms=20_000,
    )


@pytest.fixture
async def memory_world() -> AsyncIterator[MemoryWorld]:
    """The engine on a Kafka in memory."""
    async with AsyncExitStack() as stack:
        yield MemoryWorld(_settings("memory:1", "t"), stack)


@pytest.fixture
async def kafka_settings(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    """Settings of a real broker whose topics of this test exist."""
    settings = _settings(kafka_bootstrap, topic_prefix)
    await apply_topics(settings, [TOPICS[name] for name in USED])
    return settings


@pytest.fixture
async def broker_world(kafka_settings: KafkaSettings, kafka_server: Any) -> AsyncIterator[BrokerWorld]:
    """The engine on a real broker."""
    async with AsyncExitStack() as stack:
        world = BrokerWorld(kafka_settings, stack, kafka_server)
        await world.producer.start()
        yield world
