"""What the consumer engine costs next to a plain aiokafka consumer that commits, in the same run, on a real broker.

Values of 350 octets, keys of 5,000 meters, 12 partitions; nothing is done with a message but counting it.

* `engine_batch_messages_per_s`, `engine_keyed_messages_per_s`: BatchConsumer and KeyedConsumer (a turn per meter, three
  lanes, offsets done out of order); `engine_plain_messages_per_s`: aiokafka's getmany with a commit twice a second;
* `engine_*_cpu_us`: CPU of the process per message, all threads of the client included; `engine_send_cpu_us`: of
  sending, acknowledged by all replicas;
* `engine_batch_ratio_plain`, `engine_keyed_ratio_plain`: messages per second over those of the plain consumer.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import aiokafka
import uvloop

from meterstream.contracts.topics import LANES, TOPICS
from meterstream.demo.servers import start_kafka
from meterstream.runtime.kafka import Batch, BatchConsumer, Described, KeyedConsumer, Message, Outgoing, Producer, Turn
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

MESSAGES = 120_000
METERS = 5_000
VALUE_OCTETS = 350
SEND_AT_ONCE = 2_000
SENDERS = 3
COMMIT_S = 0.5
DEADLINE_S = 120.0
DIRECTORY = Path(".local") / "bench" / "engine"


class Meter:
    """Counts messages; tells rate and CPU from the first one to the last."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.count = 0
        self.before = 0
        self.done = asyncio.Event()

    def add(self, count: int) -> None:
        if not self.count:
            self.began, self.cpu_began = time.perf_counter(), time.process_time()
            self.before = count
        self.count += count
        if self.count >= self.wanted:
            self.ended, self.cpu_ended = time.perf_counter(), time.process_time()
            self.done.set()

    def figures(self, name: str) -> dict[str, float]:
        count = self.count - self.before
        return {
            f"engine_{name}_messages_per_s": count / (self.ended - self.began),
            f"engine_{name}_cpu_us": (self.cpu_ended - self.cpu_began) / count * 1e6,
        }


async def send_all(settings: KafkaSettings, topics: tuple[str, ...]) -> dict[str, float]:
    """Fill topics evenly; a few callers send at once, as in a service."""
    producer = Producer(settings)
    await producer.start()
    value = random.Random(1).randbytes(VALUE_OCTETS)
    batches = [
        [
            Outgoing(topics[number % len(topics)], b"E%07d" % (number % METERS), value)
            for number in range(first, first + SEND_AT_ONCE)
        ]
        for first in range(0, MESSAGES, SEND_AT_ONCE)
    ]
    waiting = iter(batches)

    async def send() -> None:
        for batch in waiting:
            await producer.send(batch)

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send() for _ in range(SENDERS)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    await producer.stop()
    return {"engine_send_messages_per_s": MESSAGES / seconds, "engine_send_cpu_us": cpu / MESSAGES * 1e6}


async def batch_consumer(settings: KafkaSettings, producer: Producer) -> dict[str, float]:
    """BatchConsumer."""
    meter = Meter(MESSAGES)

    async def handle(batch: Batch) -> None:
        batch.check()
        meter.add(len(batch))

    consumer = BatchConsumer(settings, group="batch", topics=["commands"], handle=handle, producer=producer)
    await measured(consumer.start, consumer.stop, meter)
    return meter.figures("batch")


async def keyed_consumer(settings: KafkaSettings, producer: Producer) -> dict[str, float]:
    """KeyedConsumer over the three lanes."""
    meter = Meter(MESSAGES)

    async def handle(turn: Turn) -> None:
        while (message := turn.take()) is not None:
            turn.check()
            turn.done(message)
            meter.add(1)

    def describe(message: Message) -> Described:
        return Described(message.key, 4)

    lanes = dict(zip(LANES, (6.0, 3.0, 1.0), strict=True))
    consumer = KeyedConsumer(
        settings, group="keyed", lanes=lanes, describe=describe, handle=handle, max_keys=1000, producer=producer
    )
    await measured(consumer.start, consumer.stop, meter)
    return meter.figures("keyed")


async def plain_consumer(settings: KafkaSettings) -> dict[str, float]:
    """A plain consumer of aiokafka, as a tutorial has it, with its commits on a timer."""
    meter = Meter(MESSAGES)
    consumer = aiokafka.AIOKafkaConsumer(
        f"{settings.topic_prefix}.commands",
        bootstrap_servers=settings.bootstrap_servers,
        group_id=f"{settings.group_prefix}.plain",
        auto_offset_reset="earliest",
        auto_commit_interval_ms=int(COMMIT_S * 1000),
    )

    async def read() -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=100, max_records=500)).values():
                meter.add(len(records))

    await consumer.start()
    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(DEADLINE_S):
            await meter.done.wait()
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await consumer.stop()
    return meter.figures("plain")


async def measured(start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]], meter: Meter) -> None:
    await start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await meter.done.wait()
    finally:
        await stop()


async def compare(bootstrap: str) -> dict[str, float]:
    prefix = f"bench-{uuid4().hex[:8]}"
    settings = KafkaSettings(
        bootstrap_servers=bootstrap,
        topic_prefix=prefix,
        group_prefix=prefix,
        device_partitions=12,
        spread_partitions=12,
    )
    await apply_topics(settings, [TOPICS[name] for name in ("commands", *LANES)])
    figures = await send_all(settings, ("commands",))
    await send_all(settings, LANES)
    producer = Producer(settings)
    await producer.start()
    figures |= await plain_consumer(settings)
    figures |= await batch_consumer(settings, producer)
    figures |= await keyed_consumer(settings, producer)
    await producer.stop()
    plain = figures["engine_plain_messages_per_s"]
    for name in ("batch", "keyed"):
        figures[f"engine_{name}_ratio_plain"] = figures[f"engine_{name}_messages_per_s"] / plain
    return figures


def run() -> dict[str, float]:
    """Figures by name."""
    server = start_kafka(DIRECTORY)
    try:
        return uvloop.run(compare(server.bootstrap_servers))
    finally:
        server.stop()
