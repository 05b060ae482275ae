"""The ways in which an organisation publishes by itself, each beside a foreign one that is refused: twin and broker."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from datetime import timedelta

import pytest
from confluent_kafka import Consumer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.schemas import fingerprint_of, rendered
from meterstream.contracts.topics import SIGNATURE_HEADER, TOPICS, organisation_commands
from meterstream.domain.adapters.intake import Intake
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.handlers.commands import CommandHandler
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.model.faces import signed_bytes
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import RegistryOutage
from meterstream.runtime.kafka import BatchConsumer, DeadLetters, Producer
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.kafka.messages import Message, Outgoing
from meterstream.runtime.registry import SchemaIds
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

DEADLINE_S = 60.0
OWN_A, OWN_B = "organisation-commands.org-a", "organisation-commands.org-b"
READ = ("upstream-commands", OWN_A, OWN_B)


class Way(ABC):
    """Domain's consumer of upstream topics, on some Kafka."""

    def __init__(self, domain, settings, producer, membership) -> None:
        self.domain = domain
        self.settings = settings
        self.producer = producer
        relay = Relay(domain.database, producer, domain.keyring, domain.codec)
        letters = DeadLetters(producer, stage="test", clock=domain.clock)
        delivery = Delivery(relay, producer, letters, domain.metrics)
        intake = Intake(domain.codec, domain.opener, 12)
        handler = CommandHandler(intake, domain.store, domain.contexts, delivery, domain.metrics)
        self.consumer = BatchConsumer(
            settings,
            group="domain-upstream",
            topics=list(READ),
            handle=handler.handle,
            producer=producer,
            on_dead_letter=handler.on_dead_letter,
            membership=membership,
        )

    async def send(self, message: Message) -> None:
        await self.producer.send([Outgoing(message.topic, message.key, message.value, message.headers)])

    @abstractmethod
    async def messages(self, topic: str) -> list[Message]:
        """All that lies on a topic."""

    async def on(self, topic: str, count: int) -> list[Message]:
        """The messages of a topic, once there are `count`."""
        async with asyncio.timeout(DEADLINE_S):
            while len(found := await self.messages(topic)) < count:  # noqa: ASYNC110  # a broker sets no event
                await asyncio.sleep(0.01)
        assert len(found) == count
        return found

    async def accepted(self, count: int) -> None:
        """As many commands have a request for a meter."""
        requests = [self.domain.codec.decode(item.value) for item in await self.on("dlms-requests-normal", count)]
        assert {request.header.organisation for request in requests} == {"org-a"}

    async def refused(self, topic: str, count: int) -> None:
        """As many messages of a topic are dead letters, with the reason."""
        letters = await self.on(f"{topic}.dead-letter", count)
        assert {dict(letter.headers)["dead_letter_code"] for letter in letters} == {b"UNAUTHORIZED"}
        assert await self.messages("results") == []


class TwinWay(Way):
    def __init__(self, domain) -> None:
        settings = KafkaSettings(bootstrap_servers="memory:1", device_partitions=1, spread_partitions=1)
        self.kafka = MemoryKafka(settings)
        super().__init__(domain, settings, self.kafka.producer(), self.kafka.membership("domain-upstream", list(READ)))

    async def messages(self, topic: str) -> list[Message]:
        return self.kafka.messages(topic)


class BrokerWay(Way):
    def __init__(self, domain, settings) -> None:
        super().__init__(domain, settings, Producer(settings), None)

    async def messages(self, topic: str) -> list[Message]:
        return await asyncio.to_thread(self._read, topic)

    def _read(self, topic: str) -> list[Message]:
        full = f"{self.settings.topic_prefix}.{topic}"
        consumer = Consumer({"bootstrap.servers": self.settings.bootstrap_servers, "group.id": "n", "log_level": 0})
        place = TopicPartition(full, 0, 0)
        _, end = consumer.get_watermark_offsets(place, timeout=DEADLINE_S)
        consumer.assign([place])
        found: list[Message] = []
        deadline = time.monotonic() + DEADLINE_S
        while len(found) < end and time.monotonic() < deadline:
            one = consumer.poll(0.5)
            if one is not None and one.error() is None:
                headers = tuple(one.headers() or ())
                found.append(Message(topic, 0, one.offset(), one.key(), one.value(), headers))
        consumer.close()
        return found


@pytest.fixture
async def twin(domain):
    way = TwinWay(domain)
    await way.consumer.start()
    yield way
    await way.consumer.stop()


@pytest.fixture
async def broker(domain, kafka_bootstrap, topic_prefix, kafka_server):
    settings = KafkaSettings(
        bootstrap_servers=kafka_bootstrap,
        topic_prefix=topic_prefix,
        group_prefix=topic_prefix,
        device_partitions=1,
        spread_partitions=1,
        session_timeout_ms=6000,
    )
    own = [organisation_commands("org-a"), organisation_commands("org-b")]
    await apply_topics(settings, [*TOPICS.values(), *own])
    way = BrokerWay(domain, settings)
    await way.producer.start()
    await way.consumer.start()
    yield way
    await way.consumer.stop()
    await way.producer.stop()


