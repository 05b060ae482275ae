"""A place in a group and its heart, where the client keeps its thread waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest

from meterstream.runtime.kafka import BatchConsumer, Outgoing, group
from meterstream.runtime.kafka.group import GroupMembership
from meterstream.runtime.kafka.memory import MemoryKafka, MemoryMembership
from meterstream.runtime.kafka.messages import Message, TopicPartition
from meterstream.runtime.kafka.offsets import Commit
from meterstream.runtime.kafka.ports import Origin, Outcome
from meterstream.runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from .conftest import MemoryWorld, Until

PLACE = TopicPartition("commands", 0)
SETTINGS = KafkaSettings(bootstrap_servers="nowhere:1")


class Client:
    """Takes commits as the real client does: the answer to an asynchronous one waits for the next consume()."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, bool]] = []

    def commit(
        self, *, offsets: list[confluent_kafka.TopicPartition], asynchronous: bool
    ) -> list[confluent_kafka.TopicPartition] | None:
        self.commits += [(one.offset, asynchronous) for one in offsets]
        return None if asynchronous else offsets

    def list_topics(self, topic: str, timeout: float) -> None:
        raise AssertionError("the real client ends the process when a callback asks for this")

    def incremental_unassign(self, partitions: object) -> None: ...


class Drain:
    """An engine that waits for the commit on its way, then commits what it has drained."""

    def __init__(self, membership: GroupMembership) -> None:
        self.membership = membership
        self.before: asyncio.Task[Outcome] | None = None
        self.after: Outcome | None = None

    async def revoking(self, places: frozenset[TopicPartition]) -> None:
        assert self.before is not None
        await self.before
        self.after = await self.membership.commit({PLACE: Commit(9, "")})

    def assigned(self, origins: Mapping[TopicPartition, Origin], asked: float) -> None: ...
    def delivered(self, messages: list[Message]) -> None: ...
    def lost(self, places: frozenset[TopicPartition] | None, reason: str) -> None: ...
    def overtaken(self, place: TopicPartition) -> None: ...
    def trouble(self, reason: str) -> None: ...


@pytest.fixture
async def drain() -> Drain:
    membership = GroupMembership(SETTINGS, group="g", topics=["commands"])
    membership._loop = asyncio.get_running_loop()
    membership._sink = drain = Drain(membership)
    return drain


def commit(membership: GroupMembership, client: Any, offset: int) -> asyncio.Task[Outcome]:
    """Ask for a commit, and have the thread send it."""
    asked = asyncio.ensure_future(membership.commit({PLACE: Commit(offset, "")}))
    asyncio.get_running_loop().call_soon(membership._serve, client)
    return asked


async def test_a_revocation_does_not_wait_for_the_answer_that_comes_after_it(drain: Drain) -> None:
    membership, client = drain.membership, Client()
    drain.before = commit(membership, client, 5)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaving = [confluent_kafka.TopicPartition("meterstream.commands", 0)]
    async with asyncio.timeout(4):  # below the patience for an answer that does not come
        await asyncio.to_thread(membership._on_revoke, client, leaving)
    assert (await drain.before, drain.after) == (Outcome.DONE, Outcome.DONE)
    assert client.commits == [(5, True), (5, False), (9, False)]


async def test_an_answer_that_was_given_early_is_not_taken_for_the_next(drain: Drain, until: Until) -> None:
    membership, client = drain.membership, Client()
    drain.before = commit(membership, client, 5)
    await until(lambda: client.commits)
    await asyncio.to_thread(membership._on_revoke, client, [])
    following = commit(membership, client, 12)
    await until(lambda: (12, True) in client.commits)
    membership._on_answer(None, [])
    await asyncio.sleep(0)
    assert not following.done()
    membership._on_answer(None, [])
    assert await following is Outcome.DONE


async def test_no_sign_of_life_is_asked_for_inside_a_callback(drain: Drain) -> None:
    membership, client = drain.membership, Client()
    drain.before = asyncio.ensure_future(membership.commit({}))
    await asyncio.sleep(0)
    await asyncio.to_thread(membership._on_revoke, client, [])
    assert (await drain.before, drain.after) == (Outcome.AGAIN, Outcome.DONE)


