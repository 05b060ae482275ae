"""Kafka in memory, for tests of services: the real engine on a log that is a list.

    kafka = MemoryKafka(settings)
    producer = kafka.producer()
    consumer = BatchConsumer(settings, ..., membership=kafka.membership("domain-commands", ["commands"]))
    view = CompactedView(settings, "devices", ..., reader=kafka.reader)

The contract tests of the engine run against this and against a real broker. `down` is an outage of the broker.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from meterstream.runtime.clock import Clock, system_clock
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka.framing import framing, unframed
from meterstream.runtime.kafka.lease import boot_time
from meterstream.runtime.kafka.log import PartitionLeft, Start
from meterstream.runtime.kafka.messages import Message, Outgoing, Position, TopicPartition
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.kafka.offsets import Commit
from meterstream.runtime.kafka.ports import Origin, Outcome, Sink
from meterstream.runtime.kafka.producer import Outbound
from meterstream.runtime.settings import KafkaSettings

AT_ONCE: Final = 500


class MemoryKafka:
    """Logs, groups and their commits. Belongs to one event loop."""

    def __init__(self, settings: KafkaSettings, clock: Clock = system_clock) -> None:
        self.down = False
        self._settings = settings
        self._clock = clock
        self._names = TopicNames(settings)
        self._logs: defaultdict[TopicPartition, list[Message]] = defaultdict(list)
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._changed: set[asyncio.Event] = set()
        self.framing = framing(settings)

    def producer(self) -> MemoryProducer:
        """A producer on these logs."""
        return MemoryProducer(self, self._settings)

    def membership(self, group: str, topics: Sequence[str]) -> MemoryMembership:
        """A place in a group; members share the partition numbers."""
        places = [TopicPartition(topic, n) for topic in topics for n in range(self._names.partitions(topic))]
        return MemoryMembership(self, self._groups[group], places)

    def reader(
        self,
        settings: KafkaSettings,  # noqa: ARG002  # the signature of the real reader
        topic: str,
        *,
        start: Start,
        deliver: Callable[[list[Message]], None],
        overtaken: Callable[[int], None],  # noqa: ARG002  # nothing is ever taken away
    ) -> MemoryReader:
        """A reader without a group; pass this method as `reader`."""
        return MemoryReader(self, topic, start, deliver)

    def messages(self, topic: str) -> list[Message]:
        """All messages of a topic, partition after partition."""
        places = sorted(place for place in self._logs if place.topic == topic)
        return [message for place in places for message in self._logs[place]]

    def committed(self, group: str) -> Mapping[TopicPartition, Commit]:
        """What a group has committed."""
        return self._groups[group].commits

    def log(self, place: TopicPartition) -> Sequence[Message]:
        """The messages of one partition."""
        return self._logs[place]

    def append(self, outgoing: Outgoing, partition: int) -> Position:
        """Write a message at the end of a partition."""
        place = TopicPartition(outgoing.topic, partition)
        log = self._logs[place]
        moment = int(self._clock().timestamp() * 1000)
        log.append(Message(*place, len(log), outgoing.key, outgoing.value, tuple(outgoing.headers), moment))
        for event in self._changed:
            event.set()
        return Position(*place, len(log) - 1)

    def watch(self, event: asyncio.Event) -> None:
        """Set the event whenever a message is written."""
        self._changed.add(event)

    def unwatch(self, event: asyncio.Event) -> None:
        """No longer set the event."""
        self._changed.discard(event)


class MemoryProducer:
    """The twin of `Producer`."""

    name = "kafka-producer"

    def __init__(self, kafka: MemoryKafka, settings: KafkaSettings) -> None:
        self._kafka = kafka
        self._outbound = Outbound(settings)

    @property
    def ready(self) -> bool:
        """Whether the broker is there."""
        return not self._kafka.down

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing is waiting."""

    def partition_of(self, topic: str, key: bytes) -> int:
        """See `Sends.partition_of`."""
        return self._outbound.names.partition_of(topic, key)

    def check_size(self, outgoing: Outgoing) -> None:
        """See `Sends.check_size`."""
        self._outbound.check_size(outgoing)

    async def send(self, batch: Sequence[Outgoing]) -> list[Position]:
        """See `Sends.send`."""
        batch = self._outbound.framed(batch)
        for outgoing in batch:
            self._outbound.check_size(outgoing)
        await asyncio.sleep(0)
        if self._kafka.down:
            raise BrokerOutage("the broker is down")
        return [self._kafka.append(outgoing, self._outbound.partition(outgoing)) for outgoing in batch]


