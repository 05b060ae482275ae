"""`python -m meterstream.notification` as in production: processes, Kafka and PostgreSQL are the real ones."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from confluent_kafka import Consumer, TopicPartition

from meterstream.contracts.records import Endpoint, EndpointKind
from meterstream.contracts.topics import TOPICS
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing, Producer
from meterstream.runtime.sealing import Sealer, generate_key_pair
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import TopicAdmin

PRIVATE, PUBLIC = generate_key_pair()
DEADLINE_S = 45.0

Start = Callable[[], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def kafka(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    settings = KafkaSettings(
        bootstrap_servers=kafka_bootstrap,
        topic_prefix=topic_prefix,
        group_prefix=topic_prefix,
        spread_partitions=4,
        session_timeout_ms=6000,
    )
    TopicAdmin(settings).apply([TOPICS["results"], TOPICS["events"], TOPICS["organisations"]])
    return settings


@pytest.fixture
async def producer(kafka: KafkaSettings) -> AsyncIterator[Producer]:
    made = Producer(kafka)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def start(kafka: KafkaSettings, database_dsn: str, tmp_path: Path) -> AsyncIterator[Start]:
    key = tmp_path / "notification-private.hex"
    key.write_text(PRIVATE.hex() + "\n")
    environment = {
        "METERSTREAM_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "METERSTREAM_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "METERSTREAM_KAFKA__GROUP_PREFIX": kafka.group_prefix,
        "METERSTREAM_KAFKA__SPREAD_PARTITIONS": str(kafka.spread_partitions),
        "METERSTREAM_KAFKA__SESSION_TIMEOUT_MS": str(kafka.session_timeout_ms),
        "METERSTREAM_POSTGRES__DSN": database_dsn,
        "METERSTREAM_KEYS__PRIVATE_KEY_FILE": str(key),
        "METERSTREAM_MANAGEMENT__HOST": "127.0.0.1",
        "METERSTREAM_DELIVERY__TIMEOUT_S": "2",
        "METERSTREAM_DELIVERY__LEASE_MARGIN_S": "1",
        "METERSTREAM_DELIVERY__FIRST_DELAY_S": "0.5",
        "METERSTREAM_DELIVERY__MULTIPLIER": "1",
        "METERSTREAM_DELIVERY__CIRCUIT_FAILURES": "1000",
        "METERSTREAM_DELIVERY__POLL_INTERVAL_S": "0.2",
    }
    async with AsyncExitStack() as stack:

        async def run() -> asyncio.subprocess.Process:
            port = free_port()
            log = stack.enter_context((tmp_path / f"service-{port}.log").open("wb"))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "meterstream.notification"),
                env={**os.environ, **environment, "METERSTREAM_MANAGEMENT__PORT": str(port)},
                stderr=log,
            )
            stack.push_async_callback(end, process)
            await ready(process, f"http://127.0.0.1:{port}/readyz", Path(log.name))
            return process

        yield run


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    said = "nothing"
    try:
        async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession() as session:
            while process.returncode is None:
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                        said = await answer.text()
                except aiohttp.ClientError:
                    said = "no answer"
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    pytest.fail(f"the service is not ready: {said}\n{await asyncio.to_thread(log.read_text)}")


def webhook(url: str) -> Endpoint:
    sealer = Sealer(PUBLIC)
    sealed = sealer.ephemeral_public + sealer.seal(b"secret", f"DemoGridOrg|endpoint|{url}".encode())
    return Endpoint(kind=EndpointKind.WEBHOOK, url=url, sealed_secret=sealed)


async def publish(producer: Producer, topic: str, *records) -> None:
    await producer.send([Outgoing(topic, record_key(record), shared_codec().encode(record)) for record in records])


def record_key(record) -> bytes:
    return (getattr(record, "organisation", None) or record.header.correlation_uid).encode()


async def test_replicas_deliver_each_result_once_and_survive_a_kill(
    start: Start, producer: Producer, make_result, make_organisation, receiver
) -> None:
    await publish(producer, "organisations", make_organisation(webhook(receiver.url("/h"))))
    first, second = await asyncio.gather(start(), start())
    results = [make_result(uid=f"correlation uid number {number}") for number in range(100)]
    await publish(producer, "results", *results)
    await publish(producer, "results", *results)  # as after a crash of the producer: repeats, byte for byte
    await receiver.wait_for("/h", 100)

    # A dead endpoint, and the process that holds half of the work killed: everything arrives later.
    receiver.always["/h"] = receiver.status(503)
    more = [make_result(uid=f"later correlation uid number {number}") for number in range(40)]
    await publish(producer, "results", *more)
    await receiver.wait_for("/h", 150)
    first.kill()
    await first.wait()
    receiver.always.clear()

    async with asyncio.timeout(DEADLINE_S), receiver.changed:
        await receiver.changed.wait_for(lambda: len(accepted(receiver)) == 140)
    counts = accepted(receiver)
    assert {counts[result.header.correlation_uid] for result in results} == {1}
    assert {counts[result.header.correlation_uid] for result in more} <= {1, 2}  # 2: the kill came after the answer
    second.terminate()
    assert await second.wait() == 0


def accepted(receiver) -> Counter[str]:
    """How often each notification was taken, by correlation uid."""
    return Counter(json.loads(one.body)["correlation_uid"] for one in receiver.at("/h") if one.status == 200)


async def test_an_event_is_announced_over_soap_and_as_a_webhook(
    start: Start, producer: Producer, make_event, make_organisation, receiver
) -> None:
    soap = Endpoint(kind=EndpointKind.SOAP, url=receiver.url("/soap"), application="portal")
    await publish(producer, "organisations", make_organisation(webhook(receiver.url("/h")), soap))
    await start()
    event = make_event()
    value = shared_codec().encode(event)
    await producer.send([Outgoing("events", b"key", value)] * 2)
    await receiver.wait_for("/h", 1)
    await receiver.wait_for("/soap", 1)
    assert json.loads(receiver.at("/h")[0].body)["type"] == "event.occurred"
    told = receiver.at("/soap")[0].body.decode()
    assert "NotificationType>PUSH_NOTIFICATION_ALARM<" in told
    assert f"correlationUid>{event.event_id}<" in told
    other = make_event(event_id="f" * 32)
    await producer.send([Outgoing("events", b"key", shared_codec().encode(other))])
    await receiver.wait_for("/h", 2)
    assert [json.loads(one.body)["correlation_uid"] for one in receiver.at("/h")] == [event.event_id, other.event_id]


async def test_what_is_no_result_becomes_a_dead_letter(
    start: Start, producer: Producer, kafka: KafkaSettings, make_result, make_organisation, receiver
) -> None:
    await publish(producer, "organisations", make_organisation(webhook(receiver.url("/h"))))
    await start()
    poison = shared_codec().encode(make_organisation())
    await producer.send([Outgoing("results", b"key", poison, partition=0)])
    await producer.send([Outgoing("results", b"key", shared_codec().encode(make_result()), partition=0)])
    await receiver.wait_for("/h", 1)
    letter = await asyncio.to_thread(first_message, kafka, "results.dead-letter")
    assert letter.value() == poison
    assert dict(letter.headers())["dead_letter_code"] == b"UNREADABLE_MESSAGE"


async def test_a_response_url_to_loopback_is_refused_by_default(
    start: Start, producer: Producer, kafka: KafkaSettings, make_result, make_organisation, receiver
) -> None:
    await start()
    await publish(producer, "results", make_result(response_url=receiver.url("/asked")))
    letter = await asyncio.to_thread(first_message, kafka, "results.dead-letter")
    assert dict(letter.headers())["dead_letter_reason"] == b"response_url: loopback address"
    assert receiver.received == []


def first_message(kafka: KafkaSettings, topic: str):
    options = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "none", "enable.auto.commit": False}
    consumer = Consumer(options)
    consumer.assign([TopicPartition(f"{kafka.topic_prefix}.{topic}", 0, 0)])
    try:
        message = consumer.poll(DEADLINE_S)
        assert message is not None
        assert message.error() is None
        return message
    finally:
        consumer.close()
