"""Work by key: one turn per meter at a time, many meters at once, messages done in any order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from meterstream.runtime.clock import Clock, system_clock
from meterstream.runtime.errors import Outage, PoisonMessage, UnknownSchema
from meterstream.runtime.kafka.batch import UNKNOWN_SCHEMA_HELD, OnDeadLetter
from meterstream.runtime.kafka.dead_letters import TECHNICAL_ERROR, DeadLetters, poison_of
from meterstream.runtime.kafka.engine import DRAIN_S, FIRST_BACKOFF_S, LONGEST_BACKOFF_S, NOT_PREPARED, Engine, Owned
from meterstream.runtime.kafka.hooks import Hooks
from meterstream.runtime.kafka.lanes import Described, Entry, Lanes
from meterstream.runtime.kafka.lease import Lost
from meterstream.runtime.kafka.messages import Message, TopicPartition
from meterstream.runtime.kafka.patience import Patience
from meterstream.runtime.kafka.ports import Membership
from meterstream.runtime.kafka.preparation import NoPreparation, Preparation, Preparing
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.kafka.turn import Turn
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

MAX_WAITING: Final = 250
CUT_S: Final = 4.0  # from `leaving` to `lost`
CLOSE_S: Final = 2.0  # from `lost` to the cancellation of the handler


class KeyedConsumer(Engine):
    """Gives each key with waiting messages a turn: `handle(turn)` takes messages from it and marks them done.

    `lanes` maps topics to weights. `describe` tells whose a message is; what it cannot describe becomes a dead letter.
    At most `max_keys` turns run at once, and `permits(permit_key)` of those that need the same permit. Partitions are
    worked on after `preparation.prepare` has returned for them.

    `handle` raises an Outage when broker or database do not answer: what it took and has not done waits again. Whatever
    else it raises, or leaves undone, makes those messages suspects: each runs alone, and the one that spoils its turn
    again goes to the dead letters and to `on_dead_letter`.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        lanes: Mapping[str, float],
        describe: Callable[[Message], Described],
        handle: Callable[[Turn], Awaitable[None]],
        max_keys: int,
        producer: Sends,
        preparation: Preparation | None = None,
        permits: Callable[[str], int] | None = None,
        on_dead_letter: OnDeadLetter | None = None,
        max_waiting: int = MAX_WAITING,
        clock: Clock = system_clock,
        hooks: Hooks | None = None,
        drain_s: float = DRAIN_S,
        membership: Membership | None = None,
    ) -> None:
        if membership is None:
            from meterstream.runtime.kafka.group import GroupMembership  # the twin in memory needs no client

            membership = GroupMembership(settings, group=group, topics=list(lanes), together=True, ahead=max_waiting)
        super().__init__(settings, membership, name=group, per_partition=max_waiting, hooks=hooks, drain_s=drain_s)
        self._lanes = Lanes(lanes, permits)
        self._describe = describe
        self._handle = handle
        self._max_keys = max_keys
        self._letters = DeadLetters(producer, stage=group, clock=clock, hooks=hooks)
        self._on_dead_letter = on_dead_letter
        self._patience = Patience(lanes)
        self._preparing = Preparing(preparation or NoPreparation(), self._opened, group)
        self._turns: dict[asyncio.Task[None], Turn] = {}
        self._sequence = 0
        self._held: dict[TopicPartition, list[Message]] = {}
        self._backoff = FIRST_BACKOFF_S
        self._resting = False

    @property
    def ready(self) -> bool:
        """Whether the group, the broker and the work go on as they should, and nothing waits for its views."""
        return super().ready and not self._preparing.busy

    @property
    def running(self) -> int:
        """Turns at this moment."""
        return len(self._turns)

    # Engine

    def _accept(self, owned: Owned, messages: Sequence[Message]) -> None:
        for message in messages:
            held = self._held.get(owned.place)
            if held is None:
                self._enter(owned, message)
            else:
                held.append(message)

    def _enter(self, owned: Owned, message: Message) -> None:
        try:
            described = self._describe(message)
        except UnknownSchema as error:
            if self._patience.asked(message, error.fingerprint):
                self._hold(message)
            else:
                self._spawn(self._give_up(message, owned, error))
        except Exception as error:  # whatever the bytes provoke
            self._spawn(self._give_up(message, owned, poison_of(error)))
        else:
            self._sequence += 1
            self._lanes.add(Entry(message, owned, described, self._sequence))

    def _came(self, places: frozenset[TopicPartition]) -> None:
        numbers = frozenset(place.partition for place in places)
        known = frozenset(place.partition for place in self._owned if place not in places)
        self._opened(numbers & known & self._preparing.prepared)
        fresh = numbers - known
        if fresh:
            self._preparing.came(fresh)

    def _opened(self, numbers: frozenset[int]) -> None:
        for place in self._owned:
            if place.partition in numbers:
                self._flow.hold(place, NOT_PREPARED, held=False)
        self._steer()

    def _went(self, places: frozenset[TopicPartition]) -> None:
        staying = {place.partition for place in self._owned}
        self._preparing.went(frozenset(place.partition for place in places) - staying)

    def _forget(self, gone: Iterable[Owned]) -> None:
        dropped = set(gone)
        self._lanes.drop(lambda entry: entry.owned in dropped)
        for owned in dropped:
            self._held.pop(owned.place, None)
        lost = {owned.place.partition for owned in dropped if owned.lost.is_set()}
        for task, turn in self._turns.items():
            if turn.partition in lost and not turn.lost.is_set():
                turn.lost.set()
                self._spawn(self._cut(task))
        self._hooks.held(self.name, len(self._held))

    async def _drained(self, leaving: frozenset[TopicPartition]) -> None:
        numbers = {place.partition for place in leaving}
        turns = {task: turn for task, turn in self._turns.items() if turn.partition in numbers}
        if not turns:
            return
        for turn in turns.values():
            turn.draining = True
        _, running = await asyncio.wait(turns, timeout=self._drain_s)
        if not running:
            return
        log.warning("%s: %d turns of leaving partitions are cut", self.name, len(running))
        for task in running:
            turns[task].leaving = True
        _, running = await asyncio.wait(running, timeout=CUT_S)
        for task in running:
            turns[task].lost.set()
        await asyncio.gather(*(self._cut(task) for task in running))

    async def _cut(self, task: asyncio.Task[None]) -> None:
        """End a turn whose socket must close now."""
        done, _ = await asyncio.wait([task], timeout=CLOSE_S)
        if not done:
            log.error("%s: a turn goes on after its partition is lost; it is cancelled", self.name)
            task.cancel()
            await asyncio.wait([task])

    async def _end(self) -> None:
        await self._preparing.stop()
        for task in list(self._turns):
            task.cancel()
        if self._turns:
            await asyncio.wait(list(self._turns))

    def _wake(self) -> None:
        self._start_turns()

    # Turns

    def _start_turns(self) -> None:
        if self._resting or self._stopping or self._lease is None:
            return
        limit = 1 if self._outage else self._max_keys  # one turn tries whether the outage is over
        while len(self._turns) < limit and not self._lose_if_due():
            key_id = self._lanes.next()
            if key_id is None:
                if not self._turns and not len(self._lanes):
                    self._hold_nothing()  # what an outage held may have left with its partitions
                return
            turn = Turn(key_id, self._lanes, self._lease, self._finish, self._bury)
            task = asyncio.create_task(self._run(turn))
            self._turns[task] = turn
            task.add_done_callback(self._ended)

    async def _run(self, turn: Turn) -> None:
        started = time.perf_counter()
        await self._handle(turn)
        self._hooks.batch(self.name, turn.finished, time.perf_counter() - started)

    def _finish(self, entry: Entry) -> None:
        self._done(entry.owned, (entry.message,))
        self._hold_nothing()

    def _hold_nothing(self) -> None:
        if self._outage or self._backoff != FIRST_BACKOFF_S:
            self._backoff = FIRST_BACKOFF_S
            self._note_recovery()

    def _ended(self, task: asyncio.Task[None]) -> None:
        turn = self._turns.pop(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Lost):
            self._lose_if_due()
        undone = [entry for entry in turn.undone if not entry.owned.gone and not entry.owned.leaving]
        if undone and not task.cancelled() and not turn.leaving and not turn.lost.is_set():
            self._sort_out(undone, error)
        elif error is not None and not isinstance(error, Lost | Outage):
            log.error("%s: a turn ended with %s", self.name, poison_of(error))
        self._lanes.release((turn.partition, turn.key))
        self._steer()
        self._wake()

    def _sort_out(self, undone: list[Entry], error: BaseException | None) -> None:
        """What a turn took and has not done waits again, alone if it may be poison, or is given up."""
        if isinstance(error, Outage | Lost):
            for entry in undone:
                self._lanes.add(entry)
            self._rest(error)
            return
        poison = poison_of(error) if error is not None else PoisonMessage(TECHNICAL_ERROR, "the handler left it undone")
        if len(undone) == 1:
            entry = undone[0]
            self._spawn(self._give_up(entry.message, entry.owned, poison))
            return
        for entry in undone:
            entry.suspect = True
            self._lanes.add(entry)

    def _rest(self, error: Outage | Lost) -> None:
        """Start nothing for a while."""
        self._note_outage(error if isinstance(error, Outage) else Outage(str(error)))
        if not self._resting:
            self._resting = True
            self._spawn(self._try_again(self._backoff))
            self._backoff = min(self._backoff * 2, LONGEST_BACKOFF_S)

    async def _try_again(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._resting = False
        self._start_turns()

    # What cannot be handled

    async def _bury(self, entry: Entry, poison: PoisonMessage) -> None:
        log.error("%s cannot handle %r: %s", self.name, entry.message, poison)
        await self._letters.send([(entry.message, poison.code, poison.reason)])

    async def _give_up(self, message: Message, owned: Owned, poison: PoisonMessage) -> None:
        """Dead letter, hook, done; held back by an outage."""
        log.error("%s cannot handle %r: %s", self.name, message, poison)
        backoff = FIRST_BACKOFF_S
        while not owned.gone:
            try:
                owned.check()
                await self._letters.send([(message, poison.code, poison.reason)])
                if self._on_dead_letter is not None:
                    await self._on_dead_letter(message, poison)
            except Outage as outage:
                self._note_outage(outage)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)
                continue
            except Lost:
                return
            except Exception as error:  # the message is kept; the hook must not make it come back for ever
                log.error("%s: %s after a dead letter", self.name, poison_of(error))  # noqa: TRY400  # text may quote it
            self._note_recovery()
            self._done(owned, (message,))
            self._steer()
            return

    # Schemas of a newer release

    def _hold(self, message: Message) -> None:
        place = message.place
        log.error("%s holds %s/%d: a schema that is not known here yet", self.name, place.topic, place.partition)
        self._held[place] = [message]
        self._flow.hold(place, UNKNOWN_SCHEMA_HELD)
        self._hooks.held(self.name, len(self._held))
        self._spawn(self._release_after(place, self._patience.hold_s))

    async def _release_after(self, place: TopicPartition, seconds: float) -> None:
        await asyncio.sleep(seconds)
        held = self._held.pop(place, [])
        self._flow.hold(place, UNKNOWN_SCHEMA_HELD, held=False)
        owned = self._owned.get(place)
        if owned is not None:
            self._accept(owned, held)
        self._hooks.held(self.name, len(self._held))
        self._steer()
        self._wake()
