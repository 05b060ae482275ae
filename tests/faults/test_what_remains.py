"""After all faults (this module runs last): what lies on the topics, in the logs and in the metrics.

Alone, it finds what a fleet that was installed, read and failed to be read leaves behind.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from harness import METERS, RESULT_DEADLINE_S, SEED
from secrets_search import SecretsSearch

from meterstream.contracts.operation import Result
from meterstream.contracts.topics import DEAD_LETTER_SUFFIX, TOPICS
from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import Outgoing, Producer, TopicNames
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import with_dead_letters
from meterstream.simulator.identity import keys_for

KEY_FILES = ("key-encryption-key.hex", "protocol-private.hex", "notification-private.hex")
SEPARATOR = b"\n\n"


@pytest_asyncio.fixture
async def past(owner: Client, meter_numbers: Callable[[int], list[int]]) -> AsyncIterator[Client]:
    """A platform that has succeeded, failed at a meter, and met a message that it cannot read."""
    fleet = owner.platform.fleet
    good, other = (fleet.meter(number) for number in meter_numbers(2))
    await owner.install([good, dataclasses.replace(other, encryption_key=good.encryption_key)])
    uid = await owner.rest.submit(actual_reads(good.identification))
    failing = f"wrong-key-{uuid4().hex}"
    body = {
        "device_identification": other.identification,
        "correlation_uid": failing,
        "request": {},
        "bypass_retry": True,
    }
    assert (await owner.post("/v1/operations/GetActualMeterReads", body))[0] == 202
    unreadable = Outgoing("upstream-commands", other.identification.encode(), b"no command at all")
    producer = Producer(owner.platform.stack.kafka_settings)
    await producer.start()
    await producer.send([unreadable])
    await producer.stop()
    await owner.watcher.wait_for([uid, failing], RESULT_DEADLINE_S)
    assert owner.watcher.outcomes[uid].error is None
    assert owner.watcher.outcomes[failing].error is not None
    yield owner


async def everything(settings: KafkaSettings, topic: str) -> AsyncIterator[tuple[bytes, bytes, dict[str, bytes]]]:
    """Key, value and headers of every message of a topic."""
    names = TopicNames(settings)
    places = [TopicPartition(names.full(topic), number) for number in range(names.partitions(topic))]
    async with AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers) as consumer:
        consumer.assign(places)
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, begins[place])
        for place in places:
            while await consumer.position(place) < ends[place]:
                for one in (await consumer.getmany(place, timeout_ms=100)).get(place, []):
                    yield one.key or b"", one.value or b"", dict(one.headers)


def logs(client: Client) -> list[tuple[str, Path]]:
    """What every service has written, those that tests started beside the platform's own included."""
    found = sorted((client.platform.stack.settings.directory / "services").glob("*/server.log"))
    return [(path.parent.name, path) for path in found]


async def test_no_command_has_two_different_results(past: Client) -> None:
    codec = Codec()
    results: dict[tuple[str, str], set[tuple[bytes, bytes]]] = defaultdict(set)
    async for _, value, headers in everything(past.platform.stack.kafka_settings, "results"):
        header = codec.decode_as(value, Result).header
        results[header.organisation, header.correlation_uid].add((headers["ce_id"], value))
    assert len(results) >= 2
    assert [identity for identity, found in results.items() if len(found) > 1] == []


def test_the_search_finds_every_form() -> None:
    secret = bytes.fromhex("00ff7f270a5c22c3a9d1e2f30415a6b7")
    search = SecretsSearch([secret])
    forms = [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret),
        base64.urlsafe_b64encode(secret + b"more"),
        repr(secret).encode(),
        json.dumps({"key": repr(secret)}).encode(),
    ]
    for offset in range(9):
        assert [search.finds(bytes(offset) + form + b" after") for form in forms] == [True] * len(forms)
    assert not search.finds(b"before " + secret[1:] + secret[:1] + b" after")


async def test_no_secret_is_in_a_log_a_message_a_metric_or_a_notification(past: Client, webhook_secret: str) -> None:
    stack = past.platform.stack
    secrets = [key for number in range(1, METERS + 1) for key in keys_for(SEED, number)]
    secrets += [bytes.fromhex((stack.keys / name).read_text()) for name in KEY_FILES]
    search = SecretsSearch([*secrets, webhook_secret.encode()])
    written = {f"log of {name}": log.read_bytes() for name, log in logs(past)}
    for name, process in stack.services.items():
        written[f"metrics of {name}"] = (await asyncio.to_thread(process.metrics)).encode()
    for topic in with_dead_letters(TOPICS.values()):
        parts: list[bytes] = []
        async for key, value, headers in everything(stack.kafka_settings, topic.name):
            parts += [key, value, *headers.values()]
        written[topic.name] = SEPARATOR.join(parts)
    received = past.platform.receiver.received
    written["webhooks"] = SEPARATOR.join(item.body + repr(item.headers).encode() for item in received)
    assert all(written[name] for name in ("results", "devices", "webhooks", "upstream-commands" + DEAD_LETTER_SUFFIX))
    assert all(text for name, text in written.items() if name.startswith(("log", "metrics")))
    assert [name for name, text in written.items() if search.finds(text)] == []


def test_no_service_met_a_failure_that_it_did_not_expect(past: Client) -> None:
    unexpected = []
    for name, log in logs(past):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert lines, f"{name} wrote nothing"
        unexpected += [f"{name}: {line['event']}: {line['exception']}" for line in lines if "exception" in line]
    assert unexpected == []
