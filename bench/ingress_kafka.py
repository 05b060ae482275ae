"""What a command that an upstream system publishes costs domain: from `upstream-commands` to its acknowledgement.

Domain runs as in an installation, beside a real Kafka and a real PostgreSQL, whose CPU is not counted; protocol-dlms is
not there. The acknowledgement is the state `queued` on `command-states`; the request for the meter goes out with it.
Half GetActualMeterReads, half SynchronizeTime, over 1,000 meters of an organisation that is `trusted`.

* `ingress_kafka_cpu_ms`: CPU of domain for a command and its acknowledgement, under load;
* `ingress_kafka_commands_per_s`: how many it took, with Kafka, PostgreSQL and the load generator on the same machine.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from meterstream.demo.commands import Installer, actual_reads, synchronize_time
from meterstream.demo.faces import KafkaFace, Submission
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.stack import Organisation, Stack, StackSettings, running_servers
from meterstream.runtime.kafka import Producer, TopicNames

ORGANISATION = "BenchGrid"
DIRECTORY = Path(".local") / "bench" / "ingress-kafka"
METERS = 1_000
WARM_UP = 4_000
COMMANDS = 20_000
CHUNK = 250
DEADLINE_S = 300.0
ASK_EVERY_S = 0.05


@dataclass(frozen=True)
class Counter:
    """Counts the messages of a topic by the ends of its partitions."""

    consumer: AIOKafkaConsumer
    names: TopicNames

    async def count(self, topic: str) -> int:
        """Messages so far; nothing of the topics asked about is ever compacted or deleted here."""
        places = [TopicPartition(self.names.full(topic), number) for number in range(self.names.partitions(topic))]
        return sum((await self.consumer.end_offsets(places)).values())

    async def reached(self, topic: str, wanted: int) -> None:
        """Return when a topic holds as many."""
        deadline = time.monotonic() + DEADLINE_S
        while (found := await self.count(topic)) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found} of {wanted} messages on {topic} after {DEADLINE_S:g} s")
            await asyncio.sleep(ASK_EVERY_S)


def meters() -> list[DemoMeter]:
    """Meters that nobody calls."""
    return [
        DemoMeter(
            number=number,
            identification=f"E{number:016}",
            host="192.0.2.1",
            port=4059,
            logical_id=1,
            protocol_name="DSMR",
            protocol_version="4.2.2",
            master_key=number.to_bytes(16, "big"),
            authentication_key=(number + METERS).to_bytes(16, "big"),
            encryption_key=(number + 2 * METERS).to_bytes(16, "big"),
        )
        for number in range(1, METERS + 1)
    ]


async def publish(face: KafkaFace, submissions: Sequence[Submission]) -> None:
    """Publish in batches."""
    for start in range(0, len(submissions), CHUNK):
        chunk = submissions[start : start + CHUNK]
        await face.publish([(f"bench-{uuid4().hex}", submission) for submission in chunk])


async def measure(stack: Stack) -> dict[str, float]:
    """Install the meters, warm up, measure."""
    settings, domain = stack.kafka_settings, stack.services["domain-0"]
    producer = Producer(settings)
    await producer.start()
    face, installer, known = KafkaFace(producer, ORGANISATION), Installer(stack.keys / "rsa-public.pem"), meters()
    async with AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers) as consumer:
        counter = Counter(consumer, TopicNames(settings))
        await publish(face, [installer.add_device(meter) for meter in known])
        await counter.reached("results", METERS)
        makers = itertools.cycle((actual_reads, synchronize_time))
        endless = (next(makers)(meter.identification) for meter in itertools.cycle(known))
        await publish(face, list(itertools.islice(endless, WARM_UP)))
        await counter.reached("command-states", WARM_UP)
        wanted = list(itertools.islice(endless, COMMANDS))
        cpu, began = domain.cpu_seconds(), time.perf_counter()
        await publish(face, wanted)
        await counter.reached("command-states", WARM_UP + COMMANDS)
        cpu, elapsed = domain.cpu_seconds() - cpu, time.perf_counter() - began
        if await counter.count("results") != METERS or await counter.count("upstream-commands.dead-letter"):
            raise RuntimeError("a command was refused")
    await producer.stop()
    return {"ingress_kafka_cpu_ms": cpu * 1000 / COMMANDS, "ingress_kafka_commands_per_s": COMMANDS / elapsed}


def run() -> dict[str, float]:
    """CPU of domain for a command from Kafka."""
    settings = StackSettings(
        directory=DIRECTORY.resolve(),
        organisations=(Organisation(ORGANISATION, admin=True),),
        device_partitions=2,
        spread_partitions=1,
        environment={"METERSTREAM_LOG__LEVEL": "WARNING"},
    )
    with running_servers(settings.directory) as (kafka, postgres):
        stack = Stack(settings, kafka, postgres)
        stack.prepare()
        try:
            stack.add_replica("domain", 0).wait_until_ready()
            return uvloop.run(measure(stack))
        finally:
            stack.stop_services()
