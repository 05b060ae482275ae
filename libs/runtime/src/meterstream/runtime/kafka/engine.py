"""What every group consumer does: own partitions, track and commit offsets, hold back, drain, notice a loss.

All of it runs on the event loop. How work is done is for the subclasses: in batches (`batch`) or by key (`keyed`).
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from meterstream.runtime.errors import Outage
from meterstream.runtime.kafka.flow import Flow
from meterstream.runtime.kafka.hooks import Hooks, NoHooks
from meterstream.runtime.kafka.lease import Lease, Lost
from meterstream.runtime.kafka.messages import Message, TopicPartition, runs
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.kafka.offsets import Commit, OffsetTracker
from meterstream.runtime.kafka.ports import Membership, Origin, Outcome
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

COMMIT_S: Final = 0.5
DRAIN_S: Final = 30.0
REPORT_EVERY: Final = 10  # commits
OCTETS: Final = 64 * 1024 * 1024
PROBE_S: Final = 5.0
NOT_PREPARED: Final = "not prepared"
NO_ROOM: Final = "no room in the commit"
OVERTAKEN: Final = "overtaken"
FIRST_BACKOFF_S: Final = 0.2
LONGEST_BACKOFF_S: Final = 5.0


@dataclass(eq=False, slots=True)
class Owned:
    """A partition that this process owns, from its assignment to its departure."""

    place: TopicPartition
    tracker: OffsetTracker
    lease: Lease
    committed: Commit
    octets: int = 0
    leaving: bool = False
    gone: bool = False
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Raises: Lost when another process may own the partition."""
        if self.gone:
            raise Lost(f"{self.place.topic}/{self.place.partition} has left")
        self.lease.check()


