"""The whole service, as it is put together, on a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import pytest
from pydantic import SecretStr

from meterstream.contracts.envelope import CommandState, Reply, State, Verdict
from meterstream.contracts.operation import Command
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.contracts.records import OrganisationRecord
from meterstream.contracts.topics import TOPICS
from meterstream.demo.certificates import Authority
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import Message, Outgoing, PartitionReader, Producer
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.settings import KafkaSettings, PostgresSettings
from meterstream.runtime.topics import apply_topics
from meterstream.ws_adapter.service import USED_TOPICS, build
from meterstream.ws_adapter.settings import HttpSettings, WsAdapterSettings
from meterstream.ws_adapter.web.listener import Listener

PARTITIONS = 2
SET = SynchronizeTimeResponse(set_to=datetime(2025, 3, 14, tzinfo=UTC))


class MiniDomain:
    """Queues every command, then ends it well, over Kafka."""

    def __init__(self, settings: KafkaSettings, codec: Codec, producer: Producer) -> None:
        self.codec = codec
        self.producer = producer
        self.tasks: set[asyncio.Task[None]] = set()
        self.readers = [
            PartitionReader(settings, topic, partition, self.take)
            for topic in ("commands", "commands-urgent")
            for partition in range(PARTITIONS)
        ]

    def take(self, messages: list[Message]) -> None:
        task = asyncio.create_task(self.answer(messages))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, messages: list[Message]) -> None:
        batch: list[Outgoing] = []
        for message in messages:
            command = self.codec.decode(message.value or b"")
            assert isinstance(command, Command)
            header = command.header
            reply = Reply(
                submission_id=header.submission_id,
                organisation=header.organisation,
                correlation_uid=header.correlation_uid,
                operation=command.operation.name,
                verdict=Verdict.QUEUED,
            )
            state = CommandState(
                header=header,
                operation=command.operation.name,
                state=State.QUEUED,
                attempt=1,
                changed_at=header.created_at,
            )
            result = command.operation.result(
                header=header, status="ok", attempt=1, finished_at=datetime.now(UTC), response=SET
            )
            batch += [
                Outgoing("replies", None, self.codec.encode(reply), partition=header.reply_partition),
                Outgoing("command-states", message.key, self.codec.encode(state)),
                Outgoing("results", message.key, self.codec.encode(result)),
            ]
        await self.producer.send(batch)


@pytest.fixture
async def settings(
    kafka_bootstrap: str, topic_prefix: str, database_dsn: str, authority: Authority
) -> WsAdapterSettings:
    kafka = KafkaSettings(
        bootstrap_servers=kafka_bootstrap,
        topic_prefix=topic_prefix,
        group_prefix=topic_prefix,
        spread_partitions=PARTITIONS,
    )
    await apply_topics(kafka, [TOPICS[name] for name in USED_TOPICS])
    server = authority.server()
    return WsAdapterSettings(
        kafka=kafka,
        postgres=PostgresSettings(dsn=SecretStr(database_dsn)),
        http=HttpSettings(
            host="127.0.0.1",
            port=0,
            certificate_file=server.certificate,
            key_file=server.key,
            client_ca_file=authority.files.certificate,
        ),
    )


@pytest.fixture
async def address(
    settings: WsAdapterSettings, codec: Codec, until: Callable[..., Awaitable[None]]
) -> AsyncIterator[str]:
    producer = Producer(settings.kafka)
    domain = MiniDomain(settings.kafka, codec, producer)
    await producer.start()
    record = OrganisationRecord(organisation="DemoGridOrg", revision=1, name="Demo", enabled=True)
    await producer.send([Outgoing("organisations", b"DemoGridOrg", codec.encode(record))])
    async with asyncio.timeout(30):
        for reader in domain.readers:
            await reader.start()
            await reader.positioned()
    components = build(settings, Metrics("ws-adapter"))
    for component in components:
        await component.start()
    listener = components[-1]
    assert isinstance(listener, Listener)
    await until(lambda: all(component.ready for component in components), 20)
    yield f"https://localhost:{listener.port}"
    for component in reversed(components):
        await component.stop()
    for reader in domain.readers:
        await reader.stop()
    await producer.stop()


async def test_a_command_goes_out_and_its_result_comes_back(address: str, authority: Authority) -> None:
    context = authority.client_context("DemoGridOrg")
    async with aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(ssl=context)) as session:
        body = {"device_identification": "E0000000000000001"}
        submissions = [session.post("/v1/operations/SynchronizeTime", json=body) for _ in range(50)]
        responses = await asyncio.gather(*submissions)
        assert {response.status for response in responses} == {202}
        found = [await response.json() for response in responses]
        assert {one["state"] for one in found} == {"queued"}
        for response in responses:
            path = response.headers["Location"]
            async with session.get(path, headers={"Prefer": "wait=10"}) as fetched:
                document = await fetched.json()
            assert document["state"] == "ok"
            assert document["result"]["response"] == {"set_to": "2025-03-14T00:00:00Z"}
