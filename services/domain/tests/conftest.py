"""A domain on a real PostgreSQL, with Kafka's producer and dead letters in memory."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from pydantic import SecretStr

from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import CancelCommand, CommandHeader, DlmsRequestHeader, DlmsResponseHeader, Reply
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.operation import DlmsRequest, OperationRequest, OperationResponse, Result
from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel, NewDevice
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.contracts.records import KafkaCommands
from meterstream.domain.adapters.administration import (
    NewOrganisation,
    load_identity_secret,
    put_organisation,
    remove_device,
)
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.adapters.given_keys import KeyOpener
from meterstream.domain.adapters.intake import Intake
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.adapters.scheduler import Timers
from meterstream.domain.adapters.store import Store
from meterstream.domain.handlers.commands import CommandHandler
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.handlers.dlms_responses import ResponseHandler
from meterstream.domain.model.messages import Composer
from meterstream.domain.model.retry import RetryPolicy
from meterstream.domain.rules import load_rules
from meterstream.runtime.codec import Codec, shared_codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka.messages import Message, Outgoing, Position
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.postgres import Database
from meterstream.runtime.sealing import KeyVault, Opener, generate_key_pair
from meterstream.runtime.settings import PostgresSettings

R = TypeVar("R", bound=Record)

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
PROTOCOLS = frozenset({("DSMR", "4.2.2"), ("SMR", "5.0.0")})
OAEP_SHA1 = OAEP(MGF1(SHA1()), SHA1(), None)


class MovableClock:
    """A clock that tests move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class MemoryProducer:
    """Keeps what is sent; `break_next` makes the next send fail as an absent broker would."""

    name = "memory"
    ready = True

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.batches = 0
        self.break_next = False

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, batch: Sequence[Outgoing]) -> list[Position]:
        if self.break_next and batch:
            self.break_next = False
            raise BrokerOutage("no broker")
        self.batches += bool(batch)
        self.sent += batch
        return [Position(item.topic, 0, number) for number, item in enumerate(batch)]

    def partition_of(self, topic: str, key: bytes) -> int:
        return 0

    def check_size(self, outgoing: Outgoing) -> None: ...

    def take(self) -> list[Outgoing]:
        taken, self.sent = self.sent, []
        return taken


class MemoryDeadLetters:
    """Keeps dead letters as (message, code, reason)."""

    def __init__(self) -> None:
        self.letters: list[tuple[Message, str, str]] = []

    async def send(self, rejected: Sequence[tuple[Message, str, str]]) -> None:
        self.letters += rejected


@dataclass
class Sent:
    """What was produced, decoded, by topic."""

    codec: Codec
    outgoing: list[Outgoing]

    def on(self, topic: str) -> list[Any]:
        return [self.codec.decode(item.value or b"") for item in self.outgoing if item.topic == topic]

    def requests(self) -> list[DlmsRequest]:
        lanes = [record for item in self.outgoing if item.topic.startswith("dlms-requests") for record in [item.value]]
        return [self.codec.decode_as(value or b"", DlmsRequest) for value in lanes]

    def results(self) -> list[Result]:
        return self.on("results")

    def replies(self) -> list[Reply]:
        return self.on("replies")

    @property
    def topics(self) -> list[str]:
        return [item.topic for item in self.outgoing]


class Keys:
    """The installation's keys, made once for all tests: RSA generation takes a while."""

    def __init__(self) -> None:
        self.rsa: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        protocol_private, self.protocol_public = generate_key_pair()
        notification_private, self.notification_public = generate_key_pair()
        self.protocol = Opener(protocol_private)
        self.notification = Opener(notification_private)

    def encrypt(self, key: bytes) -> bytes:
        return self.rsa.public_key().encrypt(key, OAEP_SHA1)

    def keyring(self) -> Keyring:
        vault = KeyVault(bytes(range(32)))
        return Keyring(self.rsa, vault, self.protocol_public, self.notification_public)


@pytest.fixture(scope="session")
def installation_keys() -> Keys:
    return Keys()


