"""Work in batches: one call for all that has come, halved where one message spoils it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final, overload

from meterstream.runtime.clock import Clock, system_clock
from meterstream.runtime.errors import ConfigurationError, Outage, PoisonMessage, UnknownSchema
from meterstream.runtime.kafka.dead_letters import DeadLetters, poison_of
from meterstream.runtime.kafka.engine import DRAIN_S, FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Engine, Owned
from meterstream.runtime.kafka.hooks import Hooks
from meterstream.runtime.kafka.lease import Lost
from meterstream.runtime.kafka.messages import Message, TopicPartition, runs
from meterstream.runtime.kafka.patience import Patience
from meterstream.runtime.kafka.ports import Membership
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

MAX_BATCH: Final = 500
QUEUED_BATCHES: Final = 4
UNKNOWN_SCHEMA_HELD: Final = "unknown schema"

OnDeadLetter = Callable[[Message, PoisonMessage], Awaitable[None]]


class Batch(Sequence[Message]):
    """Messages in offset order within each partition."""

    def __init__(self, messages: Sequence[Message], owned: Sequence[Owned]) -> None:
        self._messages = messages
        self._owned = owned

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def check(self) -> None:
        """Call before each effect that another owner's effect could contradict.

        Raises: Lost when a partition of this batch may belong to another process by now; let it pass.
        """
        for owned in self._owned:
            owned.check()


class BatchConsumer(Engine):
    """Hands batches to `handle`, one at a time.

    When `handle` returns, its effects are done and the offsets may be committed. It raises an Outage when broker or
    database do not answer: the batch is held and tried again. Whatever else it raises halves the batch, until the
    message at fault stands alone; that one goes to the dead letters of its topic, and to `on_dead_letter`, which may
    publish the failed result. A schema that nobody here knows holds the partition first (`Patience`).
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        handle: Callable[[Batch], Awaitable[None]],
        producer: Sends,
        on_dead_letter: OnDeadLetter | None = None,
        dead_letters: bool = True,
        max_batch: int = MAX_BATCH,
        clock: Clock = system_clock,
        hooks: Hooks | None = None,
        drain_s: float = DRAIN_S,
        membership: Membership | None = None,
    ) -> None:
        if not dead_letters and on_dead_letter is None:
            raise ConfigurationError(f"{group}: without dead letters someone else must take what cannot be handled")
        bound = max_batch * QUEUED_BATCHES
        if membership is None:
            from meterstream.runtime.kafka.group import GroupMembership  # the twin in memory needs no client

            membership = GroupMembership(settings, group=group, topics=topics, ahead=bound)
        super().__init__(settings, membership, name=group, per_partition=bound, hooks=hooks, drain_s=drain_s)
        self._handle = handle
        self._letters = DeadLetters(producer, stage=group, clock=clock, hooks=hooks) if dead_letters else None
        self._on_dead_letter = on_dead_letter
        self._max_batch = max_batch
        self._patience = Patience(topics)
        self._queue: deque[Message] = deque()
        self._held: dict[TopicPartition, list[Message]] = {}
        self._work: deque[Sequence[Message]] = deque()
        self._awake = asyncio.Event()
        self._current: asyncio.Task[None] | None = None
        self._current_places: frozenset[TopicPartition] = frozenset()
        self._worker: asyncio.Task[None] | None = None
        self._backoff = FIRST_BACKOFF_S

    async def start(self) -> None:
        """Join the group and begin to work."""
        self._worker = asyncio.create_task(self._run(), name=f"{self.name}: work")
        await super().start()

    # Engine

    def _accept(self, owned: Owned, messages: Sequence[Message]) -> None:
        held = self._held.get(owned.place)
        (self._queue if held is None else held).extend(messages)

    def _forget(self, gone: Iterable[Owned]) -> None:
        places = {owned.place for owned in gone}
        self._queue = deque(message for message in self._queue if message.place not in places)
        self._work = deque([message for message in segment if message.place not in places] for segment in self._work)
        for place in places:
            self._held.pop(place, None)
        self._hooks.held(self.name, len(self._held))

    async def _drained(self, leaving: frozenset[TopicPartition]) -> None:
        current = self._current
        if current is None or current.done() or not self._current_places & leaving:
            return
        done, _ = await asyncio.wait([current], timeout=self._drain_s)
        if not done:
            log.warning("%s: a batch of leaving partitions is cut", self.name)
            current.cancel()
            await asyncio.wait([current])

    def _went(self, places: frozenset[TopicPartition]) -> None:
        """Nothing is kept by partition but what `_forget` has dropped."""

    def _wake(self) -> None:
        self._awake.set()

    async def _end(self) -> None:
        for task in (self._worker, self._current):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    # The worker

    async def _run(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            self._release_held()
            while self._queue or self._work:
                if not self._work:
                    count = min(self._max_batch, len(self._queue))
                    self._work.append([self._queue.popleft() for _ in range(count)])
                await self._next_segment()
            self._hold_nothing()  # what an outage held may have left with its partitions

    async def _next_segment(self) -> None:
        segment = self._still_ours(self._work.popleft())
        if not segment or self._lose_if_due():
            return
        owned = {place: self._owned[place] for place, _ in runs(segment)}
        self._current_places = frozenset(owned)
        self._current = asyncio.create_task(self._handled(segment, owned))
        await asyncio.wait([self._current])
        if self._current.cancelled():
            self._work.appendleft(segment)  # the part of it that does not leave
            return
        error = self._current.exception()
        if error is not None:
            await self._failed(segment, error)

    async def _handled(self, segment: Sequence[Message], owned: dict[TopicPartition, Owned]) -> None:
        """When this has ended well, the offsets may be committed: a drain waits for nothing else."""
        started = time.perf_counter()
        await self._handle(Batch(segment, tuple(owned.values())))
        self._hooks.batch(self.name, len(segment), time.perf_counter() - started)
        self._finish(segment, owned)

    def _finish(self, segment: Sequence[Message], owned: dict[TopicPartition, Owned]) -> None:
        for place, run in runs(segment):
            self._done(owned[place], run)
        self._hold_nothing()
        self._steer()

    def _hold_nothing(self) -> None:
        self._backoff = FIRST_BACKOFF_S
        self._note_recovery()

    def _still_ours(self, segment: Sequence[Message]) -> list[Message]:
        """Without messages of partitions that leave."""
        going = {place for place, _ in runs(segment) if not self._stays(place)}
        return [message for message in segment if message.place not in going] if going else list(segment)

    def _stays(self, place: TopicPartition) -> bool:
        owned = self._owned.get(place)
        return owned is not None and not owned.leaving

    async def _failed(self, segment: list[Message], error: BaseException) -> None:
        if isinstance(error, Outage):
            self._work.appendleft(segment)
            await self._wait_out(error)
        elif isinstance(error, Lost):
            self._work.appendleft(segment)
            if not self._lose_if_due() and len(self._still_ours(segment)) == len(segment):
                await self._wait_out(Outage(f"nothing is lost, but the handler says so: {error}"))
        elif len(segment) > 1:
            middle = len(segment) // 2
            self._work.appendleft(segment[middle:])
            self._work.appendleft(segment[:middle])
        elif isinstance(error, UnknownSchema) and self._patience.asked(segment[0], error.fingerprint):
            self._hold(segment[0])
        else:
            await self._bury(segment, poison_of(error))

    async def _wait_out(self, outage: Outage) -> None:
        self._note_outage(outage)
        await asyncio.sleep(self._backoff)
        self._backoff = min(self._backoff * 2, LONGEST_BACKOFF_S)

    async def _bury(self, segment: list[Message], poison: PoisonMessage) -> None:
        message = segment[0]
        owned = self._owned.get(message.place)
        if owned is None:
            return
        log.error("%s cannot handle %r: %s", self.name, message, poison)
        try:
            if self._letters is not None:
                await self._letters.send([(message, poison.code, poison.reason)])
            if self._on_dead_letter is not None:
                await self._on_dead_letter(message, poison)
        except Outage as outage:
            self._work.appendleft(segment)
            await self._wait_out(outage)
            return
        except Exception as error:  # the message is kept; the hook must not make it come back for ever
            log.error("%s: %s after a dead letter", self.name, poison_of(error))  # noqa: TRY400  # text may quote it
        self._finish(segment, {message.place: owned})

    # Schemas of a newer release

    def _hold(self, message: Message) -> None:
        place = message.place
        log.error("%s holds %s/%d: a schema that is not known here yet", self.name, place.topic, place.partition)
        self._held[place] = [message]
        self._flow.hold(place, UNKNOWN_SCHEMA_HELD)
        waiting = self._queue
        self._held[place] += [m for segment in self._work for m in segment if m.place == place]
        self._held[place] += [m for m in waiting if m.place == place]
        self._work = deque([m for m in segment if m.place != place] for segment in self._work)
        self._queue = deque(m for m in waiting if m.place != place)
        self._hooks.held(self.name, len(self._held))
        self._spawn(self._wake_after(self._patience.hold_s))
        self._steer()

    async def _wake_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._awake.set()

    def _release_held(self) -> None:
        """Try again what was held for long enough."""
        due = [place for place, held in self._held.items() if not self._patience.holds(held[0])]
        for place in due:
            self._queue.extendleft(reversed(self._held.pop(place)))
            self._flow.hold(place, UNKNOWN_SCHEMA_HELD, held=False)
        if due:
            self._hooks.held(self.name, len(self._held))
            self._steer()
