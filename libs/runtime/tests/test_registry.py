"""Schema registry: frames, ids, a client against every kind of answer, and a real registry (Apicurio)."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from registry_server import running_registry

from meterstream.contracts.envelope import Reply, Verdict
from meterstream.contracts.schemas import fingerprint_of, rendered
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import (
    ConfigurationError,
    RegistryOutage,
    RegistryRefused,
    UnknownSchema,
    UnknownSchemaId,
    UnreadableMessage,
)
from meterstream.runtime.kafka import Batch, BatchConsumer, DeadLetters, Message, Outgoing, Producer
from meterstream.runtime.kafka.log import LogReader, Start
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.kafka.patience import Patience
from meterstream.runtime.registry import (
    RegistryClient,
    SchemaIds,
    SchemaRegistry,
    apply_schemas,
    load_schema_ids,
    shared_ids,
    subjects,
)
from meterstream.runtime.settings import KafkaSettings, RegistrySettings

REPLY = Reply(submission_id="s", organisation="o", correlation_uid="u", operation="X", verdict=Verdict.QUEUED)
FINGERPRINT = fingerprint_of(rendered(Reply))
TEXT = json.dumps(rendered(Reply))


def known(schema_id: int = 7) -> SchemaIds:
    ids = SchemaIds()
    ids.release(schema_id, FINGERPRINT)
    return ids


def clock() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


# Frames


def test_a_frame_is_a_zero_the_id_and_the_same_body() -> None:
    single = Codec([Reply]).encode(REPLY)
    framed = known(0x01020304).framed(single)
    assert framed == bytes.fromhex("0001020304") + single[10:]
    assert known(0x01020304).single_object(framed) == single


def test_a_reader_takes_both() -> None:
    codec = Codec([Reply], ids=known())
    single = codec.encode(REPLY)
    assert codec.decode(single) == codec.decode(known().framed(single)) == REPLY
    assert codec.type_of(known().framed(single)) is Reply


def test_an_id_that_nobody_knows_is_an_unknown_schema() -> None:
    codec = Codec([Reply], ids=known(8))
    with pytest.raises(UnknownSchemaId, match="the id 7 ") as caught:
        codec.decode(known(7).framed(codec.encode(REPLY)))
    assert isinstance(caught.value, UnknownSchema)
    assert caught.value.code == "UNKNOWN_SCHEMA"


def test_an_id_of_a_schema_that_is_not_ours_is_an_unknown_schema() -> None:
    ids = known()
    ids.learn(9, bytes(8))
    with pytest.raises(UnknownSchema, match="0000000000000000"):
        Codec([Reply], ids=ids).decode(b"\0\0\0\0\x09body")


@pytest.mark.parametrize("raw", [b"", b"\0", b"\0\0\0\0"])
def test_a_cut_frame_is_damage(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        Codec([Reply], ids=known()).decode(raw)


def test_what_is_no_single_object_of_ours_is_not_framed() -> None:
    for value in (b"", b"{}", b"\xc3\x01" + bytes(8) + b"body", b"\0\0\0\0\x01body"):
        assert known().framed(value) == value


def test_strangers_ids_are_bounded_and_the_idle_one_goes_first() -> None:
    ids = SchemaIds(bound=2)
    ids.release(1, FINGERPRINT)
    ids.learn(2, b"2" * 8)
    ids.learn(3, b"3" * 8)
    assert ids.fingerprint(2) == b"2" * 8
    ids.learn(4, b"4" * 8)
    assert [ids.fingerprint(number) for number in (1, 2, 3, 4)] == [FINGERPRINT, b"2" * 8, None, b"4" * 8]
    assert len(ids) == 3


@given(st.binary(max_size=60))
def test_translation_never_fails_and_comes_back(value: bytes) -> None:
    ids = known()
    single = ids.single_object(value)
    assert ids.framed(single) == value or value[:1] != b"\0" or single == value


def test_an_unknown_id_is_waited_for_like_a_fingerprint() -> None:
    now = [0.0]
    patience = Patience(["results"], hold_s=10, clock=lambda: now[0])
    message = Message("results", 0, 0, None, b"\0\0\0\0\x07body")
    assert patience.asked(message, b"\0\0\0\x07")
    assert patience.holds(message)
    now[0] = 11.0
    assert not patience.holds(message)


# On the way in and out


@pytest.fixture
def with_registry() -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers="memory:1",
        spread_partitions=1,
        device_partitions=1,
        registry=RegistrySettings(url="http://registry.invalid"),
    )


@pytest.fixture
def process_ids() -> Iterator[SchemaIds]:
    """The ids of this process, with one that is known; empty again afterwards."""
    shared_ids.cache_clear()
    shared_ids().release(7, FINGERPRINT)
    yield shared_ids()
    shared_ids.cache_clear()


async def test_values_are_framed_on_the_topic_and_nowhere_else(
    with_registry: KafkaSettings, process_ids: SchemaIds
) -> None:
    kafka = MemoryKafka(with_registry)
    single = Codec([Reply]).encode(REPLY)
    await kafka.producer().send([Outgoing("replies", b"k", single), Outgoing("replies", b"k", None)])
    first, tombstone = kafka.messages("replies")
    assert (first.value, tombstone.value) == (process_ids.framed(single), None)
    seen: list[Message] = []
    reader = kafka.reader(with_registry, "replies", start="beginning", deliver=seen.extend, overtaken=lambda _: None)
    await reader.start()
    async with asyncio.timeout(10):
        await reader.reached(0, (await reader.add([0]))[0])
    await reader.stop()
    assert (seen[0].value, seen[0].framed, seen[0].wire) == (single, first.value, first.value)
    assert (seen[1].value, seen[1].wire) == (None, None)


async def test_a_dead_letter_keeps_the_bytes_of_the_topic(with_registry: KafkaSettings, process_ids: SchemaIds) -> None:
    kafka = MemoryKafka(with_registry)
    letters = DeadLetters(kafka.producer(), stage="test", clock=clock)
    single = Codec([Reply]).encode(REPLY)
    framed = process_ids.framed(single)
    await letters.send(
        [
            (Message("results", 0, 0, b"k", single, framed=framed), "CODE", "why"),
            (Message("results", 0, 1, b"k", single), "CODE", "why"),
        ]
    )
    assert [letter.value for letter in kafka.messages("results.dead-letter")] == [framed, single]


async def test_a_real_broker_carries_frames_and_readers_see_none(
    kafka_settings: KafkaSettings, process_ids: SchemaIds, until: Any
) -> None:
    settings = kafka_settings.model_copy(update={"registry": RegistrySettings(url="http://registry.invalid")})
    single = Codec([Reply]).encode(REPLY)
    producer = Producer(settings)
    await producer.start()
    await producer.send([Outgoing("results", b"k", single), Outgoing("replies", None, single, partition=0)])
    await producer.stop()
    plain: list[Message] = []
    read: list[Message] = []

    async def handle(batch: Batch) -> None:
        plain.extend(batch)

    consumer = BatchConsumer(settings, group="frames", topics=["results"], handle=handle, producer=producer)
    reader = LogReader(settings, "replies", start=Start.BEGINNING, deliver=read.extend, overtaken=lambda _: None)
    await consumer.start()
    await reader.start()
    await reader.add([0])
    await until(lambda: plain and read)
    await consumer.stop()
    await reader.stop()
    assert [(message.value, message.framed) for message in (*plain, *read)] == [
        (single, process_ids.framed(single))
    ] * 2


# The client


class FakeRegistry:
    """Answers as it is told, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, Any, dict[str, str]]] = []
        self.silent = False
        self.url = ""

    def answer(self, status: int, body: Any) -> None:
        self.answers.append((status, body if isinstance(body, bytes) else json.dumps(body).encode()))

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.asked.append((request.method, request.raw_path, json.loads(raw) if raw else None, dict(request.headers)))
        if self.silent:
            await asyncio.Event().wait()
        status, body = self.answers.pop(0)
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"} if status == 302 else None)