@dataclass
class Domain:
    """Everything of domain but the consumers."""

    database: Database
    keys: Keys
    keyring: Keyring
    clock: MovableClock
    producer: MemoryProducer
    dead_letters: MemoryDeadLetters
    store: Store
    relay: Relay
    contexts: Contexts
    commands: CommandHandler
    responses: ResponseHandler
    timers: Timers
    metrics: Metrics
    codec: Codec = field(default_factory=shared_codec)
    offsets: itertools.count[int] = field(default_factory=itertools.count)

    def header(self, uid: str = "A" * 20, organisation: str = "org-a", device: str | None = METER, **more: Any) -> Any:
        fields: dict[str, Any] = {
            "correlation_uid": uid,
            "submission_id": f"s-{uid}",
            "device_identification": device,
            "organisation": organisation,
            "user": "user",
            "application": "tests",
            "created_at": self.clock.now,
            "expires_at": self.clock.now + timedelta(hours=24),
            "reply_partition": 3,
        }
        return CommandHeader(**(fields | more))

    def message(
        self, record: Record | bytes, topic: str = "commands", offset: int | None = None, headers: Any = ()
    ) -> Message:
        value = record if isinstance(record, bytes) else self.codec.encode(record)
        place = next(self.offsets) if offset is None else offset
        stamp = int(self.clock.now.timestamp() * 1000)
        return Message(topic, 0, place, METER.encode(), value, headers, stamp)

    def command(self, request: OperationRequest | None = None, **header: Any) -> Message:
        """A message with the command of `request`, SynchronizeTime by default."""
        asked = request or SynchronizeTimeRequest()
        operation = find_operation(type(asked).__name__.removesuffix("Request"))
        topic, offset = header.pop("topic", "commands"), header.pop("offset", None)
        return self.message(operation.command(header=self.header(**header), request=asked), topic, offset)

    def cancel(self, uid: str = "A" * 20, organisation: str = "org-a", **more: Any) -> Message:
        fields: dict[str, Any] = {
            "submission_id": f"c-{uid}",
            "reply_partition": 3,
            "organisation": organisation,
            "correlation_uid": uid,
            "user": "user",
            "requested_at": self.clock.now,
        }
        return self.message(CancelCommand(**(fields | more)), "commands-urgent")

    def answer(
        self,
        request: DlmsRequest,
        response: OperationResponse | None = None,
        error: ErrorRecord | None = None,
        *,
        retryable: bool = False,
        proven: Sequence[str] = (),
        offset: int | None = None,
        **changes: Any,
    ) -> Message:
        """The answer to a request: a SynchronizeTimeResponse unless something else is given."""
        asked: DlmsRequestHeader = request.header
        header = DlmsResponseHeader(
            organisation=asked.organisation,
            correlation_uid=asked.correlation_uid,
            attempt=changes.pop("attempt", asked.attempt),
            device_identification=asked.device_identification,
            gateway=asked.gateway,
            observed_at=changes.pop("observed_at", self.clock.now),
            retryable=retryable,
            meter_ms=40,
            proven_keys=list(proven),
            **changes,
        )
        if error is None and response is None:
            response = SynchronizeTimeResponse(set_to=self.clock.now)
        record = request.operation.dlms_response(header=header, response=response, error=error)
        return self.message(record, "dlms-responses", offset)

    def new_meter(self, secret: int = 1, **more: Any) -> AddDeviceRequest:
        """AddDevice of an electricity meter whose keys follow from `secret`."""
        fields: dict[str, Any] = {
            "hls5_active": True,
            "ip_address_is_static": True,
            "network_address": "10.0.0.1",
            "port": 4059,
            "master_key": self.keys.encrypt(bytes([secret]) * 16),
            "authentication_key": self.keys.encrypt(bytes([secret + 1]) * 16),
            "global_encryption_unicast_key": self.keys.encrypt(bytes([secret + 2]) * 16),
        }
        overwrite = more.pop("overwrite", False)
        return AddDeviceRequest(
            device=NewDevice(**(fields | more)), device_model=DeviceModel(manufacturer="TST"), overwrite=overwrite
        )

    @property
    def opener(self) -> KeyOpener:
        return KeyOpener(self.keyring, self.contexts.rules, self.codec)

    async def handle(self, *messages: Message) -> Sent:
        """Handle a batch; returns what it produced."""
        self.producer.take()
        handler = self.responses if messages[0].topic == "dlms-responses" else self.commands
        await handler.handle(messages)
        return self.taken()

    async def carry_out(
        self, name: str, organisation: str = "org-a", device: str | None = None, /, **request: Any
    ) -> Result:
        """The result of an operation, by reply or on `results`."""
        asked = find_operation(name).request.model_validate(request)
        uid = f"registry-operation-{next(self.offsets):06}"
        message = self.command(asked, uid=uid, organisation=organisation, device=device, topic="commands-urgent")
        sent = await self.handle(message)
        (result,) = sent.results() or [self.codec.decode_as(reply.result or b"", Result) for reply in sent.replies()]
        return result

    def taken(self) -> Sent:
        return Sent(self.codec, self.producer.take())

    async def install(self, device: str = METER, organisation: str = "org-a", secret: int = 1) -> Sent:
        """Register a meter."""
        uid = f"install-{organisation}-{device}"
        return await self.handle(
            self.command(self.new_meter(secret), uid=uid, organisation=organisation, device=device)
        )

    async def install_mbus(
        self, device: str, gateway: str | None = None, channel: int | None = None, **more: Any
    ) -> None:
        """Register an M-Bus device, behind `gateway` where one is given; `status` is its place in life."""
        names = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
        keys = {name: self.keys.encrypt(bytes([100 + place]) * 16) for place, name in enumerate(names)}
        status, organisation = more.pop("status", "NEW_IN_INVENTORY"), more.pop("organisation", "org-a")
        described = AddDeviceRequest(
            device=NewDevice(device_type="SMART_METER_G", **keys, **more),
            device_model=DeviceModel(manufacturer="TST", model_code="G4"),
        )
        uid = f"install-{organisation}-{device}"
        await self.handle(self.command(described, uid=uid, organisation=organisation, device=device))
        place = "update domain.devices set gateway = %s, channel = %s, lifecycle_status = %s"
        await self.execute(f"{place} where device_identification = %s", gateway, channel, status, device)

    async def remove(self, device: str = METER, organisation: str = "org-a") -> int:
        return await remove_device(self.store, organisation, device, self.clock.now)

    async def organisation(self, identification: str, **more: Any) -> None:
        policy = KafkaCommands(more.pop("kafka_commands", "off"))
        described = NewOrganisation(identification, "Name", kafka_commands=policy, **more)
        await put_organisation(self.database, self.keyring, described)

    async def run_timers(self) -> Sent:
        """Fire what is due and produce it."""
        self.producer.take()
        while await self.timers.fire():
            pass
        while await self.timers.produce():
            pass
        return self.taken()

    async def pass_time(self, **by: float) -> None:
        """For timers: everything that is stored happened so much longer ago."""
        moved = ", ".join(f"{name} = {name} - %s" for name in ("timer_at", "due_at", "expires_at", "not_after"))
        await self.execute(f"update domain.commands set {moved}", *[timedelta(**by)] * 4)

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement.encode(), arguments)
            return await cursor.fetchall()

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement.encode(), arguments)


