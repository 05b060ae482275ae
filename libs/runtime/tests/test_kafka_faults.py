"""Workers that are killed, stopped, frozen; a broker that goes away. On a real broker, with real processes."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest

from meterstream.contracts.topics import TOPICS
from meterstream.runtime.errors import BrokerOutage, MessageTooLarge
from meterstream.runtime.kafka import (
    Batch,
    BatchConsumer,
    Described,
    KeyedConsumer,
    Lost,
    Message,
    Outgoing,
    Producer,
    Turn,
)
from meterstream.runtime.kafka.offsets import OffsetTracker
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

if TYPE_CHECKING:
    from .conftest import BrokerWorld, Until

HIGH, NORMAL, LOW = "dlms-requests-high", "dlms-requests-normal", "dlms-requests-low"
LANES = {HIGH: 6.0, NORMAL: 3.0, LOW: 1.0}
PARTITIONS = 4
EXIT_S = 20


class Journal:
    """What the workers wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        whole, _, _ = self.path.read_text().rpartition("\n")  # a reader may see the beginning of a write
        return [line.split() for line in whole.splitlines()]

    def effects(self) -> Counter[str]:
        return Counter(words[3] for words in self.lines() if words[1] == "effect")

    def has(self, *start: str) -> bool:
        return any(words[: len(start)] == list(start) for words in self.lines())

    def owned(self, name: str) -> int:
        """Partitions that a worker said it has."""
        return int(next((words[2] for words in reversed(self.lines()) if words[:2] == [name, "has"]), 0))


class Workers:
    """Processes of `kafka_worker.py`."""

    def __init__(self, settings: KafkaSettings, directory: Path) -> None:
        self.settings = settings
        self.journal = Journal(directory / "journal")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, speed: float = 1.0) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("kafka_worker.py")
        command = [sys.executable, script, self.settings.model_dump_json(), name, self.journal.path, str(speed)]
        process = self.processes[name] = subprocess.Popen(command)
        return process

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(EXIT_S)


@pytest.fixture
def workers(kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka_settings, tmp_path)
    yield found
    found.end()


@pytest.fixture
async def producer(kafka_settings: KafkaSettings) -> Any:
    found = Producer(kafka_settings)
    await found.start()
    yield found
    await found.stop()


