"""The handlers under the engine: halving, dead letters with failed results, outages."""

from __future__ import annotations

import asyncio

import pytest

from meterstream.contracts.envelope import ResultStatus
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.handlers.commands import CommandHandler
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.handlers.dlms_responses import ResponseHandler
from meterstream.domain.model import ingress
from meterstream.runtime.kafka import BatchConsumer, DeadLetters, NoHooks
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.kafka.messages import Outgoing
from meterstream.runtime.settings import KafkaSettings

SETTINGS = KafkaSettings(bootstrap_servers="memory:1", device_partitions=1, spread_partitions=1)
DEADLINE_S = 20.0


class Seen(NoHooks):
    """Tells tests what the engine met."""

    def __init__(self) -> None:
        self.outages = asyncio.Event()
        self.holds = asyncio.Event()

    def outage(self, group: str, kind: str) -> None:
        self.outages.set()

    def held(self, group: str, partitions: int) -> None:
        if partitions:
            self.holds.set()


class Running:
    """The consumers of `commands` and `dlms-responses` on a Kafka in memory."""

    def __init__(self, domain) -> None:
        self.kafka = MemoryKafka(SETTINGS)
        self.codec = domain.codec
        producer = self.kafka.producer()
        relay = Relay(domain.database, producer, domain.keyring, domain.codec)
        letters = DeadLetters(producer, stage="test", clock=domain.clock)
        delivery = Delivery(relay, producer, letters, domain.metrics)
        commands = CommandHandler(domain.commands._intake, domain.store, domain.contexts, delivery, domain.metrics)
        responses = ResponseHandler(domain.codec, domain.store, domain.contexts, delivery, lambda: None)
        self.producer = producer
        self.hooks = Seen()
        self.consumers = [
            BatchConsumer(
                SETTINGS,
                group=topic,
                topics=[topic],
                handle=handler.handle,
                producer=producer,
                on_dead_letter=handler.on_dead_letter,
                hooks=self.hooks,
                membership=self.kafka.membership(topic, [topic]),
            )
            for topic, handler in (("commands", commands), ("dlms-responses", responses))
        ]

    async def send(self, *messages) -> None:
        await self.producer.send([Outgoing(item.topic, item.key, item.value, item.headers) for item in messages])

    async def on(self, topic, count):
        """The records of a topic, once there are `count`."""
        changed = asyncio.Event()
        self.kafka.watch(changed)
        async with asyncio.timeout(DEADLINE_S):
            while len(self.kafka.messages(topic)) < count:
                changed.clear()
                await changed.wait()
        self.kafka.unwatch(changed)
        found = self.kafka.messages(topic)
        assert len(found) == count
        return found if topic.endswith("dead-letter") else [self.codec.decode(item.value) for item in found]


@pytest.fixture
async def running(domain):
    made = Running(domain)
    for consumer in made.consumers:
        await consumer.start()
    yield made
    for consumer in made.consumers:
        await consumer.stop()


async def test_a_message_that_breaks_a_decision_stands_alone_and_its_command_fails(domain, running, monkeypatch):
    await domain.install()
    real = ingress.admit

    def admit(ask, world, context):
        if ask.header.correlation_uid.startswith("poison"):
            raise ZeroDivisionError
        real(ask, world, context)

    monkeypatch.setattr(ingress, "admit", admit)
    uids = ["fine-1", "fine-2", "poison", "fine-3", "fine-4"]
    await running.send(*[domain.command(uid=uid.ljust(20, "0")) for uid in uids])
    (result,) = await running.on("results", 1)
    assert (result.status, result.error.code) == (ResultStatus.FAILED, "TECHNICAL_ERROR")
    assert result.header.correlation_uid.startswith("poison")
    (letter,) = await running.on("commands.dead-letter", 1)
    assert dict(letter.headers)["dead_letter_code"] == b"TECHNICAL_ERROR"
    requests = await running.on("dlms-requests-normal", 4)
    assert {request.header.correlation_uid[:4] for request in requests} == {"fine"}


async def test_an_answer_whose_command_cannot_be_read_is_a_dead_letter(domain, running):
    await domain.install()
    await running.send(domain.command(), domain.command(uid="B" * 20))
    broken, whole = await running.on("dlms-requests-normal", 2)
    await domain.execute(
        "update domain.commands set command = 'x' where correlation_uid = %s", broken.header.correlation_uid
    )
    await running.send(domain.answer(broken), domain.answer(whole))
    (letter,) = await running.on("dlms-responses.dead-letter", 1)
    assert dict(letter.headers)["dead_letter_code"] == b"UNREADABLE_MESSAGE"
    (result,) = await running.on("results", 1)
    assert result.header.correlation_uid == whole.header.correlation_uid


async def test_an_outage_of_the_broker_loses_nothing(domain, running):
    await domain.install()
    await running.send(*[domain.command(uid=f"outage-{number:020}") for number in range(20)])
    running.kafka.down = True
    async with asyncio.timeout(DEADLINE_S):
        await running.hooks.outages.wait()
    assert not running.consumers[0].ready
    running.kafka.down = False
    await running.on("dlms-requests-normal", 20)
    states = await running.on("command-states", 20)
    assert {state.header.correlation_uid for state in states} == {f"outage-{number:020}" for number in range(20)}


async def test_an_unknown_schema_of_our_own_topics_is_held_while_the_rest_goes_on(domain, running):
    await domain.install()
    unknown = domain.command()._replace(value=b"\xc3\x01" + bytes(8))
    await running.send(domain.command(uid="before-00000000000000"), unknown)
    async with asyncio.timeout(DEADLINE_S):
        await running.hooks.holds.wait()
    await running.on("dlms-requests-normal", 1)
    assert running.kafka.messages("commands.dead-letter") == []