async def build(database: Database, keys: Keys, clock: MovableClock) -> Domain:
    codec, metrics, producer, dead_letters = shared_codec(), Metrics("domain"), MemoryProducer(), MemoryDeadLetters()
    keyring = keys.keyring()
    await load_identity_secret(database, keyring)
    store = Store(database)
    contexts = Contexts(
        composer=Composer(codec),
        functions=await store.function_groups(),
        rules=load_rules(),
        protocols=PROTOCOLS,
        policy=RetryPolicy(),
        jitter=lambda: 0.5,
        longest_run=timedelta(hours=1),
        clock=clock,
        reveal=keyring.reveal,
        make_key=keyring.make,
    )
    relay = Relay(database, producer, keyring, codec)
    delivery = Delivery(relay, producer, dead_letters, metrics)
    commands = CommandHandler(
        Intake(codec, KeyOpener(keyring, contexts.rules, codec), 12), store, contexts, delivery, metrics
    )
    responses = ResponseHandler(codec, store, contexts, delivery, lambda: None)
    timers = Timers(database, contexts, keyring, relay, producer, metrics)
    return Domain(
        database,
        keys,
        keyring,
        clock,
        producer,
        dead_letters,
        store,
        relay,
        contexts,
        commands,
        responses,
        timers,
        metrics,
    )


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    settings = PostgresSettings(dsn=SecretStr(database_dsn))
    opened = await Database.open(settings, "meterstream.domain.migrations")
    yield opened
    await opened.close()


@pytest.fixture
async def domain(database: Database, installation_keys: Keys) -> AsyncIterator[Domain]:
    """Two organisations, org-a and org-b, and no device."""
    now = datetime.now(UTC).replace(microsecond=0)  # timers go by the database's clock: near it
    made = await build(database, installation_keys, MovableClock(now))
    for identification in ("org-a", "org-b"):
        await made.organisation(identification)
    yield made
    made.keyring.close()


@pytest.fixture
async def second(domain: Domain, installation_keys: Keys) -> AsyncIterator[Domain]:
    """Another process of the same installation: the same database, a producer of its own."""
    made = await build(domain.database, installation_keys, domain.clock)
    yield made
    made.keyring.close()
