"""What the engine promises, tested alike on the twin in memory and on a real broker."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from kafka_messages import Gate, by_key, numbered, values

from meterstream.runtime.errors import DatabaseOutage, MessageTooLarge, PoisonMessage, UnknownSchema
from meterstream.runtime.kafka import Batch, Message, Outgoing, PartitionLeft

if TYPE_CHECKING:
    from .conftest import BrokerWorld, MemoryWorld, Until, World


class ProducerContract:
    async def test_positions_come_in_the_order_of_the_batch(self, world: World) -> None:
        sent = await world.producer.send(numbered("results", 200))
        stored = {(m.partition, m.offset): m for m in await world.messages("results")}
        assert values([stored[position.partition, position.offset] for position in sent]) == list(range(200))

    async def test_keys_and_named_partitions_decide_where_a_message_lands(self, world: World) -> None:
        key = b"E0000001"
        first, second, third = await world.producer.send(
            [
                Outgoing("results", key, b"1"),
                Outgoing("results", key, b"2", partition=3),
                Outgoing("devices", key, b"3"),
            ]
        )
        assert first.partition == world.producer.partition_of("results", key)
        assert second.partition == 3
        assert third.partition == world.producer.partition_of("devices", key)

    async def test_headers_and_tombstones_arrive_as_sent(self, world: World) -> None:
        await world.producer.send([Outgoing("devices", b"E1", None, (("ce_id", b"x"), ("ce_id", b"y")))])
        (found,) = await world.messages("devices")
        assert (found.key, found.value, found.headers) == (b"E1", None, (("ce_id", b"x"), ("ce_id", b"y")))

    async def test_one_message_too_large_and_nothing_of_the_batch_is_sent(self, world: World) -> None:
        batch = [Outgoing("command-states", b"k", b"small"), Outgoing("command-states", b"k", bytes(1024 * 1024))]
        with pytest.raises(MessageTooLarge, match="the limit is 1048576"):
            await world.producer.send(batch)
        await world.producer.send([Outgoing("results", b"k", bytes(7 * 1024 * 1024))])
        assert len(await world.messages("results")) == 1


class BatchContract:
    async def test_every_message_once_in_order_per_key(self, world: World, until: Until) -> None:
        seen: list[Message] = []

        async def handle(batch: Batch) -> None:
            batch.check()
            seen.extend(batch)

        consumer = world.batch(group="g", topics=["commands"], handle=handle, max_batch=50)
        await world.producer.send(numbered("commands", 500))
        await consumer.start()
        await until(lambda: len(seen) >= 500)
        await world.producer.send(numbered("commands", 100))
        await until(lambda: len(seen) >= 600)
        assert Counter(values(seen)) == Counter([*range(500), *range(100)])
        assert all(found == sorted(found[:25]) + sorted(found[25:]) for found in by_key(seen).values())
        await until(lambda: consumer.ready)

    async def test_the_next_member_goes_on_where_the_last_one_stopped(self, world: World, until: Until) -> None:
        for round_ in range(2):
            seen: list[Message] = []

            async def handle(batch: Batch, seen: list[Message] = seen) -> None:
                seen.extend(batch)

            consumer = world.batch(group="g", topics=["commands"], handle=handle)
            await world.producer.send([Outgoing("commands", b"k%d" % n, b"%d" % round_) for n in range(50)])
            await consumer.start()
            await until(lambda seen=seen: len(seen) >= 50)
            await consumer.stop()
            assert values(seen) == [round_] * 50

    async def test_trouble_of_the_database_is_never_poison(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        down = True
        tries = 0

        async def handle(batch: Batch) -> None:
            nonlocal tries
            tries += 1
            if down:
                raise DatabaseOutage("gone")
            seen.extend(batch)

        consumer = world.batch(group="g", topics=["commands"], handle=handle)
        await consumer.start()
        await until(lambda: consumer.ready)
        await world.producer.send(numbered("commands", 30))
        await until(lambda: tries > 1)
        assert not consumer.ready
        down = False
        await until(lambda: len(seen) == 30 and consumer.ready)
        assert await world.messages("commands.dead-letter") == []

    async def test_poison_is_found_alone_and_dead_lettered_with_its_reason(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        told: list[tuple[bytes | None, str]] = []

        async def handle(batch: Batch) -> None:
            for message in batch:
                if message.value == b"13":
                    raise PoisonMessage("STALE", "expired long ago")
                if message.value == b"77":
                    raise ValueError("the text of a foreign error may hold a key: 00112233")
            seen.extend(batch)

        async def on_dead_letter(message: Message, poison: PoisonMessage) -> None:
            told.append((message.value, poison.code))

        consumer = world.batch(group="g", topics=["commands"], handle=handle, on_dead_letter=on_dead_letter)
        sent = await world.producer.send(numbered("commands", 100))
        await consumer.start()
        await until(lambda: len(seen) >= 98 and len(told) >= 2)
        assert sorted(values(seen)) == [n for n in range(100) if n not in (13, 77)]
        assert sorted(told) == [(b"13", "STALE"), (b"77", "TECHNICAL_ERROR")]
        letters = {letter.value: letter for letter in await world.messages("commands.dead-letter")}
        assert set(letters) == {b"13", b"77"}
        stale = letters[b"13"]
        assert stale.key == b"key13"
        assert stale.header("dead_letter_code") == b"STALE"
        assert stale.header("dead_letter_reason") == b"expired long ago"
        assert stale.header("dead_letter_stage") == b"g"
        assert stale.header("dead_letter_topic") == b"commands"
        assert stale.header("dead_letter_partition") == b"%d" % sent[13].partition
        assert stale.header("dead_letter_offset") == b"%d" % sent[13].offset
        reason = letters[b"77"].header("dead_letter_reason") or b""
        assert reason.startswith(b"ValueError at handle")
        assert b"00112233" not in reason

    async def test_a_dead_letter_above_the_limit_is_cut_and_named_by_its_digest(
        self, world: World, until: Until
    ) -> None:
        value = bytes(range(256)) * (8 * 4096 - 1)  # with the letter's own headers it no longer fits into 8 MiB

        async def handle(batch: Batch) -> None:
            raise PoisonMessage("UNREADABLE_MESSAGE", "nonsense")

        told: list[Message] = []

        async def on_dead_letter(message: Message, poison: PoisonMessage) -> None:
            told.append(message)

        consumer = world.batch(group="g", topics=["commands"], handle=handle, on_dead_letter=on_dead_letter)
        await world.producer.send([Outgoing("commands", b"k", value)])
        await consumer.start()
        await until(lambda: told)
        (letter,) = await world.messages("commands.dead-letter")
        assert letter.value == value[: 64 * 1024]
        assert letter.header("dead_letter_sha256") == hashlib.sha256(value).hexdigest().encode()
        assert letter.header("dead_letter_length") == b"%d" % len(value)

    async def test_an_unknown_schema_holds_its_partition_only(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        newer = b"\xc3\x01NEWSCHEMbody"

        async def handle(batch: Batch) -> None:
            for message in batch:
                if message.value == newer:
                    raise UnknownSchema(newer[2:10])
            seen.extend(batch)

        consumer = world.batch(group="g", topics=["commands"], handle=handle)
        await world.producer.send([Outgoing("commands", None, newer, partition=1)])
        await world.producer.send([Outgoing("commands", None, b"%d" % n, partition=n % 4) for n in range(40)])
        await consumer.start()
        await until(lambda: len(seen) >= 30)
        assert {message.partition for message in seen} == {0, 2, 3}
        assert await world.messages("commands.dead-letter") == []
        await consumer.stop()
        again: list[Message] = []

        async def newer_release(batch: Batch) -> None:
            again.extend(batch)

        successor = world.batch(group="g", topics=["commands"], handle=newer_release)
        await successor.start()
        await until(lambda: len(again) >= 11)
        assert {message.partition for message in again} == {1}
        assert again[0].value == newer

    async def test_pausing_bounds_what_waits(self, world: World, until: Until) -> None:
        gate = Gate()
        seen: list[Message] = []

        async def handle(batch: Batch) -> None:
            await gate.wait()
            seen.extend(batch)

        consumer = world.batch(group="g", topics=["commands"], handle=handle, max_batch=20)
        places = range(4)
        for _ in range(10):
            await world.producer.send([Outgoing("commands", None, bytes(100), partition=n % 4) for n in range(2000)])
        await consumer.start()
        await until(lambda: len(consumer._flow.paused) == len(places), "all partitions paused")
        # A partition is paused at 80; two rounds of the client may have been on their way then.
        assert consumer._flow.messages <= 4 * (80 + 2 * 500)
        gate.set()
        await until(lambda: len(seen) == 20_000)
        assert not consumer._flow.paused

    async def test_a_second_member_takes_half_and_nothing_runs_twice(self, world: World, until: Until) -> None:
        seen: list[tuple[str, Message]] = []
        running: Counter[bytes | None] = Counter()
        clashes: list[bytes | None] = []

        def handler(name: str) -> Any:
            async def handle(batch: Batch) -> None:
                keys = {message.key for message in batch}
                clashes.extend(key for key in keys if running[key])
                running.update(keys)
                await asyncio.sleep(0.002)
                batch.check()
                running.subtract(keys)
                seen.extend((name, message) for message in batch)

            return handle

        first = world.batch(group="g", topics=["commands"], handle=handler("first"), max_batch=10)
        second = world.batch(group="g", topics=["commands"], handle=handler("second"), max_batch=10)
        await world.producer.send(numbered("commands", 1000, keys=40))
        await first.start()
        await until(lambda: len(seen) > 50)
        await second.start()
        sent = 1000
        while not any(name == "second" for name, _ in seen):
            await world.producer.send(
                [Outgoing("commands", b"key%d" % (n % 40), b"%d" % (sent + n)) for n in range(40)]
            )
            sent += 40
            await until(lambda enough=sent - 200: len(seen) > enough)
        await until(lambda: len(seen) >= sent)
        assert Counter(values([message for _, message in seen])) == Counter(range(sent))
        assert clashes == []
        assert len(first.partitions) == len(second.partitions) == 2

    async def test_a_member_that_has_no_partition_is_ready_to_take_over(self, world: World, until: Until) -> None:
        seen: list[Message] = []

        async def handle(batch: Batch) -> None:
            seen.extend(batch)

        members = [world.batch(group="g", topics=["commands.dead-letter"], handle=handle) for _ in range(2)]
        for member in members:
            await member.start()
            await until(lambda member=member: member.ready)
        await until(lambda: sum(len(member.partitions) for member in members) == 1)
        owner = next(member for member in members if member.partitions)
        other = next(member for member in members if member is not owner)
        assert other.ready
        await owner.stop()
        await world.producer.send([Outgoing("commands.dead-letter", b"k", b"1")])
        await until(lambda: values(seen) == [1] and other.ready)


class ViewContract:
    async def test_it_loads_follows_and_forgets(self, world: World, until: Until) -> None:
        records: dict[bytes, bytes | None] = {}

        def on_record(key: bytes, value: bytes | None, message: Message) -> None:
            records[key] = value

        key = next(b"E%d" % n for n in range(100) if world.producer.partition_of("devices", b"E%d" % n) == 2)
        await world.producer.send([Outgoing("devices", key, b"%d" % n) for n in range(10)])
        view = world.view("devices", decode=bytes, on_record=on_record)
        await view.start()
        await view.add([0, 2])
        assert records == {key: b"9"}
        assert view.ready
        (position,) = await world.producer.send([Outgoing("devices", key, None)])
        await view.caught_up(position.partition, position.offset)
        assert records == {key: None}
        await view.remove([2])
        with pytest.raises(PartitionLeft):
            await view.caught_up(2, position.offset)
        (position,) = await world.producer.send([Outgoing("devices", key, b"back")])
        await view.add([1, 2])
        assert records == {key: b"back"}
        assert view.partitions == {0, 1, 2}

    async def test_whoever_waits_for_a_partition_that_leaves_is_told(self, world: World, until: Until) -> None:
        view = world.view("devices", decode=bytes, on_record=lambda *_: None)
        await view.start()
        await view.add([1])
        waiter = asyncio.create_task(view.caught_up(1, 5))
        await asyncio.sleep(0)
        await view.remove([1])
        with pytest.raises(PartitionLeft):
            await waiter

    async def test_a_record_that_cannot_be_read_ends_nothing(self, world: World, until: Until) -> None:
        records: list[bytes] = []

        def decode(raw: bytes) -> bytes:
            if raw == b"bad":
                raise PoisonMessage("UNREADABLE_MESSAGE", "bad")
            return raw

        def on_record(key: bytes, value: bytes | None, message: Message) -> None:
            if value == b"worse":
                raise RuntimeError("a bug")
            records.append(value or b"")

        view = world.view("organisations", decode=decode, on_record=on_record, whole=True)
        await view.start()
        await view.loaded()
        batch = [Outgoing("organisations", b"o", value) for value in (b"1", b"bad", b"worse", b"2")]
        await world.producer.send(batch)
        await until(lambda: records == [b"1", b"2"])
        assert view.ready

    async def test_replies_are_read_from_the_end(self, world: World, until: Until) -> None:
        found: list[Message] = []
        await world.producer.send([Outgoing("replies", None, b"0", partition=1)])
        reader = world.replies(1, found.extend)
        await reader.start()
        await reader.positioned()
        await world.producer.send([Outgoing("replies", None, b"%d" % n, partition=n % 4) for n in range(1, 9)])
        await until(lambda: len(found) >= 2)
        assert values(found) == [1, 5]
        assert reader.ready


class EngineContract(ProducerContract, BatchContract, ViewContract):
    """All of it."""


class TestInMemory(EngineContract):
    @pytest.fixture
    def world(self, memory_world: MemoryWorld) -> World:
        return memory_world

    async def test_an_outage_ends_with_the_partitions_whose_work_it_held(self, world: World, until: Until) -> None:
        seen: list[Message] = []

        async def fail(_: Batch) -> None:
            raise DatabaseOutage("gone")

        async def handle(batch: Batch) -> None:
            seen.extend(batch)

        first = world.batch(group="g", topics=["commands"], handle=fail)
        await first.start()
        await world.producer.send([Outgoing("commands", b"k", b"1", partition=1)])
        await until(lambda: not first.ready)
        second = world.batch(group="g", topics=["commands"], handle=handle)
        await second.start()  # every other partition goes to it
        await until(lambda: values(seen) == [1] and first.ready)


class TestOnABroker(EngineContract):
    @pytest.fixture
    def world(self, broker_world: BrokerWorld) -> World:
        return broker_world
