from __future__ import annotations

from uuid import UUID

import pytest

from meterstream.notification.model.circuit import IDLE_PAUSES, CircuitPolicy, Circuits

LANE, OTHER = UUID(int=1), UUID(int=2)
POLICY = CircuitPolicy()


@pytest.fixture
def circuits() -> Circuits:
    return Circuits(POLICY, per_lane=4)


def fail(circuits: Circuits, now_s: float) -> None:
    circuits.begin(LANE, now_s)
    circuits.failed(LANE, now_s)


def test_a_lane_in_order_has_room_less_what_is_under_way(circuits: Circuits) -> None:
    assert circuits.room(LANE, 0) == 4
    circuits.begin(LANE, 0)
    assert circuits.room(LANE, 0) == 3
    assert circuits.exceptions(0) == {LANE: 3}
    circuits.succeeded(LANE)
    assert circuits.exceptions(0) == {}


def test_opens_after_three_failures_and_lets_one_try_after_the_pause(circuits: Circuits) -> None:
    for _ in range(3):
        assert circuits.room(LANE, 0) > 0
        fail(circuits, 0)
    assert circuits.room(LANE, 14.9) == 0
    assert circuits.room(OTHER, 14.9) == 4
    assert circuits.open_lanes(14.9) == 1
    assert circuits.room(LANE, 15) == 1
    circuits.begin(LANE, 15)
    assert circuits.room(LANE, 15) == 0
    circuits.succeeded(LANE)
    assert circuits.room(LANE, 15) == 4
    assert circuits.open_lanes(15) == 0


def test_pauses_grow_fourfold_to_ten_minutes(circuits: Circuits) -> None:
    now_s, pauses = 0.0, []
    fail(circuits, now_s)
    fail(circuits, now_s)
    for _ in range(5):
        fail(circuits, now_s)
        until = circuits.next_opening_s(now_s)
        assert until is not None
        pauses.append(until - now_s)
        now_s = until
    assert pauses == [15, 60, 240, 600, 600]


def test_attempts_from_before_the_opening_do_not_lengthen_it(circuits: Circuits) -> None:
    for _ in range(4):
        circuits.begin(LANE, 0)
    for _ in range(4):
        circuits.failed(LANE, 1)
    assert circuits.next_opening_s(1) == 16


def test_a_failing_lane_has_room_for_one(circuits: Circuits) -> None:
    fail(circuits, 0)
    assert circuits.room(LANE, 0) == 1


def test_what_tells_nothing_about_the_receiver_changes_nothing(circuits: Circuits) -> None:
    for _ in range(10):
        circuits.begin(LANE, 0)
        circuits.ended(LANE)
    assert circuits.room(LANE, 0) == 4


def test_lanes_without_attempts_are_forgotten(circuits: Circuits) -> None:
    fail(circuits, 0)
    kept = IDLE_PAUSES * POLICY.max_pause_s
    assert LANE in circuits.exceptions(kept)
    assert LANE not in circuits.exceptions(kept + 1)