class Engine(ABC):
    """A group consumer without its work."""

    def __init__(
        self,
        settings: KafkaSettings,
        membership: Membership,
        *,
        name: str,
        per_partition: int,
        hooks: Hooks | None = None,
        drain_s: float = DRAIN_S,
    ) -> None:
        self.name = name
        self._names = TopicNames(settings)
        self._membership = membership
        self._hooks = hooks or NoHooks()
        self._session_timeout = settings.session_timeout_ms / 1000
        self._interval = min(COMMIT_S, self._session_timeout / 8)
        self._drain_s = drain_s
        self._owned: dict[TopicPartition, Owned] = {}
        self._flow = Flow(per_partition=per_partition, octets=OCTETS)
        self._lease: Lease | None = None
        self._overtaken: set[TopicPartition] = set()
        self._trouble: str | None = "not in the group yet"
        self._outage = False
        self._stopping = False
        self._next_probe = 0.0
        self._commit_lock = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Component

    @property
    def ready(self) -> bool:
        """Whether the group, the broker and the work go on as they should."""
        calm = self._trouble is None and not self._outage and not self._overtaken and not self._stopping
        return calm and (not self._owned or self._lease is None or self._lease.reason is None)

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        """What this process owns now."""
        return frozenset(self._owned)

    async def start(self) -> None:
        """Join the group; a broker that is away is waited for."""
        await self._membership.start(self)
        self._tending = asyncio.create_task(self._tend(), name=f"{self.name}: commits")

    async def stop(self) -> None:
        """Take nothing more, finish what runs (for the drain time at most), commit, leave the group."""
        self._stopping = True
        await self.revoking(frozenset(self._owned))
        if self._tending is not None:
            self._tending.cancel()
            with suppress(asyncio.CancelledError):
                await self._tending
        await self._membership.stop()
        await self._end()
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    # The subclasses' part

    @abstractmethod
    def _accept(self, owned: Owned, messages: Sequence[Message]) -> None:
        """Messages of one partition to work on."""

    @abstractmethod
    def _forget(self, gone: Iterable[Owned]) -> None:
        """Drop what waits of partitions that are leaving or lost; what runs is told by `leaving` and `lost`."""

    @abstractmethod
    async def _drained(self, leaving: frozenset[TopicPartition]) -> None:
        """Return when nothing of the leaving partitions runs any more; bounded by the drain time."""

    @abstractmethod
    def _wake(self) -> None:
        """There may be something to do."""

    @abstractmethod
    async def _end(self) -> None:
        """The group was left; end the work."""

    def _came(self, places: frozenset[TopicPartition]) -> None:
        """Partitions have come: let them flow."""
        for place in places:
            self._flow.hold(place, NOT_PREPARED, held=False)

    @abstractmethod
    def _went(self, places: frozenset[TopicPartition]) -> None:
        """Partitions are no longer owned."""

    # Sink

    def assigned(self, origins: Mapping[TopicPartition, Origin], asked: float) -> None:
        """Own these partitions from now on."""
        if self._stopping:
            return
        if self._lease is None or not self._owned:
            self._lease = Lease(self._session_timeout, asked)
        for place, origin in origins.items():
            tracker = OffsetTracker(origin.offset, origin.metadata)
            self._owned[place] = Owned(place, tracker, self._lease, Commit(-1, ""))
            self._flow.add(place)
            self._flow.hold(place, NOT_PREPARED)
        self._trouble = self._misfit(origins)
        self._hooks.assigned(self.name, len(self._owned))
        log.info("%s: %d partitions came, %d in all", self.name, len(origins), len(self._owned))
        if self._trouble is None:
            self._came(frozenset(origins))
        else:
            log.error("%s: %s", self.name, self._trouble)
        self._steer()

    def delivered(self, messages: list[Message]) -> None:
        """Take messages over."""
        for place, run in runs(messages):
            owned = self._owned.get(place)
            if owned is None or owned.leaving:
                continue
            fresh = [message for message in run if owned.tracker.deliver(message.offset)]
            octets = sum(message.size for message in fresh)
            owned.octets += octets
            self._flow.take(owned.place, octets, len(fresh))
            self._accept(owned, fresh)
        self._steer()
        self._wake()

    async def revoking(self, places: frozenset[TopicPartition]) -> None:
        """Drain, commit, forget."""
        leaving = [self._owned[place] for place in places if place in self._owned]
        for owned in leaving:
            owned.leaving = True
        self._forget(leaving)
        try:
            await self._drained(frozenset(owned.place for owned in leaving))
            if leaving:
                await self._commit({owned.place for owned in leaving})
        finally:
            self._drop(owned for owned in leaving if not owned.gone)

    def lost(self, places: frozenset[TopicPartition] | None, reason: str) -> None:
        """Forget at once; what runs is told."""
        found = [owned for place, owned in self._owned.items() if places is None or place in places]
        if not found:
            return
        log.warning("%s: %d partitions are lost: %s", self.name, len(found), reason)
        self._hooks.lost(self.name, len(found))
        if len(found) == len(self._owned) and self._lease is not None:
            self._lease.end(reason)
        for owned in found:
            owned.lost.set()
        self._drop(found)

    def overtaken(self, place: TopicPartition) -> None:
        """Stand still on a partition whose messages were deleted before they were handled."""
        log.critical(
            "%s: %s/%d has lost messages to retention; it stands still", self.name, place.topic, place.partition
        )
        self._overtaken.add(place)
        self._flow.hold(place, OVERTAKEN)
        self._hooks.overtaken(self.name, place.topic, place.partition)
        self._steer()

    def trouble(self, reason: str) -> None:
        """Not ready until the next good news."""
        if self._trouble != reason:
            log.error("%s: %s", self.name, reason)
        self._trouble = reason

    # Work

    def _done(self, owned: Owned, messages: Sequence[Message]) -> None:
        """The effects of messages of one partition are acknowledged; their offsets may be committed."""
        if owned.gone:
            return
        finished = [message for message in messages if owned.tracker.finish(message.offset)]
        octets = sum(message.size for message in finished)
        owned.octets -= octets
        self._flow.give(owned.place, octets, len(finished))

    def _lose_if_due(self) -> bool:
        """Whether the lease has ended; then everything is lost and somebody new joins."""
        lease = self._lease
        if lease is None or not self._owned or lease.reason is None:
            return False
        self.lost(None, lease.reason)
        self._trouble = lease.reason
        self._spawn(self._membership.rejoin())
        return True

    def _drop(self, gone: Iterable[Owned]) -> None:
        dropped = list(gone)
        for owned in dropped:
            owned.gone = True
            self._owned.pop(owned.place, None)
            self._flow.remove(owned.place, owned.octets)
            self._overtaken.discard(owned.place)
            self._hooks.lag(self.name, owned.place.topic, owned.place.partition, -1)
        if dropped:
            self._forget(dropped)
            self._went(frozenset(owned.place for owned in dropped))
            self._hooks.assigned(self.name, len(self._owned))
        self._steer()
        self._wake()

    def _steer(self) -> None:
        """Pause and resume what back-pressure says."""
        pause, resume = self._flow.changes()
        if pause:
            self._membership.pause(pause)
        if resume:
            self._membership.resume(resume)
        if pause or resume:
            self._hooks.paused(self.name, len(self._flow.paused))

    def _misfit(self, origins: Mapping[TopicPartition, Origin]) -> str | None:
        """A partition beyond the configured count: keys would be somewhere else than everybody believes."""
        for place in origins:
            count = self._names.partitions(place.topic)
            if place.partition >= count:
                return f"{place.topic} has a partition {place.partition}, configured are {count}"
        return None

    def _note_outage(self, error: Outage) -> None:
        if not self._outage:
            log.warning("%s holds what it has: %s", self.name, error)
        self._outage = True
        self._hooks.outage(self.name, type(error).__name__)

    def _note_recovery(self) -> None:
        if self._outage:
            log.info("%s goes on", self.name)
        self._outage = False

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Commits

    async def _tend(self) -> None:
        """Twice a second: notice a loss, commit what has changed, report."""
        rounds = 0
        commit: asyncio.Task[None] | None = None
        report: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(self._interval)
                rounds += 1
                if self._lease is not None:
                    self._lease.beat()
                self._lose_if_due()
                if commit is None or commit.done():
                    commit = asyncio.create_task(self._commit_what_changed())
                if rounds % REPORT_EVERY == 0 and (report is None or report.done()):
                    report = self._spawn(self._report())  # it waits for the membership's thread; a heart does not
        finally:
            if commit is not None:
                await asyncio.wait([commit])

    async def _commit_what_changed(self) -> None:
        try:
            await self._commit(set(self._owned))
        except Exception:  # a commit must not end the commits; without them the lease ends
            log.exception("%s: commit failed", self.name)

    async def _commit(self, places: Iterable[TopicPartition]) -> None:
        """Commit what has changed; now and then without a change, as proof that the broker still counts us in."""
        async with self._commit_lock:
            lease = self._lease
            commits = {}
            for place in places:
                owned = self._owned.get(place)
                if owned is None:
                    continue
                commit = owned.tracker.commit()
                if commit != owned.committed:
                    commits[place] = commit
                self._flow.hold(place, NO_ROOM, held=owned.tracker.truncated)
            self._steer()
            if not commits and not self._sign_of_life_due(lease):
                return
            if not commits and self._owned:
                place, owned = next(iter(self._owned.items()))
                commits[place] = owned.tracker.commit()
            await self._send_commits(commits, lease)

    def _sign_of_life_due(self, lease: Lease | None) -> bool:
        if self._owned and lease is not None:
            return lease.since_contact > self._session_timeout / 8
        now = asyncio.get_running_loop().time()
        if self._trouble is None and now < self._next_probe:
            return False
        self._next_probe = now + PROBE_S
        return True

    async def _send_commits(self, commits: Mapping[TopicPartition, Commit], lease: Lease | None) -> None:
        holders = {place: self._owned[place] for place in commits}
        asked = lease.now() if lease is not None else 0.0
        outcome = await self._membership.commit(commits)
        if outcome is Outcome.DONE:
            self._trouble = self._misfit({place: Origin(0, "") for place in self._owned})
            if commits and lease is not None:
                lease.contact(asked)
            for place, commit in commits.items():
                holders[place].committed = commit
        elif outcome is Outcome.AGAIN:
            self._trouble = "the broker does not take commits"
            self._hooks.commit_failed(self.name, "AGAIN")
        else:
            self._hooks.commit_failed(self.name, "FENCED")
            if lease is not None:
                lease.end("the group goes on without this member")
            self._lose_if_due()

    async def _report(self) -> None:
        self._hooks.waiting(self.name, self._flow.messages, self._flow.octets)
        for place, end in (await self._membership.end_offsets(list(self._owned))).items():
            owned = self._owned.get(place)
            if owned is not None and owned.committed.offset >= 0:
                self._hooks.lag(self.name, place.topic, place.partition, max(0, end - owned.committed.offset))
