"""Who is next: priority and age, weights, one turn a key, permits."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from meterstream.runtime.kafka.engine import Owned
from meterstream.runtime.kafka.lanes import Described, Entry, Lanes
from meterstream.runtime.kafka.lease import Lease
from meterstream.runtime.kafka.messages import Message, TopicPartition
from meterstream.runtime.kafka.offsets import Commit, OffsetTracker

HIGH, NORMAL, LOW = "dlms-requests-high", "dlms-requests-normal", "dlms-requests-low"
WEIGHTS = {HIGH: 6.0, NORMAL: 3.0, LOW: 1.0}


class Feeder:
    """Numbers messages as they arrive."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.count = 0

    def add(self, topic: str, key: str, priority: int = 4, permit: str | None = None, partition: int = 0) -> Entry:
        self.count += 1
        place = TopicPartition(topic, partition)
        message = Message(topic, partition, self.count, key.encode(), b"")
        owned = Owned(place, OffsetTracker(0), Lease(10, 0, clock=lambda: 0.0), Commit(-1, ""))
        entry = Entry(message, owned, Described(key, priority, permit), self.count)
        self.lanes.add(entry)
        return entry


def run_all(lanes: Lanes) -> list[Entry]:
    """Turn after turn, each taking one message."""
    order = []
    while (key := lanes.next()) is not None:
        entry = lanes.take(key)
        assert entry is not None
        order.append(entry)
        lanes.release(key)
    return order


def test_within_a_lane_priority_goes_first_then_age() -> None:
    lanes = Lanes({NORMAL: 1})
    feeder = Feeder(lanes)
    for key, priority in (("a", 4), ("b", 6), ("c", 4), ("d", 6), ("a", 5)):
        feeder.add(NORMAL, key, priority)
    order = [(entry.described.key, entry.described.priority) for entry in run_all(lanes)]
    assert order == [("b", 6), ("d", 6), ("a", 5), ("a", 4), ("c", 4)]


def test_lanes_share_by_weight_and_low_never_starves() -> None:
    lanes = Lanes(WEIGHTS)
    feeder = Feeder(lanes)
    for number in range(3000):
        feeder.add((HIGH, NORMAL, LOW)[number % 3], f"k{number}")
    first = Counter(entry.message.topic for entry in run_all(lanes)[:1000])
    assert first == {HIGH: 600, NORMAL: 300, LOW: 100}


def test_a_lane_that_was_idle_has_saved_nothing_up() -> None:
    lanes = Lanes({HIGH: 1, LOW: 1})
    feeder = Feeder(lanes)
    for number in range(500):
        feeder.add(HIGH, f"h{number}")
    run_all(lanes)
    for number in range(200):
        feeder.add(HIGH, f"h{number}")
        feeder.add(LOW, f"l{number}")
    assert Counter(entry.message.topic for entry in run_all(lanes)[:100]) == {HIGH: 50, LOW: 50}


def test_a_key_has_one_turn_and_takes_from_all_lanes() -> None:
    lanes = Lanes(WEIGHTS)
    feeder = Feeder(lanes)
    for topic, priority in ((LOW, 1), (NORMAL, 4), (HIGH, 8), (HIGH, 9)):
        feeder.add(topic, "meter", priority)
    key = lanes.next()
    assert key == (0, "meter")
    assert lanes.next() is None
    feeder.add(HIGH, "meter", 7)
    assert lanes.next() is None
    taken = []
    while (entry := lanes.take(key)) is not None:
        taken.append(entry.described.priority)
    assert taken == [9, 8, 7, 4, 1]
    lanes.release(key)
    assert lanes.next() is None
    assert len(lanes) == 0


def test_permits_bound_the_turns_of_one_base_station() -> None:
    lanes = Lanes({NORMAL: 1}, permits=lambda station: 2)
    feeder = Feeder(lanes)
    for number in range(4):
        feeder.add(NORMAL, f"m{number}", permit="station")
    feeder.add(NORMAL, "elsewhere")
    turns = [lanes.next() for _ in range(4)]
    assert turns == [(0, "m0"), (0, "m1"), (0, "elsewhere"), None]
    lanes.take((0, "m0"))
    lanes.release((0, "m0"))
    assert lanes.next() == (0, "m2")
    assert lanes.next() is None


def test_dropping_a_partition_leaves_the_others() -> None:
    lanes = Lanes(WEIGHTS, permits=lambda _: 1)
    feeder = Feeder(lanes)
    for number in range(6):
        feeder.add(NORMAL, f"k{number}", partition=number % 2, permit="p")
    running = lanes.next()
    assert running == (0, "k0")
    assert lanes.next() is None  # the rest is parked for the permit
    lanes.drop(lambda entry: entry.message.partition == 1)
    lanes.release(running)
    assert [entry.described.key for entry in run_all(lanes)] == ["k0", "k2", "k4"]


steps = st.lists(
    st.tuples(st.sampled_from([HIGH, NORMAL, LOW]), st.sampled_from("abcd"), st.integers(0, 9), st.booleans()),
    max_size=60,
)


@given(steps, st.integers(1, 3))
def test_nothing_is_lost_whatever_comes_when(moves: list[tuple[str, str, int, bool]], most: int) -> None:
    lanes = Lanes(WEIGHTS, permits=lambda _: 1)
    feeder = Feeder(lanes)
    running: list[tuple[int, object]] = []
    taken: list[int] = []
    for topic, key, priority, end in moves:
        feeder.add(topic, key, priority, permit=None if key < "c" else "p")
        if len(running) < most and (turn := lanes.next()) is not None:
            assert turn not in running
            running.append(turn)
        for turn in running:
            if (entry := lanes.take(turn)) is not None:
                assert entry.key_id == turn
                taken.append(entry.sequence)
        if end and running:
            lanes.release(running.pop(0))
    for turn in running:
        lanes.release(turn)
    taken += [entry.sequence for entry in run_all(lanes)]
    assert sorted(taken) == list(range(1, feeder.count + 1))
