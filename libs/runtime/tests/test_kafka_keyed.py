"""What the engine promises of one turn a key, tested alike on the twin in memory and on a real broker."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from kafka_messages import HIGH, LANES, LOW, NORMAL, by_key, described, numbered, values

from meterstream.runtime.errors import DatabaseOutage, PoisonMessage
from meterstream.runtime.kafka import Described, Message, Outgoing, Turn

if TYPE_CHECKING:
    from .conftest import BrokerWorld, MemoryWorld, Until, World


class KeyedContract:
    async def test_one_turn_a_key_and_order_within_it(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        running: set[Any] = set()
        most = 0

        async def handle(turn: Turn) -> None:
            nonlocal most
            assert turn.key not in running
            running.add(turn.key)
            most = max(most, len(running))
            while (message := turn.take()) is not None:
                await asyncio.sleep(0)
                turn.check()
                seen.append(message)
                turn.done(message)
            running.discard(turn.key)

        consumer = world.keyed(group="k", lanes=LANES, describe=described, handle=handle, max_keys=7)
        await world.producer.send(numbered(NORMAL, 600, keys=50))
        await consumer.start()
        await until(lambda: len(seen) >= 600 and consumer.ready)
        assert Counter(values(seen)) == Counter(range(600))
        assert all(found == sorted(found) for found in by_key(seen).values())
        assert 1 < most <= 7

    async def test_a_slow_key_blocks_nobody_and_only_it_runs_again(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        stuck: list[Message] = []

        async def handle(turn: Turn) -> None:
            while (message := turn.take()) is not None:
                if turn.key == b"key3":
                    stuck.append(message)
                    await turn.lost.wait()
                    return
                seen.append(message)
                turn.done(message)

        consumer = world.keyed(group="k", lanes=LANES, describe=described, handle=handle, max_keys=5, drain_s=0.1)
        await world.producer.send(numbered(NORMAL, 400, keys=20))
        await consumer.start()
        await until(lambda: len(seen) == 380 and stuck)
        await consumer.stop()
        assert values(stuck) == [3]
        again: list[Message] = []

        async def successor(turn: Turn) -> None:
            while (message := turn.take()) is not None:
                again.append(message)
                turn.done(message)

        second = world.keyed(group="k", lanes=LANES, describe=described, handle=successor, max_keys=5)
        await second.start()
        await until(lambda: len(again) >= 20)
        await world.producer.send([Outgoing(NORMAL, b"key3", b"1000")])
        await until(lambda: len(again) >= 21)
        assert values(again) == [*range(3, 400, 20), 1000]

    async def test_low_is_not_starved_by_a_flood(self, world: World, until: Until) -> None:
        order: list[str] = []

        low_came = asyncio.Event()  # a broker may hand the whole flood over before anything else

        def noticed(message: Message) -> Described:
            if message.topic == LOW:
                low_came.set()
            return described(message)

        async def handle(turn: Turn) -> None:
            await low_came.wait()
            while (message := turn.take()) is not None:
                order.append(message.topic)
                turn.done(message)

        await world.producer.send([Outgoing(LOW, b"low%d" % n, b"1") for n in range(40)])
        await world.producer.send([Outgoing(HIGH, b"high%d" % n, b"1") for n in range(2000)])
        consumer = world.keyed(group="k", lanes=LANES, describe=noticed, handle=handle, max_keys=4)
        await consumer.start()
        await until(lambda: len(order) >= 2040)
        last_low = max(index for index, topic in enumerate(order) if topic == LOW)
        assert last_low < 1500, "low had to wait for the end of the flood"

    async def test_poison_is_found_among_what_a_turn_took(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        told: list[str] = []

        async def handle(turn: Turn) -> None:
            taken = []
            while (message := turn.take()) is not None:
                taken.append(message)
            if any(message.value == b"7" for message in taken):
                raise ValueError("7")
            for message in taken:
                seen.append(message)
                turn.done(message)

        async def on_dead_letter(message: Message, poison: PoisonMessage) -> None:
            told.append(poison.code)

        await world.producer.send(numbered(NORMAL, 20, keys=2))
        consumer = world.keyed(
            group="k", lanes=LANES, describe=described, handle=handle, max_keys=4, on_dead_letter=on_dead_letter
        )
        await consumer.start()
        await until(lambda: len(seen) >= 19 and told)
        assert sorted(values(seen)) == [n for n in range(20) if n != 7]
        (letter,) = await world.messages(f"{NORMAL}.dead-letter")
        assert letter.value == b"7"
        assert (letter.header("dead_letter_reason") or b"").startswith(b"ValueError at handle")

    async def test_what_cannot_be_described_or_is_left_undone_is_dead_lettered(
        self, world: World, until: Until
    ) -> None:
        seen: list[Message] = []

        def describe(message: Message) -> Described:
            if message.value == b"1":
                raise PoisonMessage("UNREADABLE_MESSAGE", "no Avro")
            return Described(message.key, 4)

        async def handle(turn: Turn) -> None:
            while (message := turn.take()) is not None:
                if message.value == b"2":
                    return
                if message.value == b"3":
                    await turn.reject(message, PoisonMessage("STALE", "too old"))
                    continue
                seen.append(message)
                turn.done(message)

        await world.producer.send(numbered(NORMAL, 6, keys=6))
        consumer = world.keyed(group="k", lanes=LANES, describe=describe, handle=handle, max_keys=4)
        await consumer.start()
        await until(lambda: len(seen) == 3 and consumer._flow.messages == 0)
        letters = {m.value: m.header("dead_letter_code") for m in await world.messages(f"{NORMAL}.dead-letter")}
        assert letters == {b"1": b"UNREADABLE_MESSAGE", b"2": b"TECHNICAL_ERROR", b"3": b"STALE"}

    async def test_an_outage_holds_the_work_and_it_goes_on(self, world: World, until: Until) -> None:
        seen: list[Message] = []
        down = True
        tries = 0

        async def handle(turn: Turn) -> None:
            nonlocal tries
            while (message := turn.take()) is not None:
                tries += 1
                if down:
                    raise DatabaseOutage("gone")
                seen.append(message)
                turn.done(message)

        consumer = world.keyed(group="k", lanes=LANES, describe=described, handle=handle, max_keys=4)
        await consumer.start()
        await until(lambda: consumer.ready)
        await world.producer.send(numbered(NORMAL, 50))
        await until(lambda: tries > 5)
        assert not consumer.ready
        down = False
        await until(lambda: len(seen) == 50 and consumer.ready)
        assert all(found == sorted(found) for found in by_key(seen).values())
        assert await world.messages(f"{NORMAL}.dead-letter") == []

    async def test_views_are_caught_up_before_work_starts(self, world: World, until: Until) -> None:
        records: dict[bytes, bytes] = {}
        early: list[Message] = []
        seen: list[Message] = []
        calls: list[tuple[str, frozenset[int]]] = []

        def on_record(key: bytes, value: bytes | None, message: Message) -> None:
            records[key] = value or b""

        view = world.view("devices", decode=bytes, on_record=on_record)
        await view.start()

        class Views:
            async def prepare(self, partitions: frozenset[int]) -> None:
                calls.append(("prepare", partitions))
                await view.add(partitions)

            async def release(self, partitions: frozenset[int]) -> None:
                calls.append(("release", partitions))
                await view.remove(partitions)

        async def handle(turn: Turn) -> None:
            while (message := turn.take()) is not None:
                if message.key not in records:
                    early.append(message)
                seen.append(message)
                turn.done(message)

        await world.producer.send([Outgoing("devices", b"key%d" % n, b"record") for n in range(1000)])
        await world.producer.send(numbered(NORMAL, 1000, keys=1000))
        consumer = world.keyed(
            group="k", lanes=LANES, describe=described, handle=handle, max_keys=50, preparation=Views()
        )
        await consumer.start()
        await until(lambda: len(seen) >= 1000)
        assert early == []
        assert view.partitions == {0, 1, 2, 3}
        await consumer.stop()
        assert view.partitions == frozenset()
        prepared = [number for call, numbers in calls if call == "prepare" for number in numbers]
        assert sorted(prepared) == [0, 1, 2, 3]

    async def test_a_second_member_takes_over_drained_keys(self, world: World, until: Until) -> None:
        seen: list[tuple[str, Message]] = []
        running: set[Any] = set()
        clashes: list[Any] = []

        def handler(name: str) -> Any:
            async def handle(turn: Turn) -> None:
                while (message := turn.take()) is not None:
                    if turn.key in running:
                        clashes.append(turn.key)
                    running.add(turn.key)
                    await asyncio.sleep(0.01)
                    turn.check()
                    running.discard(turn.key)
                    seen.append((name, message))
                    turn.done(message)

            return handle

        first = world.keyed(group="k", lanes=LANES, describe=described, handle=handler("first"), max_keys=10)
        second = world.keyed(group="k", lanes=LANES, describe=described, handle=handler("second"), max_keys=10)
        await world.producer.send(numbered(NORMAL, 800, keys=40))
        await first.start()
        await until(lambda: len(seen) > 20)
        await second.start()
        sent = 800
        while not any(name == "second" for name, _ in seen):
            await world.producer.send([Outgoing(HIGH, b"key%d" % (n % 40), b"%d" % (sent + n)) for n in range(40)])
            sent += 40
            await until(lambda enough=sent - 400: len(seen) > enough)
        await until(lambda: len(seen) >= sent)
        assert Counter(values([message for _, message in seen])) == Counter(range(sent))
        assert clashes == []
        numbers = [{place.partition for place in consumer.partitions} for consumer in (first, second)]
        assert sorted(map(len, numbers)) == [2, 2]
        assert numbers[0] & numbers[1] == set()  # equal partition numbers of all lanes stay together


class TestInMemory(KeyedContract):
    @pytest.fixture
    def world(self, memory_world: MemoryWorld) -> World:
        return memory_world

    async def test_an_outage_ends_with_the_partitions_whose_work_it_held(self, world: World, until: Until) -> None:
        seen: list[Message] = []

        async def fail(turn: Turn) -> None:
            if turn.take() is not None:
                raise DatabaseOutage("gone")

        async def handle(turn: Turn) -> None:
            while (message := turn.take()) is not None:
                seen.append(message)
                turn.done(message)

        first = world.keyed(group="k", lanes=LANES, describe=described, handle=fail, max_keys=4)
        await first.start()
        await world.producer.send([Outgoing(NORMAL, b"k", b"1", partition=1)])
        await until(lambda: not first.ready)
        second = world.keyed(group="k", lanes=LANES, describe=described, handle=handle, max_keys=4)
        await second.start()  # every other partition goes to it
        await until(lambda: values(seen) == [1] and first.ready)


class TestOnABroker(KeyedContract):
    @pytest.fixture
    def world(self, broker_world: BrokerWorld) -> World:
        return broker_world
