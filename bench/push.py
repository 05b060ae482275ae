"""What a push costs protocol-dlms: from a meter's connection to its event on Kafka.

protocol-dlms runs as in an installation, beside a real Kafka whose CPU is not counted. 1,000 meters push the alarm of
SMR 5, each push over a TCP connection of its own, as these meters do; a push counts once its event is on
`device-events`.

* `push_per_s_per_core`: pushes a second for each core that protocol-dlms uses, under load;
* `push_per_s`: how many it took, with Kafka and the load generator on the same machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Final

import uvloop
from aiokafka import AIOKafkaConsumer

from bench.ingress_kafka import Counter
from meterstream.contracts.records import Connection, DeviceRecord, DeviceState, SecurityLevel
from meterstream.demo.servers.processes import free_ports
from meterstream.demo.stack import Stack, StackSettings, running_servers
from meterstream.dlms.data import LogicalName
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing, Producer, TopicNames
from meterstream.simulator.push import notification_push, standard_values

DIRECTORY: Final = Path(".local") / "bench" / "push"
METERS: Final = 1_000
WARM_UP: Final = 5_000
PUSHES: Final = 30_000
AT_ONCE: Final = 200
_ALARM: Final = LogicalName.parse("0.1.25.9.0.255")


def identification(number: int) -> str:
    """Of a meter that exists as a record alone."""
    return f"E{number:016}"


def record(number: int) -> DeviceRecord:
    """What domain would publish."""
    return DeviceRecord(
        device_identification=identification(number),
        revision=1,
        state=DeviceState.ACTIVE,
        organisation="BenchGrid",
        device_type="SMART_METER_E",
        protocol_name="SMR",
        protocol_version="5.0.0",
        connection=Connection(),
        security_level=SecurityLevel.HLS5,
    )


async def push_all(port: int, pushes: Iterator[bytes], count: int) -> None:
    """Send them, so many at once, each over its own connection; each must be kept."""

    async def send() -> None:
        nonlocal count
        while count > 0:
            count -= 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(next(pushes))
            writer.write_eof()
            if await reader.read():
                raise RuntimeError("a push was answered")
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))


async def measure(stack: Stack, port: int) -> dict[str, float]:
    """Publish the records, warm up, measure."""
    service, codec, producer = stack.services["protocol-dlms-0"], shared_codec(), Producer(stack.kafka_settings)
    await producer.start()
    records = [record(number) for number in range(METERS)]
    await producer.send([Outgoing("devices", one.device_identification.encode(), codec.encode(one)) for one in records])
    await producer.stop()
    known = [
        notification_push(standard_values(identification(number).encode(), _ALARM, (2,))) for number in range(METERS)
    ]
    pushes = cycle(known)
    async with AIOKafkaConsumer(bootstrap_servers=stack.kafka_settings.bootstrap_servers) as consumer:
        counter = Counter(consumer, TopicNames(stack.kafka_settings))
        await push_all(port, pushes, WARM_UP)
        await counter.reached("device-events", WARM_UP)
        cpu, began = service.cpu_seconds(), time.perf_counter()
        await push_all(port, pushes, PUSHES)
        await counter.reached("device-events", WARM_UP + PUSHES)
        cpu, elapsed = service.cpu_seconds() - cpu, time.perf_counter() - began
    return {"push_per_s_per_core": PUSHES / cpu, "push_per_s": PUSHES / elapsed}


def run() -> dict[str, float]:
    """Pushes a second."""
    (port,) = free_ports(1)
    settings = StackSettings(
        directory=DIRECTORY.resolve(),
        device_partitions=2,
        spread_partitions=1,
        environment={"METERSTREAM_LOG__LEVEL": "WARNING"},
        service_environment={
            "protocol-dlms": {
                "METERSTREAM_PUSHES__HOST": "127.0.0.1",
                "METERSTREAM_PUSHES__TCP_PORT": str(port),
                "METERSTREAM_PUSHES__PER_ADDRESS_PER_S": "10000",
                "METERSTREAM_PUSHES__PER_ADDRESS_BURST": "100000",
            }
        },
    )
    with running_servers(settings.directory) as (kafka, postgres):
        stack = Stack(settings, kafka, postgres)
        stack.prepare()
        try:
            stack.add_replica("protocol-dlms", 0).wait_until_ready()
            return uvloop.run(measure(stack, port))
        finally:
            stack.stop_services()
