"""No invocation counter of a series is ever used twice, whoever crashes, stops, wakes up or takes over."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.contracts.records import CounterReservation
from meterstream.dlms.errors import CountersExhausted
from meterstream.protocol_dlms.model.counters import LAST_COUNTER, Blocks, Series, counts, lags, next_mark, plan

SERIES = Series("EXXXX123456789012", "ek1", bytes(8))


def reservation(start: int, end: int, owner: str = "a") -> CounterReservation:
    return CounterReservation(
        gateway=SERIES.gateway, key_id="ek1", client_title=bytes(8), owner=owner, previous_mark=start, new_mark=end
    )


class TestPlan:
    def test_starts_at_one_and_goes_on_at_the_mark(self) -> None:
        first = plan(SERIES, 0, 0, 256, "a")
        assert (first.previous_mark, first.new_mark) == (1, 257)
        second = plan(SERIES, first.new_mark, 0, 256, "a")
        assert (second.previous_mark, second.new_mark) == (257, 513)

    def test_a_floor_lifts_it_and_never_lowers_it(self) -> None:
        assert plan(SERIES, 513, 10_000, 256, "a").previous_mark == 10_000
        assert plan(SERIES, 20_000, 10_000, 256, "a").previous_mark == 20_000

    def test_the_last_block_is_short_and_then_there_is_none(self) -> None:
        last = plan(SERIES, LAST_COUNTER - 9, 0, 256, "a")
        assert last.new_mark == LAST_COUNTER + 1
        with pytest.raises(CountersExhausted, match="replace the key"):
            plan(SERIES, last.new_mark, 0, 256, "a")


class TestVerdict:
    def test_the_first_above_the_mark_counts_and_the_second_does_not(self) -> None:
        first, second = reservation(1, 257), reservation(1, 257, "b")
        assert counts(first, 0)
        mark = next_mark(first, 0)
        assert not counts(second, mark)
        assert next_mark(second, mark) == 257

    def test_a_late_one_does_not_count_and_lags(self) -> None:
        assert not counts(reservation(257, 513), 10_256)
        assert lags(reservation(257, 513), 10_256)
        assert not lags(reservation(257, 513), 513)

    def test_one_that_does_not_count_reserves_all_the_same(self) -> None:
        # Its owner will not use it, and nobody who reads a compacted log could know that it did not count.
        mark = next_mark(reservation(1, 600), next_mark(reservation(1, 257), 0))
        assert mark == 600

    def test_nonsense_does_not_count(self) -> None:
        assert not counts(reservation(300, 300), 257)
        assert not counts(reservation(300, 200), 257)


class TestBlocks:
    @given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 60), st.integers(0, 80), st.integers(0, 500))))
    def test_counters_only_rise_whatever_is_added_or_skipped(self, steps: list[tuple[int, int, int, int]]) -> None:
        blocks = Blocks()
        given_out: list[int] = []
        for start, length, takes, floor in steps:
            blocks.add(start, start + length)
            if floor > 250:
                blocks.skip_to(floor)
            for _ in range(takes):
                expected = blocks.next_counter
                available = blocks.available
                if expected is None:
                    assert available == 0
                    with pytest.raises(CountersExhausted):
                        blocks.take()
                    break
                assert blocks.take() == expected
                assert blocks.available == available - 1
                given_out.append(expected)
        assert given_out == sorted(set(given_out))

    def test_gives_every_counter_of_neighbouring_blocks(self) -> None:
        blocks = Blocks()
        blocks.add(1, 4)
        blocks.add(4, 6)
        assert blocks.available == 5
        assert [blocks.take() for _ in range(5)] == [1, 2, 3, 4, 5]

    def test_a_skip_gives_up_what_lies_below(self) -> None:
        blocks = Blocks()
        blocks.add(1, 257)
        blocks.skip_to(1000)
        assert blocks.available == 0
        assert blocks.next_counter is None
        blocks.add(257, 513)  # was on its way when the meter told a higher counter
        assert blocks.next_counter is None
        blocks.add(1000, 1256)
        assert blocks.take() == 1000


class _Process:
    """A worker as far as one series goes: reads the log at its own pace, uses only what it read back."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.position = 0
        self.mark = 0
        self.on_its_way = False
        self.pending: int | None = None
        self.blocks = Blocks()


