"""Twins of the surroundings: a broker in memory, records of simulated meters, a turn without a group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from worker_stage import Make, MemoryCluster, Stage

from meterstream.contracts.base import Record
from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    KeyKind,
    KeyState,
    SealedKey,
    SecurityLevel,
)
from meterstream.contracts.topics import TOPICS
from meterstream.dlms.security import PrivateKey, SecuritySuite
from meterstream.protocol_dlms.associations import Associations, Visit
from meterstream.protocol_dlms.counters import CounterReserver
from meterstream.protocol_dlms.fence import Leaving
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.meter import LiveMeter
from meterstream.protocol_dlms.settings import SessionSettings
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import Codec, shared_codec
from meterstream.runtime.errors import BrokerOutage, MessageTooLarge
from meterstream.runtime.kafka import Lost, Message, Outgoing, Position, partition_of_key
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.sealing import Opener, Sealer, generate_key_pair, key_binding
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.identity import password_for
from meterstream.simulator.settings import FleetSettings

PARTITIONS = 6
PRIVATE, PUBLIC = generate_key_pair()
SIGNING = PrivateKey(SecuritySuite.SUITE_1, b"\x53" * 32)
"""The platform's; meters know its public key."""
NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)


@dataclass
class MemoryBroker:
    """Logs in memory; what is sent is read back at once unless `held` keeps it.

    Attributes:
        outages: so many sends fail; `lost_acks`: so many land in the log and fail all the same.
    """

    name: str = "memory"
    ready: bool = True
    outages: int = 0
    lost_acks: int = 0
    held: bool = False
    batches: list[list[Outgoing]] = field(default_factory=list)
    logs: dict[tuple[str, int], list[Message]] = field(default_factory=dict)
    views: dict[str, Callable[[bytes, Record | None, Message], None]] = field(default_factory=dict)
    waiting: deque[Message] = field(default_factory=deque)
    progress: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def partition_of(self, topic: str, key: bytes) -> int:
        return partition_of_key(key, PARTITIONS)

    def check_size(self, outgoing: Outgoing) -> None:
        limit = TOPICS[outgoing.topic].max_message_bytes
        if len(outgoing.value or b"") > limit:
            raise MessageTooLarge(len(outgoing.value or b""), limit)

    async def send(self, batch: Sequence[Outgoing]) -> list[Position]:
        await asyncio.sleep(0)
        if self.outages:
            self.outages -= 1
            raise BrokerOutage("away")
        self.batches.append(list(batch))
        positions = [self.append(outgoing) for outgoing in batch]
        if self.lost_acks:
            self.lost_acks -= 1
            raise BrokerOutage("no acknowledgement")
        return positions

    def append(self, outgoing: Outgoing) -> Position:
        partition = outgoing.partition
        if partition is None:
            partition = self.partition_of(outgoing.topic, outgoing.key or b"")
        log = self.logs.setdefault((outgoing.topic, partition), [])
        message = Message(outgoing.topic, partition, len(log), outgoing.key, outgoing.value, tuple(outgoing.headers))
        log.append(message)
        self.waiting.append(message)
        if not self.held:
            self.read_all()
        return Position(outgoing.topic, partition, message.offset)

    def read_all(self) -> None:
        codec = shared_codec()
        while self.waiting:
            message = self.waiting.popleft()
            view = self.views.get(message.topic)
            if view is not None and message.key is not None:
                view(message.key, None if message.value is None else codec.decode(message.value), message)
        self.progress.set()

    async def caught_up(self, partition: int, offset: int) -> None:
        while any(message.partition == partition and message.offset <= offset for message in self.waiting):
            self.progress.clear()
            await self.progress.wait()

    def records(self, topic: str) -> list[Any]:
        """Every record of a topic, partition by partition."""
        codec = shared_codec()
        return [
            codec.decode(message.value)
            for (found, _), log in sorted(self.logs.items())
            if found == topic
            for message in log
            if message.value is not None
        ]


