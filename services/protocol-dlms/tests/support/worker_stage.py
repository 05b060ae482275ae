"""A worker between topics and simulated meters, on Kafka in memory or a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from meterstream.contracts.operation import Operation, OperationRequest
from meterstream.contracts.operations import (
    get_actual_meter_reads,
    synchronize_time,
)
from meterstream.contracts.records import DeviceRecord
from meterstream.contracts.topics import TOPICS, lane_of
from meterstream.protocol_dlms.executor import Executor
from meterstream.protocol_dlms.service import Broker, build
from meterstream.protocol_dlms.settings import ImageSettings, KeySettings, PushSettings, SessionSettings, Settings
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Message, Outgoing, TopicNames
from meterstream.runtime.kafka.log import LogReader, Start
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

Make = Callable[..., Any]
WATCHED = (
    "dlms-responses",
    "readings",
    "readings.apart",
    "device-sessions",
    "device-events",
    "message-logs",
    "dlms-requests-normal.dead-letter",
    "pushes.dead-letter",
)
OWN_READINGS = "grid-apart=apart"
READ = get_actual_meter_reads.GetActualMeterReadsRequest()
SYNCHRONIZE = synchronize_time.SynchronizeTimeRequest()


class Cluster(Protocol):
    """A broker, in memory or real."""

    settings: KafkaSettings

    def broker(self) -> Broker: ...
    def reader(self, topic: str, deliver: Callable[[list[Message]], None]) -> Any: ...


class MemoryCluster:
    def __init__(self) -> None:
        self.settings = KafkaSettings(
            bootstrap_servers="memory", device_partitions=6, spread_partitions=3, readings_topics=OWN_READINGS
        )
        self.kafka = MemoryKafka(self.settings)
        self.memberships: list[Any] = []

    def broker(self) -> Broker:
        lanes = ["pushes", "dlms-requests-high", "dlms-requests-normal", "dlms-requests-low"]
        self.memberships.append(self.kafka.membership("protocol-dlms", lanes))
        return Broker(self.kafka.producer(), self.kafka.reader, self.memberships[-1])

    def reader(self, topic: str, deliver: Callable[[list[Message]], None]) -> Any:
        return self.kafka.reader(self.settings, topic, start=Start.BEGINNING, deliver=deliver, overtaken=lambda _: None)


class OnMemory:
    """Base of test classes that run on Kafka in memory."""

    @pytest.fixture
    def make_cluster(self) -> Make:
        async def make() -> MemoryCluster:
            return MemoryCluster()

        return make


class RealCluster:
    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = KafkaSettings(
            bootstrap_servers=bootstrap,
            topic_prefix=prefix,
            group_prefix=prefix,
            device_partitions=6,
            spread_partitions=3,
            session_timeout_ms=6000,
            readings_topics=OWN_READINGS,
        )

    def broker(self) -> Broker:
        return Broker.of(self.settings)

    def reader(self, topic: str, deliver: Callable[[list[Message]], None]) -> Any:
        return LogReader(self.settings, topic, start=Start.BEGINNING, deliver=deliver, overtaken=lambda _: None)


@dataclass
class Stage:
    """Requests in, responses out."""

    cluster: Any
    bench: Any
    header: Make
    eventually: Make
    producer: Any
    read: dict[str, list[Message]] = field(default_factory=dict)
    workers: list[Sequence[Any]] = field(default_factory=list)
    readers: list[Any] = field(default_factory=list)
    sent: int = 0

    async def watch(self) -> None:
        names = TopicNames(self.cluster.settings)
        for topic in WATCHED:
            reader = self.cluster.reader(topic, self.read.setdefault(topic, []).extend)
            await reader.start()
            await reader.add(range(names.partitions(topic)))
            self.readers.append(reader)

    async def start_worker(
        self,
        carried_out: Mapping[str, Executor[Any, Any]] | None = None,
        pushes: PushSettings | None = None,
        images: ImageSettings | None = None,
        drain_s: float = 20,
        **sessions: Any,
    ) -> Sequence[Any]:
        quick = {
            "counter_read_pause_s": 0,
            "candidate_pause_s": 0,
            "response_timeout_s": 2,
            "connect_timeout_s": 2,
            "record_wait_s": 0.5,
        }
        settings = Settings(
            kafka=self.cluster.settings,
            keys=KeySettings(private_key=self.bench.private_key.hex()),
            sessions=SessionSettings.model_validate(quick | sessions),
            pushes=pushes or PushSettings(),
            images=images or ImageSettings(),
            drain_s=drain_s,
        )
        components = build(settings, Metrics("protocol-dlms"), carried_out, self.cluster.broker())
        for component in components:
            await component.start()
        self.workers.append(components)
        await self.eventually(lambda: all(component.ready for component in components))
        return components

    async def stop_worker(self, components: Sequence[Any]) -> None:
        self.workers.remove(components)
        for component in reversed(components):
            await component.stop()

    async def publish(self, *records: DeviceRecord) -> None:
        codec = shared_codec()
        await self.producer.send(
            [Outgoing("devices", record.device_identification.encode(), codec.encode(record)) for record in records]
        )

    def request(self, operation: Operation, body: OperationRequest, gateway: str, **changes: Any) -> Outgoing:
        self.sent += 1
        uid = changes.pop("correlation_uid", f"uid-{self.sent:020d}")
        header = self.header(gateway, correlation_uid=uid, **changes)
        record = operation.dlms_request(header=header, request=body)
        headers = ce_headers(type(record).__name__, "domain", f"grid|{uid}|{header.attempt}", datetime.now(UTC))
        return Outgoing(lane_of(header.priority), gateway.encode(), shared_codec().encode(record), headers)

    def read_request(self, number: int = 1, **changes: Any) -> Outgoing:
        return self.request(get_actual_meter_reads.OPERATION, READ, self.bench.gateway(number), **changes)

    async def ask(self, *requests: Outgoing) -> list[Any]:
        """Send requests and wait for as many further responses."""
        wanted = len(self.read["dlms-responses"]) + len(requests)
        await self.producer.send(requests)
        return await self.responses(wanted, len(requests))

    async def responses(self, wanted: int, last: int | None = None) -> list[Any]:
        await self.eventually(lambda: len(self.read["dlms-responses"]) >= wanted)
        found = self.records("dlms-responses")
        assert len(found) == wanted
        return found[-last:] if last is not None else found

    def records(self, topic: str) -> list[Any]:
        return [shared_codec().decode(message.value) for message in self.read[topic] if message.value is not None]

    async def close(self) -> None:
        for components in list(self.workers):
            await self.stop_worker(components)
        for reader in self.readers:
            await reader.stop()
        await self.producer.stop()


class OnRealKafka:
    """Base of test classes that run on a real broker."""

    @pytest.fixture
    def make_cluster(self, kafka_bootstrap: str, topic_prefix: str) -> Make:
        async def make() -> RealCluster:
            cluster = RealCluster(kafka_bootstrap, topic_prefix)
            await apply_topics(cluster.settings, [*TOPICS.values(), *cluster.settings.own_readings().values()])
            return cluster

        return make
