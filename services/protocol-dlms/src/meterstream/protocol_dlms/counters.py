"""Reserves blocks of invocation counters on `device-sessions` and hands the counters out.

A block is used only after its reservation was acked by all replicas, read back from the partition, and found to count
(see model.counters). Reservations of many meters go out as one batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Final

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.events import DeviceEvent, EventKind
from meterstream.contracts.records import CounterReservation
from meterstream.contracts.shared.system_events import SystemEventType
from meterstream.dlms.errors import CountersExhausted
from meterstream.protocol_dlms.model.counters import LAST_COUNTER, Blocks, Series, passed, plan
from meterstream.protocol_dlms.views.sessions import TOPIC, SessionTable
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Lost, Outgoing, PartitionLeft, Sends
from meterstream.runtime.kafka.lease import boot_time
from meterstream.runtime.metrics import RESERVATIONS, Metrics

log = logging.getLogger(__name__)

READ_BACK_S: Final = 30.0
STALE_S: Final = 600.0
"""A reservation that took longer is not used: compaction (an hour's lag) may have taken an earlier one from the log."""
FIRST_BACK_OFF_S: Final = 0.1
LAST_BACK_OFF_S: Final = 5.0

CaughtUp = Callable[[int, int], Awaitable[None]]
"""Returns when the view of `device-sessions` has read a partition up to and including an offset."""


class _SeriesState:
    """One series that is in use here."""

    __slots__ = ("accepted", "blocks", "floor", "partition", "released", "series", "waiting")

    def __init__(self, series: Series, partition: int) -> None:
        self.series = series
        self.partition = partition
        self.blocks = Blocks()
        self.floor = 0
        self.accepted = 0
        self.waiting: asyncio.Future[None] | None = None
        self.released = False

    def settle(self, failure: Exception | None = None) -> None:
        """Wake whoever waits for the reservation on its way."""
        waiting, self.waiting = self.waiting, None
        if waiting is None or waiting.done():
            return
        if failure is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(failure)
            waiting.exception()  # a reservation asked for ahead of time may have nobody who waits


class CounterReserver:
    """Hands out counters of any series in the partitions that this worker holds."""

    def __init__(
        self,
        producer: Sends,
        sessions: SessionTable,
        caught_up: CaughtUp,
        codec: Codec,
        metrics: Metrics,
        clock: Clock,
        *,
        owner: str,
        block: int,
        wait_s: float = READ_BACK_S,
    ) -> None:
        self._producer = producer
        self._sessions = sessions
        self._caught_up = caught_up
        self._codec = codec
        self._metrics = metrics
        self._clock = clock
        self._owner = owner
        self._block = block
        self._wait_s = wait_s
        self._series: dict[int, dict[Series, _SeriesState]] = {}
        self._asked: list[_SeriesState] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def counters(self, series: Series, fence: Callable[[], None]) -> SessionCounters:
        """The counters of a series for one association; `fence` raises when no frame may be sent any more."""
        return SessionCounters(self, self._state(series), fence)

    def known(self, series: Series) -> bool:
        """Whether anything was ever reserved: without it, only the meter knows which counters were used."""
        return self._sessions.mark(self._partition(series), series) > 0

    def raise_floor(self, series: Series, floor: int) -> None:
        """Use no counter below `floor` any more, because the meter would not take it."""
        state = self._state(series)
        state.floor = max(state.floor, floor)
        state.blocks.skip_to(floor)

    def next_counter(self, series: Series) -> int:
        """The least counter that may be used next."""
        state = self._state(series)
        at_hand = state.blocks.next_counter
        return at_hand if at_hand is not None else max(self._sessions.mark(state.partition, series), state.floor)

    def heal(self) -> None:
        """Reserve anew where a late reservation is the newest record, before compaction forgets those above it."""
        for partition, series in self._sessions.lagging():
            if partition == self._partition(series):
                self.ask(self._state(series))

    def release(self, partitions: Iterable[int]) -> None:
        """Give up what is left of the blocks of these partitions."""
        for partition in partitions:
            for state in self._series.pop(partition, {}).values():
                state.released = True
                state.settle(Lost("the partition was given up"))

    async def close(self) -> None:
        """End what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ask(self, state: _SeriesState) -> asyncio.Future[None]:
        """Have the next block reserved; the future ends when it is at hand. One reservation a series at a time."""
        if state.waiting is None:
            state.waiting = asyncio.get_running_loop().create_future()
            if not self._asked:
                asyncio.get_running_loop().call_soon(self._flush)
            self._asked.append(state)
        return state.waiting

    @property
    def low_water(self) -> int:
        """With so many counters left, the next block is asked for."""
        return self._block // 4

    @property
    def wait_s(self) -> float:
        """Longest wait for a block."""
        return self._wait_s

    def _partition(self, series: Series) -> int:
        return self._producer.partition_of(TOPIC, series.gateway.encode())

    def _state(self, series: Series) -> _SeriesState:
        partition = self._partition(series)
        held = self._series.setdefault(partition, {})
        state = held.get(series)
        if state is None:
            state = held[series] = _SeriesState(series, partition)
        return state

    def _flush(self) -> None:
        asked, self._asked = self._asked, []
        task = asyncio.get_running_loop().create_task(self._reserve(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reserve(self, states: list[_SeriesState]) -> None:
        """Reserve until every series has its block, was given up, or has no counters left."""
        back_off = FIRST_BACK_OFF_S
        while states := [state for state in states if not state.released]:
            try:
                states = await self._attempt(states)
            except BrokerOutage as outage:
                log.warning("%d reservations of invocation counters wait: %s", len(states), outage)
                await asyncio.sleep(back_off)
                back_off = min(back_off * 2, LAST_BACK_OFF_S)
            except Exception as failure:  # who waits must hear of it, whatever it is
                log.exception("reservations of invocation counters failed")
                for state in states:
                    state.settle(failure)
                return

    async def _attempt(self, states: list[_SeriesState]) -> list[_SeriesState]:
        """One round; the series whose reservation came too late.

        Raises: BrokerOutage; whatever part of the batch is in the log then counts or not, and is not used.
        """
        began = boot_time()
        planned = [(state, record) for state in states if (record := self._plan(state)) is not None]
        if not planned:
            return []
        batch = [self._outgoing(state, record) for state, record in planned]
        batch += [told for state, record in planned for told in self._warning(state, record)]
        positions = (await self._producer.send(batch))[: len(planned)]
        newest: dict[int, int] = {}
        for position in positions:
            newest[position.partition] = max(newest.get(position.partition, 0), position.offset)
        try:
            async with asyncio.timeout(READ_BACK_S):
                for partition, offset in newest.items():
                    await self._caught_up(partition, offset)
        except (TimeoutError, PartitionLeft):
            raise BrokerOutage("reservations are not read back") from None
        late = []
        in_time = boot_time() - began < STALE_S
        for (state, record), position in zip(planned, positions, strict=True):
            counted = self._sessions.verdict(position) and in_time
            self._metrics.count(RESERVATIONS, "taken" if counted else "late")
            if not counted:
                late.append(state)
            elif not state.released:
                state.blocks.add(record.previous_mark, record.new_mark)
                state.settle()
        return late

    def _plan(self, state: _SeriesState) -> CounterReservation | None:
        try:
            mark = self._sessions.mark(state.partition, state.series)
            record = plan(state.series, mark, state.floor, self._block, self._owner)
        except (CountersExhausted, PlatformError) as failure:
            state.settle(failure)
            return None
        return record

    def _warning(self, state: _SeriesState, record: CounterReservation) -> Iterator[Outgoing]:
        """The event that tells operators to replace the encryption key, once at each step of the way."""
        level = passed(self._sessions.mark(state.partition, state.series), record.new_mark)
        if level is None:
            return
        gateway, key_id, now = state.series.gateway, state.series.key_id, self._clock()
        log.warning("invocation counters of %s pass %d: replace its keys", gateway, level)
        event = DeviceEvent(
            event_id=blake2b(f"{state.series.record_key}|{level}".encode(), digest_size=16).hexdigest(),
            gateway=gateway,
            device_identification=gateway,
            kind=EventKind.SYSTEM_EVENT,
            occurred_at=now,
            system_event=SystemEventType.INVOCATION_COUNTER_THRESHOLD_REACHED,
            reason=f"invocation counters under encryption key {key_id} have passed {level}; the last is {LAST_COUNTER}",
        )
        headers = ce_headers("DeviceEvent", "protocol-dlms", event.event_id, now)
        yield Outgoing("device-events", gateway.encode(), self._codec.encode(event), headers)

    def _outgoing(self, state: _SeriesState, record: CounterReservation) -> Outgoing:
        key = state.series.record_key
        ce_id = f"{key}|{record.owner}|{record.previous_mark}"
        headers = ce_headers("CounterReservation", "protocol-dlms", ce_id, self._clock())
        return Outgoing(TOPIC, key.encode(), self._codec.encode(record), headers, state.partition)


class SessionCounters:
    """Counters of one association (meterstream.dlms.asyncio.InvocationCounters).

    Attributes:
        waited_s: time spent waiting for reservations, which is not the meter's.
        first: the counter that the association began with.
    """

    __slots__ = ("_fence", "_last", "_reserver", "_state", "first", "waited_s")

    def __init__(self, reserver: CounterReserver, state: _SeriesState, fence: Callable[[], None]) -> None:
        self._reserver = reserver
        self._state = state
        self._fence = fence
        self.waited_s = 0.0
        self.first: int | None = None
        self._last = 0

    @property
    def highest_accepted(self) -> int:
        """Highest counter that the meter is known to have accepted, in this association or an earlier one."""
        return self._state.accepted

    def accepted(self) -> None:
        """The association stands: the meter has accepted every counter taken so far."""
        self._state.accepted = max(self._state.accepted, self._last)

    def take(self) -> int:
        """The next counter.

        Raises: Lost; CountersExhausted.
        """
        self._fence()
        counter = self._state.blocks.take()
        if self.first is None:
            self.first = counter
        self._last = counter
        return counter

    async def ensure(self, count: int) -> None:
        """Return when `count` counters are at hand, asking for the next block in time.

        Raises: Lost, CountersExhausted, BrokerOutage when the block is not there in time.
        """
        available = self._state.blocks.available
        if available > self._reserver.low_water:
            return
        if available >= count:
            self._reserver.ask(self._state)
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._reserver.wait_s):
                while self._state.blocks.available < count:
                    self._fence()
                    await asyncio.shield(self._reserver.ask(self._state))
        except TimeoutError:
            raise BrokerOutage("no block of invocation counters yet") from None
        finally:
            self.waited_s += loop.time() - began