async def test_who_joins_anew_waits_for_the_commit_that_is_on_its_way(drain: Drain, until: Until) -> None:
    membership, client = drain.membership, Client()
    commit(membership, client, 5)
    await until(lambda: client.commits)
    await membership.rejoin()
    assert not membership._may_leave()
    membership._on_answer(None, [])
    assert membership._may_leave()


async def test_who_joins_anew_does_not_wait_for_ever(
    drain: Drain, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    membership, client = drain.membership, Client()
    commit(membership, client, 5)
    await until(lambda: client.commits)
    await membership.rejoin()
    in_a_while = group.boot_time() + group.ANSWERED_BY_S + 1
    monkeypatch.setattr(group, "boot_time", lambda: in_a_while)
    assert membership._may_leave()


class Unending(Client):
    """A client whose close() does not return, and calls back when nobody waits for it any more."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.unassigned: list[object] = []

    def close(self) -> None:
        self.let_go.wait(30)

    def incremental_unassign(self, partitions: object) -> None:
        self.unassigned.append(partitions)


async def test_a_client_that_does_not_end_is_left_alone(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    membership, client = drain.membership, Unending()
    monkeypatch.setattr(group, "CLOSE_S", 0.01)
    told: list[object] = []
    membership._thread_session = 1
    on_commit = membership._while_current(1, lambda *arguments: told.append(arguments))
    on_revoke = membership._guarded(1, lambda *arguments: told.append(arguments))
    try:
        async with asyncio.timeout(4):
            await asyncio.to_thread(membership._close, client)  # type: ignore[arg-type]  # stands for the real one
        on_commit(None, [])
        assert len(told) == 1
        membership._thread_session = 2
        on_commit(None, [])
        leaving = [confluent_kafka.TopicPartition("meterstream.commands", 0)]
        on_revoke(client, leaving)  # type: ignore[arg-type]  # as above
        assert (len(told), client.unassigned) == (1, [leaving])
    finally:
        client.let_go.set()


class Unhearing(MemoryMembership):
    """Its thread is busy for ever with something else."""

    async def end_offsets(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        await asyncio.Event().wait()
        return {}


async def test_a_report_that_waits_does_not_stop_the_heart(memory_world: MemoryWorld, until: Until) -> None:
    settings = memory_world.settings.model_copy(update={"session_timeout_ms": 1000})
    kafka = MemoryKafka(settings)
    ordinary = kafka.membership("g", ["commands"])
    membership = Unhearing(kafka, ordinary._group, ordinary._places)
    beats: list[int] = []

    class Counting(BatchConsumer):
        async def _commit_what_changed(self) -> None:
            beats.append(1)
            await super()._commit_what_changed()

    async def handle(messages: object) -> None: ...

    consumer = Counting(
        settings, group="g", topics=["commands"], handle=handle, producer=kafka.producer(), membership=membership
    )
    await consumer.start()
    try:
        await until(lambda: len(beats) > 20)  # the report comes with the tenth
        assert consumer.ready
    finally:
        await consumer.stop()


async def test_a_drain_that_begins_just_as_a_batch_ends_commits_it(memory_world: MemoryWorld, until: Until) -> None:
    seen: list[bytes | None] = []
    drains: list[asyncio.Task[None]] = []

    async def handle(messages: Sequence[Message]) -> None:
        seen.extend(message.value for message in messages)
        drains.append(asyncio.create_task(first.revoking(first.partitions)))

    async def collect(messages: Sequence[Message]) -> None:
        seen.extend(message.value for message in messages)

    first = memory_world.batch(group="g", topics=["commands"], handle=handle)
    await memory_world.producer.send([Outgoing("commands", b"k", b"once")])
    await first.start()
    await until(lambda: drains)
    await drains[0]
    await first.stop()
    await memory_world.producer.send([Outgoing("commands", b"k", b"next")])
    await memory_world.batch(group="g", topics=["commands"], handle=collect).start()
    await until(lambda: b"next" in seen)
    assert seen == [b"once", b"next"]