class TwinTurn:
    """A turn as the consumer gives it: messages of one key, taken one after another."""

    def __init__(self, key: str, messages: Sequence[Message] = ()) -> None:
        self.key = key
        self.waiting = deque(messages)
        self.finished: list[Message] = []
        self.leaving = False
        self.lost = asyncio.Event()

    def take(self) -> Message | None:
        return self.waiting.popleft() if self.waiting else None

    def done(self, message: Message) -> None:
        self.finished.append(message)

    def check(self) -> None:
        if self.lost.is_set():
            raise Lost("told so")


class TwinGuard:
    """A guard whose word the test gives; counts how often it was asked."""

    def __init__(self) -> None:
        self.leaving = False
        self.lost = False
        self.checks = 0

    def check(self) -> None:
        self.checks += 1
        if self.lost:
            raise Lost("told so")

    def boundary(self) -> None:
        self.check()
        if self.leaving:
            raise Leaving("told so")


@dataclass
class Bench:
    """Everything between the port of executors and the broker, with a fleet of simulated meters at the other end."""

    broker: MemoryBroker
    fleet: SimulatedFleet
    sessions: SessionTable
    devices: DeviceTable
    reserver: CounterReserver
    associations: Associations
    settings: SessionSettings
    metrics: Metrics
    codec: Codec
    guard: TwinGuard
    private_key: bytes = PRIVATE
    signing: PrivateKey | None = SIGNING

    def gateway(self, number: int = 1) -> str:
        return self.fleet.identification(number)

    def visit(self, record: DeviceRecord, proven: Sequence[str] = ()) -> Visit:
        return Visit(record, proven, self.guard)

    def record(self, number: int = 1, revision: int = 1, **changes: Any) -> DeviceRecord:
        """The record of a simulated meter with its true keys, proven."""
        found = self.fleet.keys(number)
        address = self.fleet.address(number)
        name, _, version = self.fleet.settings.protocol_of(number).partition(" ")
        gateway = self.gateway(number)
        keys = {
            "ek": (KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, found.encryption),
            "ak": (KeyKind.E_METER_AUTHENTICATION_KEY, found.authentication),
            "pw": (KeyKind.LLS_PASSWORD, password_for(self.fleet.settings.seed, number)),
        }
        sealer = Sealer(PUBLIC)
        fields: dict[str, Any] = {
            "device_identification": gateway,
            "revision": revision,
            "state": DeviceState.ACTIVE,
            "organisation": "grid",
            "device_type": "SMART_METER_E",
            "protocol_name": name,
            "protocol_version": version,
            "connection": Connection(address=address.host, port=address.port, logical_id=address.logical_device),
            "security_level": SecurityLevel.HLS5,
            "time_zone": "Europe/Amsterdam",
            "recipient": Opener(PRIVATE).recipient,
            "ephemeral_public": sealer.ephemeral_public,
            "signature_public_key": self.fleet.signature_keys(number)[0].public.octets,
            "keys": [
                sealed(sealer, gateway, f"{name}-{number}", kind, octets) for name, (kind, octets) in keys.items()
            ],
        }
        return DeviceRecord.model_validate(fields | changes)

    def publish_record(self, record: DeviceRecord) -> None:
        """As domain does."""
        self.broker.append(Outgoing("devices", record.device_identification.encode(), self.codec.encode(record)))

    def sealed_key(
        self, record: DeviceRecord, key_id: str, kind: KeyKind, octets: bytes, state: KeyState = KeyState.NEW
    ) -> DeviceRecord:
        """The record with one more key, all sealed anew."""
        opener, sealer = Opener(PRIVATE), Sealer(PUBLIC)
        device = record.device_identification
        again = []
        for key in record.keys:
            binding = key_binding(device, key.kind.value, key.key_id)
            plain = opener.open(record.ephemeral_public, key.sealed, binding)
            again.append(key.model_copy(update={"sealed": sealer.seal(plain, binding)}))
        again.append(sealed(sealer, device, key_id, kind, octets, state, proven=False))
        return record.model_copy(update={"keys": again, "ephemeral_public": sealer.ephemeral_public})


def sealed(
    sealer: Sealer,
    device: str,
    key_id: str,
    kind: KeyKind,
    octets: bytes,
    state: KeyState = KeyState.ACTIVE,
    *,
    proven: bool = True,
) -> SealedKey:
    found = sealer.seal(octets, key_binding(device, kind.value, key_id))
    return SealedKey(key_id=key_id, kind=kind, state=state, proven=proven, sealed=found)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def guard() -> TwinGuard:
    return TwinGuard()