@pytest.fixture
async def fake() -> AsyncIterator[FakeRegistry]:
    made = FakeRegistry()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_names_are_escaped_and_the_schema_travels_as_text(fake: FakeRegistry) -> None:
    fake.answer(200, {"id": 5})
    async with RegistryClient(RegistrySettings(url=fake.url + "/")) as client:
        assert await client.register("a/b c", TEXT) == 5
    ((method, path, body, _),) = fake.asked
    assert (method, path, body) == ("POST", "/subjects/a%2Fb%20c/versions", {"schema": TEXT, "schemaType": "AVRO"})


async def test_basic_authentication_and_bearer_tokens(fake: FakeRegistry) -> None:
    basic = RegistrySettings(url=fake.url, username="me", password=SecretStr("secret-word"))
    bearer = RegistrySettings(url=fake.url, token=SecretStr("secret-word"))
    for settings in (basic, bearer):
        fake.answer(200, {"id": 5})
        async with RegistryClient(settings) as client:
            await client.look_up("s", TEXT)
        assert "secret-word" not in repr(settings)
    sent = [headers["Authorization"] for _, _, _, headers in fake.asked]
    assert sent == ["Basic " + base64.b64encode(b"me:secret-word").decode(), "Bearer secret-word"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "me"},
        {"token": "t", "username": "me", "password": "p"},
        {"key_file": "k.pem"},
        {"url": "ftp://somewhere"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RegistrySettings.model_validate({"url": "http://r"} | wrong)


@pytest.mark.parametrize(("status", "body"), [(500, b"oops"), (503, b""), (429, b"{}"), (200, b"<html>"), (200, [])])
async def test_what_no_healthy_registry_says_is_an_outage(fake: FakeRegistry, status: int, body: Any) -> None:
    fake.answer(status, body)
    async with RegistryClient(RegistrySettings(url=fake.url)) as client:
        with pytest.raises(RegistryOutage):
            await client.register("s", TEXT)


@pytest.mark.parametrize("answer", [{}, {"id": "7"}, {"id": True}, {"id": -1}, {"id": 2**32}])
async def test_an_answer_without_a_usable_id_is_an_outage(fake: FakeRegistry, answer: Any) -> None:
    fake.answer(200, answer)
    async with RegistryClient(RegistrySettings(url=fake.url)) as client:
        with pytest.raises(RegistryOutage, match="without id"):
            await client.look_up("s", TEXT)


@pytest.mark.parametrize("status", [302, 401, 403, 409, 422])
async def test_a_refusal_tells_status_and_reason(fake: FakeRegistry, status: int) -> None:
    fake.answer(status, {"error_code": 40100, "message": "not you"})
    async with RegistryClient(RegistrySettings(url=fake.url)) as client:
        with pytest.raises(RegistryRefused, match=f"{status}: not you") as caught:
            await client.register("s", TEXT)
    assert caught.value.status == status


async def test_silence_ends_with_the_time_out(fake: FakeRegistry) -> None:
    fake.silent = True
    async with RegistryClient(RegistrySettings(url=fake.url, timeout_s=0.05)) as client:
        with pytest.raises(RegistryOutage, match=r"no answer in 0\.05 s"):
            await client.schema(1)


async def test_another_address_is_tried_when_one_is_away(fake: FakeRegistry) -> None:
    fake.answer(200, {"schema": TEXT})
    async with RegistryClient(RegistrySettings(url=f"http://127.0.0.1:1,{fake.url}")) as client:
        assert await client.schema(3) == TEXT
    async with RegistryClient(RegistrySettings(url="http://127.0.0.1:1")) as client:
        with pytest.raises(RegistryOutage, match="not reached"):
            await client.schema(3)


async def test_an_endless_answer_is_cut(fake: FakeRegistry) -> None:
    fake.answer(200, b" " * (4 * 1024 * 1024 + 1))
    async with RegistryClient(RegistrySettings(url=fake.url)) as client:
        with pytest.raises(RegistryOutage, match="more than"):
            await client.schema(3)


# Strangers' ids


async def test_ids_are_learnt_once(fake: FakeRegistry) -> None:
    fake.answer(200, {"schema": TEXT})
    ids = SchemaIds()
    framed = known(12).framed(Codec([Reply]).encode(REPLY))
    registry = SchemaRegistry(RegistryClient(RegistrySettings(url=fake.url)), ids)
    await registry.learn([framed, None, b"{}", framed])
    await registry.learn([framed])
    await registry.close()
    assert [path for _, path, _, _ in fake.asked] == ["/schemas/ids/12"]
    assert Codec([Reply], ids=ids).decode(framed) == REPLY


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, {"error_code": 40403, "message": "no"}),
        (200, {"schema": "message X {}", "schemaType": "PROTOBUF"}),
        (200, {"schema": TEXT, "references": [{"name": "x"}]}),
        (200, {"schema": "{no json"}),
        (200, {"schema": '{"type": "nothing"}'}),
    ],
)
async def test_what_is_no_schema_for_us_is_remembered_for_a_minute(
    fake: FakeRegistry, status: int, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    now = [0.0]
    ids = SchemaIds()
    registry = SchemaRegistry(RegistryClient(RegistrySettings(url=fake.url)), ids, clock=lambda: now[0])
    value = b"\0\0\0\0\x0cbody"
    for moment in (0.0, 30.0, 61.0):
        now[0] = moment
        if moment != 30.0:
            fake.answer(status, answer)
        await registry.learn([value])
    await registry.close()
    assert len(fake.asked) == 2
    with pytest.raises(UnknownSchemaId):
        Codec([Reply], ids=ids).decode(value)


async def test_a_refusal_while_it_runs_holds_the_messages(fake: FakeRegistry) -> None:
    fake.answer(403, {"message": "expired"})
    registry = SchemaRegistry(RegistryClient(RegistrySettings(url=fake.url)), SchemaIds())
    with pytest.raises(RegistryOutage, match="403"):
        await registry.learn([b"\0\0\0\0\x0cbody"])
    await registry.close()


# A real registry


@pytest.fixture(scope="module")
def registry_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("registry") / "registry.log"
    with running_registry(request.config.rootpath / ".local", log) as url:
        yield url


@pytest.mark.servers
async def test_released_schemas_in_a_real_registry(registry_url: str) -> None:
    used = ("upstream-commands", "replies")
    settings = KafkaSettings(bootstrap_servers="none:1", registry=RegistrySettings(url=registry_url, timeout_s=30))
    with pytest.raises(ConfigurationError, match=r"lacks a released schema.*topics apply registers"):
        await load_schema_ids(settings, used, SchemaIds())
    expected = list(subjects("meterstream", used))
    for _ in range(2):
        assert await apply_schemas(settings, used) == len(expected)
    ids = SchemaIds()
    await load_schema_ids(settings, used, ids)
    assert len(ids) == len({subject.fingerprint for subject in expected})
    codec = Codec(ids=ids)
    single = codec.encode(REPLY)
    framed = ids.framed(single)
    assert (framed[:1], len(framed)) == (b"\0", len(single) - 5)
    assert codec.decode(framed) == REPLY
    learnt = SchemaIds()
    registry = SchemaRegistry(RegistryClient(settings.registry), learnt)
    await registry.learn([framed, b"\0\x7f\xff\xff\xffbody"])
    assert Codec(ids=learnt).decode(framed) == REPLY
    assert len(learnt) == 1
    await registry.close()


@pytest.mark.servers
async def test_an_incompatible_schema_is_refused_by_a_real_registry(registry_url: str) -> None:
    async with RegistryClient(RegistrySettings(url=registry_url, timeout_s=30)) as client:
        base: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}
        first = await client.register("odd/subject name", json.dumps(base))
        assert await client.look_up("odd/subject name", json.dumps(base)) == first
        assert await client.look_up("another", json.dumps(base)) is None
        assert await client.schema(2**31 - 1) is None
        with pytest.raises(RegistryRefused) as caught:
            await client.register("odd/subject name", '{"type": "nothing"}')
        assert caught.value.status in (400, 409, 422)


def test_a_subject_has_full_names(tmp_path: Path) -> None:
    assert list(subjects("p", ["replies"], tmp_path)) == []
    assert {subject.name for subject in subjects("p", ["replies"])} == {"p.replies-meterstream.Reply"}
    names = {subject.name for subject in subjects("p", ["upstream-commands", "organisation-commands.acme"])}
    assert "p.organisation-commands.acme-meterstream.SynchronizeTimeCommand" in names
    assert "p.upstream-commands-meterstream.CancelCommand" in names