@pytest.fixture(params=["twin", "broker"])
def way(request):
    return request.getfixturevalue(request.param)


def signed(message: Message, key: Ed25519PrivateKey) -> Message:
    signature = key.sign(signed_bytes(message.key, message.value or b""))
    return message._replace(headers=((SIGNATURE_HEADER, signature),))


def spki(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def test_trusted(domain, way):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="trusted")
    await way.send(domain.command(topic="upstream-commands", uid="f" * 20, organisation="org-b"))
    await way.send(domain.command(topic="upstream-commands"))
    await way.accepted(1)
    await way.refused("upstream-commands", 1)


async def test_signed(domain, way):
    await domain.install()
    mine, foreign = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    await domain.organisation("org-a", kafka_commands="signed", signing_key=spki(mine))
    await domain.organisation("org-b", kafka_commands="signed", signing_key=spki(foreign))
    message = domain.command(topic="upstream-commands")
    tampered = signed(domain.command(topic="upstream-commands", uid="t" * 20), mine)._replace(value=message.value)
    for refused in (message, signed(message, foreign), signed(message, mine)._replace(key=b"x"), tampered):
        await way.send(refused)
    await way.send(signed(message, mine))
    await way.accepted(1)
    await way.refused("upstream-commands", 4)


async def test_own_topic(domain, way):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="own-topic", slug="org-a")
    await domain.organisation("org-b", kafka_commands="own-topic", slug="org-b")
    await way.send(domain.command(topic=OWN_B, uid="f" * 20))  # org-b speaks for org-a
    await way.send(domain.command(topic="upstream-commands", uid="g" * 20))  # anyone speaks for org-a
    await way.refused(OWN_B, 1)
    await way.refused("upstream-commands", 1)
    await way.send(domain.command(topic=OWN_A))
    await way.accepted(1)


async def test_off_and_a_policy_that_was_taken_back(domain, way):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="own-topic", slug="org-a")
    await way.send(domain.command(topic=OWN_A))
    await way.accepted(1)
    await domain.organisation("org-a", kafka_commands="off", slug="org-a")
    await way.send(domain.command(topic=OWN_A, uid="B" * 20))
    await way.refused(OWN_A, 1)
    await way.send(domain.command(topic="upstream-commands", uid="C" * 20))
    await way.refused("upstream-commands", 1)


async def test_a_foreign_cancellation_is_refused(domain, way):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="trusted")
    due = domain.clock.now + timedelta(days=1)
    await way.send(domain.command(topic="upstream-commands", schedule_time=due, expires_at=due + timedelta(days=1)))
    await way.on("command-states", 1)
    await domain.organisation("org-b", kafka_commands="own-topic", slug="org-b")
    cancel = domain.cancel()._replace(topic=OWN_B)
    await way.send(cancel)
    await way.refused(OWN_B, 1)
    await way.send(cancel._replace(topic="upstream-commands"))
    (result,) = [domain.codec.decode(item.value) for item in await way.on("results", 1)]
    assert result.status is ResultStatus.CANCELLED


class Registry:
    """Knows one schema; or is away."""

    def __init__(self, ids: SchemaIds, model, schema_id: int) -> None:
        self.ids, self.model, self.schema_id, self.away = ids, model, schema_id, False

    async def learn(self, values) -> None:
        if self.away:
            raise RegistryOutage("away")
        if any(self.ids.unknown(value) == self.schema_id for value in values):
            self.ids.learn(self.schema_id, fingerprint_of(rendered(self.model)))


async def test_upstream_may_use_the_registrys_wire_format_and_signs_what_it_sends(domain):
    await domain.install()
    mine = Ed25519PrivateKey.generate()
    await domain.organisation("org-a", kafka_commands="signed", signing_key=spki(mine))
    plain = domain.command(topic="upstream-commands")
    model = type(domain.codec.decode(plain.value))
    ids = SchemaIds()
    codec, registry = Codec(ids=ids), Registry(ids, model, 41)
    intake = Intake(codec, domain.opener, 12, registry)
    message = signed(plain._replace(value=b"\0" + (41).to_bytes(4, "big") + plain.value[10:]), mine)
    registry.away = True
    with pytest.raises(RegistryOutage):
        await intake.read([message])
    registry.away = False
    (submission,) = (await intake.read([message])).read
    assert (submission.raw, submission.origin.value) == (plain.value, message.value)
    unknown = message._replace(value=b"\0" + (42).to_bytes(4, "big") + plain.value[10:])
    (rejected,) = (await intake.read([unknown])).rejected
    assert rejected.code == "UNKNOWN_SCHEMA"
    domain.commands._intake = intake
    assert len((await domain.handle(message)).requests()) == 1
    (stored,) = await domain.rows("select command from domain.commands where correlation_uid = %s", "A" * 20)
    assert bytes(stored[0]) == plain.value