@pytest.fixture
def make_turn() -> Callable[..., TwinTurn]:
    return TwinTurn


@pytest.fixture
def header() -> Callable[..., DlmsRequestHeader]:
    def make(gateway: str, **changes: Any) -> DlmsRequestHeader:
        fields: dict[str, Any] = {
            "organisation": "grid",
            "correlation_uid": "uid-00000000000000001",
            "attempt": 1,
            "device_identification": gateway,
            "gateway": gateway,
            "record_revision": 1,
            "priority": 4,
            "published_at": datetime.now(UTC),
            "not_after": datetime(2099, 1, 1, tzinfo=UTC),
        }
        return DlmsRequestHeader.model_validate(fields | changes)

    return make


@pytest.fixture
def make_reserver(broker: MemoryBroker) -> Callable[..., tuple[CounterReserver, SessionTable]]:
    def make(owner: str = "process 1", block: int = 16, wait_s: float = 5.0) -> tuple[CounterReserver, SessionTable]:
        sessions = SessionTable(owner)
        broker.views["device-sessions"] = sessions.on_record
        reserver = CounterReserver(
            broker,
            sessions,
            broker.caught_up,
            shared_codec(),
            Metrics("protocol-dlms"),
            lambda: NOW,
            owner=owner,
            block=block,
            wait_s=wait_s,
        )
        return reserver, sessions

    return make


@pytest.fixture
async def make_bench(
    broker: MemoryBroker, guard: TwinGuard, make_reserver: Callable[..., tuple[CounterReserver, SessionTable]]
) -> AsyncIterator[Callable[..., Any]]:
    fleets: list[SimulatedFleet] = []

    async def make(fleet_settings: FleetSettings | None = None, **changes: Any) -> Bench:
        known = replace(fleet_settings or FleetSettings(), client_signature_key=SIGNING.public)
        fleet = SimulatedFleet(known)
        await fleet.start()
        fleets.append(fleet)
        quick = {"counter_read_pause_s": 0, "candidate_pause_s": 0, "response_timeout_s": 5, "connect_timeout_s": 5}
        settings = SessionSettings.model_validate(quick | changes)
        reserver, sessions = make_reserver(block=settings.counter_block)
        metrics = Metrics("protocol-dlms")
        devices = DeviceTable(shared_codec())
        broker.views["devices"] = devices.on_record
        limits = ConnectionLimits(settings.max_sessions, settings.connects_per_s)
        associations = Associations(settings, KeyRing(Opener(PRIVATE)), reserver, limits, metrics, signing=SIGNING)
        codec = shared_codec()
        return Bench(broker, fleet, sessions, devices, reserver, associations, settings, metrics, codec, guard)

    yield make
    for fleet in fleets:
        await fleet.stop()


@pytest.fixture
async def open_meter(make_bench: Make) -> AsyncIterator[Make]:
    """Opens associations with simulated meters, each of a bench of its own; none of them repeats a nonce."""
    opened: list[tuple[Bench, LiveMeter]] = []

    async def make(protocol: str, with_list_max: int = 16, **settings: Any) -> tuple[Bench, LiveMeter]:
        bench = await make_bench(FleetSettings(protocols=(protocol,), **settings))
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=with_list_max)))
        opened.append((bench, meter))
        return bench, meter

    yield make
    for bench, meter in opened:
        await bench.associations.close(meter)
        assert bench.fleet.stats.repeated_nonces == 0


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Waits until a condition holds, half a minute at most."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110  # it lies with the other side of a socket
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
async def make_stage(make_cluster: Make, make_bench: Make, header: Make, eventually: Make) -> AsyncIterator[Make]:
    stages: list[Stage] = []

    async def make(fleet: FleetSettings | None = None) -> Stage:
        cluster = await make_cluster()
        producer = cluster.broker().producer
        if isinstance(cluster, MemoryCluster):
            cluster.memberships.clear()
        await producer.start()
        stage = Stage(cluster, await make_bench(fleet), header, eventually, producer)
        await stage.watch()
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        await stage.close()