class MemoryReader:
    """The twin of `LogReader`."""

    def __init__(self, kafka: MemoryKafka, topic: str, start: Start, deliver: Callable[[list[Message]], None]) -> None:
        self._kafka = kafka
        self._topic = topic
        self._start = start
        self._deliver = deliver
        self._positions: dict[int, int] = {}
        self._awake = asyncio.Event()
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the broker is there."""
        return not self._kafka.down

    @property
    def partitions(self) -> frozenset[int]:
        """What is read now."""
        return frozenset(self._positions)

    async def start(self) -> None:
        """Begin to follow."""
        self._kafka.watch(self._awake)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop reading."""
        self._kafka.unwatch(self._awake)
        await self.remove(list(self._positions))
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def add(self, partitions: Iterable[int]) -> dict[int, int]:
        """See `LogReader.add`."""
        if self._kafka.down:
            raise BrokerOutage("the broker is down")
        ends = {number: len(self._kafka.log(TopicPartition(self._topic, number))) for number in partitions}
        for number, end in ends.items():
            self._positions.setdefault(number, end if self._start is Start.END else 0)
        self._awake.set()
        return ends

    async def remove(self, partitions: Iterable[int]) -> None:
        """See `LogReader.remove`."""
        async with self._moved:
            for number in partitions:
                self._positions.pop(number, None)
            self._moved.notify_all()

    def position(self, partition: int) -> int | None:
        """See `LogReader.position`."""
        return self._positions.get(partition)

    async def reached(self, partition: int, position: int) -> None:
        """See `LogReader.reached`."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._positions.get(partition, position) >= position)
        if partition not in self._positions:
            raise PartitionLeft(f"{self._topic}/{partition} is not read here")

    async def _follow(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            for number in list(self._positions):
                found = list(self._kafka.log(TopicPartition(self._topic, number))[self._positions[number] :])
                if found:
                    self._deliver(unframed(found, self._kafka.framing))
                    self._positions[number] = found[-1].offset + 1
            async with self._moved:
                self._moved.notify_all()


class _Group:
    def __init__(self) -> None:
        self.members: list[MemoryMembership] = []
        self.commits: dict[TopicPartition, Commit] = {}
        self.balancing = asyncio.Lock()


class MemoryMembership:
    """The twin of `GroupMembership`: range assignment, only what moves is revoked."""

    def __init__(self, kafka: MemoryKafka, group: _Group, places: Sequence[TopicPartition]) -> None:
        self._kafka = kafka
        self._group = group
        self._places = places
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sink: Sink | None = None

    async def start(self, sink: Sink) -> None:
        """Join."""
        self._sink = sink
        self._kafka.watch(self._awake)
        self._task = asyncio.create_task(self._deliver(sink))
        await self._join()

    async def stop(self) -> None:
        """Leave; the others take over."""
        self._kafka.unwatch(self._awake)
        await self._leave()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def rejoin(self) -> None:
        """Leave and join as somebody new."""
        await self._leave()
        self.lose("the group is joined anew")
        await self._join()

    def lose(self, reason: str) -> None:
        """What the broker does to a member that it has not heard of for too long."""
        self._positions.clear()
        if self._sink is not None:
            self._sink.lost(None, reason)

    def pause(self, places: Iterable[TopicPartition]) -> None:
        """See `Membership.pause`."""
        self._paused.update(places)

    def resume(self, places: Iterable[TopicPartition]) -> None:
        """See `Membership.resume`."""
        self._paused.difference_update(places)
        self._awake.set()

    async def commit(self, commits: Mapping[TopicPartition, Commit]) -> Outcome:
        """See `Membership.commit`."""
        await asyncio.sleep(0)
        if self._kafka.down:
            return Outcome.AGAIN
        if not commits.keys() <= self._positions.keys():
            return Outcome.FENCED
        self._group.commits.update(commits)
        return Outcome.DONE

    async def end_offsets(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """See `Membership.end_offsets`."""
        return {place: len(self._kafka.log(place)) for place in places}

    async def _join(self) -> None:
        async with self._group.balancing:
            self._group.members.append(self)
            await self._balance()

    async def _leave(self) -> None:
        async with self._group.balancing:
            if self not in self._group.members:
                return
            self._group.members.remove(self)
            if self._sink is not None and self._positions:
                await self._sink.revoking(frozenset(self._positions))
            self._positions.clear()
            await self._balance()

    async def _balance(self) -> None:
        members = self._group.members
        wanted = {
            member: {place for place in self._places if place.partition % len(members) == number}
            for number, member in enumerate(members)
        }
        for member, places in wanted.items():
            await member.give_up(member.held - places)
        for member, places in wanted.items():
            member.take_over(places - member.held)

    @property
    def held(self) -> set[TopicPartition]:
        """What this member owns."""
        return set(self._positions)

    async def give_up(self, places: set[TopicPartition]) -> None:
        """Drain partitions that go to somebody else."""
        if places and self._sink is not None:
            await self._sink.revoking(frozenset(places))
            for place in places:
                self._positions.pop(place, None)

    def take_over(self, places: set[TopicPartition]) -> None:
        """Own partitions from where the group has committed."""
        if not places or self._sink is None:
            return
        commits = {place: self._group.commits.get(place, Commit(0, "")) for place in places}
        self._positions |= {place: commit.offset for place, commit in commits.items()}
        self._paused |= places
        self._sink.assigned({place: Origin(*commit) for place, commit in commits.items()}, boot_time())

    async def _deliver(self, sink: Sink) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            for place in [place for place in self._positions if place not in self._paused]:
                position = self._positions.get(place)
                found = list(self._kafka.log(place)[position : (position or 0) + AT_ONCE])
                if position is None or not found or place in self._paused:
                    continue
                self._positions[place] = found[-1].offset + 1
                self._awake.set()
                sink.delivered(unframed(found, self._kafka.framing))
            await asyncio.sleep(0)