class _Broker:
    """The log of one series and the workers that read it.

    Nothing keeps a stopped worker from going on, as if every fence had failed; acknowledgements get lost.
    """

    def __init__(self, workers: int) -> None:
        self.log: list[CounterReservation | None] = []  # None: compacted away
        self.sending: list[tuple[_Process, CounterReservation]] = []
        self.used: list[int] = []
        self.started = 0
        self.workers = [self._start() for _ in range(workers)]

    def _start(self) -> _Process:
        self.started += 1
        return _Process(f"process {self.started}")

    def plan(self, worker: int, floor: int, size: int) -> None:
        process = self.workers[worker]
        if not process.on_its_way and process.pending is None:
            process.on_its_way = True
            self.sending.append((process, plan(SERIES, process.mark, floor, size, process.owner)))

    def append(self, choice: int, acked: bool) -> None:
        if self.sending:
            process, record = self.sending.pop(choice % len(self.sending))
            self.log.append(record)
            process.on_its_way = False
            process.pending = len(self.log) - 1 if acked else None

    def read(self, worker: int) -> None:
        process = self.workers[worker]
        for offset in range(process.position, len(self.log)):
            record = self.log[offset]
            if record is not None:
                if offset == process.pending and counts(record, process.mark):
                    process.blocks.add(record.previous_mark, record.new_mark)
                process.mark = next_mark(record, process.mark)
            if offset == process.pending:
                process.pending = None
        process.position = len(self.log)

    def use(self, worker: int, count: int) -> None:
        blocks = self.workers[worker].blocks
        self.used += [blocks.take() for _ in range(min(count, blocks.available))]

    def crash(self, worker: int) -> None:
        """Another process takes the place of one that is never heard of again; its record may still arrive."""
        self.workers[worker] = self._start()

    def compact(self) -> None:
        """Keeps the newest record of the key, an hour after it was written at the earliest.

        By then a late record was healed, and no reservation is waited for that was not read back long before.
        """
        kept = [record for record in self.log if record is not None]
        if kept and not lags(kept[-1], max(record.new_mark for record in kept)):
            self.log = [None] * (len(self.log) - 1) + [self.log[-1]]
            for process in self.workers:
                process.pending = None


WORKERS = 3
STEP = st.tuples(
    st.sampled_from(["plan", "plan", "append", "append", "read", "read", "use", "use", "crash", "compact"]),
    st.integers(0, WORKERS - 1),
    st.sampled_from([4, 16]),
    st.sampled_from([0, 0, 0, 12, 40]),
    st.booleans(),
)


class TestInterleavings:
    @settings(max_examples=600, deadline=None)
    @given(st.lists(STEP, min_size=20, max_size=80))
    def test_no_counter_is_used_twice(self, steps: list[tuple[str, int, int, int, bool]]) -> None:
        broker = _Broker(WORKERS)
        for kind, worker, size, floor, acked in steps:
            match kind:
                case "plan":
                    broker.plan(worker, floor, size)
                case "append":
                    broker.append(size + worker, acked or floor == 0)
                case "read":
                    broker.read(worker)
                case "use":
                    broker.use(worker, size)
                case "crash":
                    broker.crash(worker)
                case "compact":
                    broker.compact()
        for worker in range(WORKERS):
            broker.read(worker)
            broker.use(worker, 1000)
        assert len(broker.used) == len(set(broker.used))
        # Whoever has read to the end agrees with everybody else who has, compacted or not.
        assert len({process.mark for process in broker.workers}) == 1

    def test_a_late_block_overlapping_a_longer_one_is_not_used(self) -> None:
        broker = _Broker(2)
        broker.plan(0, 0, 4)
        broker.plan(1, 0, 16)
        broker.append(0, acked=True)
        broker.append(0, acked=True)
        for worker in (0, 1):
            broker.read(worker)
            broker.use(worker, 100)
        assert broker.used == [1, 2, 3, 4]

    def test_a_worker_that_wakes_up_late_reserves_above_everybody_else(self) -> None:
        broker = _Broker(2)
        broker.plan(0, 0, 16)  # then it stops, its record on the way
        broker.plan(1, 40, 16)
        broker.append(1, acked=True)
        broker.append(0, acked=True)
        broker.read(0)
        broker.use(0, 100)
        assert broker.used == []
        broker.plan(0, 0, 16)
        broker.append(0, acked=True)
        broker.read(0)
        broker.use(0, 100)
        assert broker.used == list(range(56, 72))