def uncommitted(settings: KafkaSettings, sent: list[tuple[int, int, str]]) -> set[str]:
    """Which of the messages (partition, offset, id) on the normal lane the next owner would run."""
    client = confluent_kafka.Consumer(
        {"bootstrap.servers": settings.bootstrap_servers, "group.id": f"{settings.group_prefix}.k"}
    )
    topic = f"{settings.topic_prefix}.{NORMAL}"
    places = [confluent_kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
    found = client.committed(places, timeout=10)
    client.close()
    trackers = {one.partition: OffsetTracker(max(one.offset, 0), one.metadata or "") for one in found}
    return {
        identity
        for partition, offset, identity in sorted(sent)
        if trackers[partition].position <= offset and trackers[partition].deliver(offset)
    }


def work(count: int, steps: Callable[[int], int], *, keys: int, first: int = 0) -> list[Outgoing]:
    return [Outgoing(NORMAL, b"k%d" % (n % keys), b"%d:%d" % (n, steps(n))) for n in range(first, first + count)]


async def test_after_kill_9_only_the_unfinished_run_again(workers: Workers, producer: Producer, until: Until) -> None:
    # Four keys are slow; everything else overtakes them.
    batch = work(300, lambda n: 10_000 if n in (3, 17, 40, 55) else 1, keys=60)
    landed = await producer.send(batch)
    sent = [(place.partition, place.offset, str(n)) for n, place in enumerate(landed)]
    slow_keys = {3, 17, 40, 55}
    held = {str(n) for n in range(300) if n % 60 in slow_keys}
    fast = {str(n) for n in range(300)} - held
    victim = workers.start("first")
    await until(lambda: workers.journal.effects().keys() >= fast)
    await until(lambda: uncommitted(workers.settings, sent) == held, "the finished offsets are committed")
    victim.kill()
    workers.start("second", speed=10_000)
    await until(lambda: len(workers.journal.effects()) == 300, timeout=60)
    assert workers.journal.effects() == Counter(map(str, range(300)))
    again = {words[3] for words in workers.journal.lines() if words[:2] == ["second", "start"]}
    assert again == held


async def test_a_worker_that_is_asked_to_stop_drains_and_hands_over(
    workers: Workers, producer: Producer, until: Until
) -> None:
    await producer.send(work(400, lambda n: 2000 if n == 5 else 4, keys=80))
    first = workers.start("first")
    await until(lambda: len(workers.journal.effects()) > 30)
    first.send_signal(signal.SIGTERM)
    await until(lambda: first.poll() is not None)
    assert first.returncode == 0
    assert workers.journal.has("first", "down")
    by_first = workers.journal.effects()
    assert "5" not in by_first  # cut at a step boundary when the drain time was over
    workers.start("second", speed=1000)
    await until(lambda: len(workers.journal.effects()) == 400)
    assert workers.journal.effects() == Counter(map(str, range(400)))  # nothing done twice, though work was under way


async def test_a_frozen_worker_that_wakes_up_sends_nothing_more(
    workers: Workers, producer: Producer, until: Until
) -> None:
    first = workers.start("first")
    await until(lambda: workers.journal.owned("first") == 3 * PARTITIONS)
    await producer.send(work(40, lambda n: 30, keys=40))
    await until(lambda: len({words[3] for words in workers.journal.lines() if words[1] == "frame"}) == 40)
    first.send_signal(signal.SIGSTOP)
    workers.start("second", speed=20)
    await until(lambda: len(workers.journal.effects()) == 40, "the second worker took over", timeout=60)
    before = len(workers.journal.lines())
    first.send_signal(signal.SIGCONT)
    await until(lambda: workers.journal.has("first", "lost"))
    # It joins again as somebody new, and is as good as any other.
    await producer.send(work(200, lambda n: 1, keys=40, first=1000))
    await until(lambda: len(workers.journal.effects()) == 240)
    after = workers.journal.lines()[before:]
    old_turns = {words[2] for words in workers.journal.lines()[:before] if words[:2] == ["first", "start"]}
    sent = [words for words in after if words[0] == "first" and words[1] in ("frame", "effect")]
    assert [words for words in sent if words[2] in old_turns] == []
    assert all(count == 1 for count in workers.journal.effects().values())


async def test_a_killed_broker_is_waited_for(broker_world: BrokerWorld, until: Until) -> None:
    world = broker_world
    seen: list[Message] = []
    records: list[bytes] = []

    async def handle(batch: Batch) -> None:
        await world.producer.send([Outgoing("results", message.key, message.value) for message in batch])
        batch.check()
        seen.extend(batch)

    consumer = world.batch(group="g", topics=["commands"], handle=handle)
    view = world.view("devices", decode=bytes, on_record=lambda key, value, message: records.append(value or b""))
    await view.start()
    await view.add(range(PARTITIONS))
    await world.producer.send([Outgoing("commands", b"%d" % n, b"1") for n in range(100)])
    await consumer.start()
    await until(lambda: len(seen) >= 100 and consumer.ready)
    sending = None
    world.break_broker()
    try:
        await until(lambda: not consumer.ready)
        sending = asyncio.create_task(world.producer.send([Outgoing("commands", b"%d" % n, b"2") for n in range(50)]))
    finally:
        await world.mend_broker()
    assert sending is not None
    try:
        await sending
    except BrokerOutage:  # a machine so slow that the broker was away for longer than a request may wait
        await world.producer.send([Outgoing("commands", b"%d" % n, b"2") for n in range(50)])
    await until(lambda: consumer.ready and len({m.key for m in seen if m.value == b"2"}) == 50)
    stored = {(message.key, message.value) for message in await world.messages("results")}
    assert len(stored) == 150
    (position,) = await world.producer.send([Outgoing("devices", b"E1", b"after")])
    async with asyncio.timeout(30):
        await view.caught_up(position.partition, position.offset)
    assert records[-1] == b"after"


async def test_a_silent_broker_is_an_outage_for_whoever_sends(broker_world: BrokerWorld) -> None:
    world = broker_world
    producer = Producer(world.settings.model_copy(update={"request_timeout_ms": 1500}))
    await producer.start()
    try:
        await producer.send([Outgoing("results", b"k", b"before")])
        world.server.pause()
        try:
            with pytest.raises(BrokerOutage, match="did not take 1 messages within 2 s"):
                await producer.send([Outgoing("results", b"k", b"during")])
            assert not producer.ready
        finally:
            world.server.resume()
        await _sent(producer, Outgoing("results", b"k", b"after"))
        assert producer.ready
    finally:
        await producer.stop()
    found = [message.value for message in await world.messages("results")]
    assert (found[0], found[-1]) == (b"before", b"after")


async def test_a_message_that_only_the_broker_finds_too_large_spoils_nothing_after_it(
    broker_world: BrokerWorld,
) -> None:
    world = broker_world
    narrow = dataclasses.replace(TOPICS["results"], max_message_bytes=100_000)
    await apply_topics(world.settings, [narrow])
    with pytest.raises(MessageTooLarge):
        await world.producer.send([Outgoing("results", b"k", random.Random(1).randbytes(200_000))])
    landed = await world.producer.send([Outgoing("results", b"k", b"%d" % n) for n in range(20)])
    assert [position.offset for position in landed] == list(range(20))


async def _sent(producer: Producer, outgoing: Outgoing) -> None:
    """Send as services do: again and again while it is an outage."""
    async with asyncio.timeout(30):
        while True:
            try:
                await producer.send([outgoing])
            except BrokerOutage:
                continue
            return


async def test_without_contact_to_the_broker_a_turn_is_lost_in_time(broker_world: BrokerWorld, until: Until) -> None:
    world = broker_world
    ends: list[str] = []
    seen: list[Message] = []

    async def handle(turn: Turn) -> None:
        while (message := turn.take()) is not None:
            if message.value == b"long" and not ends:
                started = asyncio.get_running_loop().time()
                try:
                    while True:
                        turn.check()
                        await asyncio.wait([asyncio.create_task(turn.lost.wait())], timeout=0.05)
                except Lost:
                    ends.append(f"{asyncio.get_running_loop().time() - started:.1f}")
                    raise
            seen.append(message)
            turn.done(message)

    consumer = world.keyed(group="k", lanes=LANES, describe=lambda m: Described(m.key, 4), handle=handle, max_keys=4)
    await consumer.start()
    await world.producer.send([Outgoing(NORMAL, b"k", b"long")])
    await until(lambda: consumer.running)
    world.server.pause()
    try:
        await until(lambda: ends, "the lease ends while the broker is silent")
    finally:
        world.server.resume()
    assert not consumer.ready
    await until(lambda: len(seen) == 1 and consumer.ready)


async def test_stopping_while_the_broker_is_away_takes_no_longer_than_a_drain(
    broker_world: BrokerWorld, until: Until
) -> None:
    world = broker_world
    seen: list[Message] = []

    async def handle(batch: Batch) -> None:
        seen.extend(batch)

    consumer = world.batch(group="g", topics=["commands"], handle=handle)
    producer = Producer(world.settings)
    await producer.start()
    await world.producer.send([Outgoing("commands", b"%d" % n, b"1") for n in range(100)])
    await consumer.start()
    await until(lambda: len(seen) == 100 and consumer.ready)
    world.break_broker()
    try:
        async with asyncio.timeout(40):
            await consumer.stop()
            await producer.stop()
    finally:
        await world.mend_broker()


async def test_an_overtaken_partition_stands_still_and_says_so(broker_world: BrokerWorld, until: Until) -> None:
    world = broker_world
    seen: list[Message] = []

    async def handle(batch: Batch) -> None:
        seen.extend(batch)

    def numbers(first: int) -> list[Outgoing]:
        return [Outgoing("commands", None, b"%d" % n, partition=n % PARTITIONS) for n in range(first, first + 40)]

    await world.producer.send(numbers(0))
    consumer = world.batch(group="g", topics=["commands"], handle=handle)
    await consumer.start()
    await until(lambda: len(seen) == 40)
    await consumer.stop()
    landed = await world.producer.send(numbers(40))
    await asyncio.to_thread(_delete_records, world.settings, 1, max(p.offset for p in landed if p.partition == 1))
    successor = world.batch(group="g", topics=["commands"], handle=handle)
    await successor.start()
    await until(lambda: len(seen) == 70)
    await until(lambda: successor._overtaken == {("commands", 1)})
    assert not successor.ready
    assert {message.partition for message in seen[40:]} == {0, 2, 3}
    # A group that is new begins where the log begins now; nothing of it was overtaken.
    found: list[Message] = []

    async def collect(batch: Batch) -> None:
        found.extend(batch)

    fresh = world.batch(group="fresh", topics=["commands"], handle=collect)
    await fresh.start()
    await until(lambda: len(found) == 61 and fresh.ready)
    assert Counter(message.partition for message in found) == {0: 20, 1: 1, 2: 20, 3: 20}


async def test_the_classic_protocol_drains_and_hands_over_too(
    kafka_settings: KafkaSettings, producer: Producer, until: Until
) -> None:
    settings = kafka_settings.model_copy(update={"group_protocol": "classic"})
    seen: list[Message] = []
    running: set[object] = set()
    clashes: list[object] = []

    async def handle(turn: Turn) -> None:
        while (message := turn.take()) is not None:
            clashes.extend({turn.key} & running)
            running.add(turn.key)
            await asyncio.wait([asyncio.create_task(turn.lost.wait())], timeout=0.01)
            turn.check()
            running.discard(turn.key)
            seen.append(message)
            turn.done(message)

    async def collect(batch: Batch) -> None:
        batches.extend(batch)

    batches: list[Message] = []
    keyed = [
        KeyedConsumer(
            settings,
            group="k",
            lanes=LANES,
            describe=lambda m: Described(m.key, 4),
            handle=handle,
            max_keys=20,
            producer=producer,
        )
        for _ in range(2)
    ]
    plain = [
        BatchConsumer(settings, group="g", topics=["commands"], handle=collect, producer=producer) for _ in range(2)
    ]
    await producer.send(work(600, lambda n: 1, keys=40))
    await producer.send([Outgoing("commands", b"%d" % n, b"%d" % n) for n in range(200)])
    try:
        await keyed[0].start()
        await plain[0].start()
        await until(lambda: len(seen) > 50 and len(batches) == 200)
        await keyed[1].start()
        await plain[1].start()
        for consumers, parts in ((keyed, 3), (plain, 1)):
            await until(lambda c=consumers, n=parts: [len(one.partitions) for one in c] == [2 * n, 2 * n])
        await until(lambda: len(seen) >= 600)
        await producer.send([Outgoing("commands", b"%d" % n, b"%d" % n) for n in range(200, 300)])
        await until(lambda: len(batches) >= 300)
    finally:
        for consumer in (*keyed, *plain):
            await consumer.stop()
    assert clashes == []
    assert {message.value for message in seen} == {outgoing.value for outgoing in work(600, lambda n: 1, keys=40)}
    assert {int(message.value or b"") for message in batches} == set(range(300))


def _delete_records(settings: KafkaSettings, partition: int, before: int) -> None:
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    place = confluent_kafka.TopicPartition(f"{settings.topic_prefix}.commands", partition, before)
    for done in admin.delete_records([place]).values():
        done.result(20)
