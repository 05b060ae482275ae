"""Invocation counters that come near their end: operators are told, once at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.contracts.events import EventKind
from meterstream.contracts.shared.system_events import SystemEventType
from meterstream.protocol_dlms.model.counters import LAST_COUNTER, Series, passed

Make = Callable[..., Any]
SERIES = Series("EXXXX123456789012", "ek1", bytes.fromhex("2020201CBE991A14"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0, 256, None),
        (1_899_999_000, 1_999_999_999, None),
        (1_999_999_900, 2_000_000_000, 2_000_000_000),
        (2_000_000_000, 2_000_000_256, None),
        (0, 3_123_456_789, 3_100_000_000),
        (2_099_999_999, 2_100_000_001, 2_100_000_000),
        (LAST_COUNTER - 10, LAST_COUNTER + 1, None),
    ],
)
def test_the_steps_at_which_operators_are_told(before: int, after: int, told: int | None) -> None:
    assert passed(before, after) == told


async def test_a_series_that_passes_a_step_is_told_once(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(block=16)
    reserver.raise_floor(SERIES, 1_999_999_990)
    counters = reserver.counters(SERIES, lambda: None)
    for _ in range(60):
        await counters.ensure(1)
        counters.take()
    (event,) = broker.records("device-events")
    assert (event.kind, event.gateway) == (EventKind.SYSTEM_EVENT, SERIES.gateway)
    assert event.system_event is SystemEventType.INVOCATION_COUNTER_THRESHOLD_REACHED
    assert "ek1" in event.reason
    assert "2000000000" in event.reason


async def test_another_worker_tells_the_next_step_under_another_name(broker: Any, make_reserver: Make) -> None:
    for owner, floor in (("one", 2_000_000_100), ("two", 2_100_000_100)):
        reserver, _ = make_reserver(owner=owner, block=16)
        reserver.raise_floor(SERIES, floor)
        await reserver.counters(SERIES, lambda: None).ensure(1)
    first, second = broker.records("device-events")
    assert first.event_id != second.event_id
    assert "2100000000" in second.reason


async def test_ordinary_counters_are_no_event(broker: Any, make_reserver: Make) -> None:
    reserver, _ = make_reserver(block=16)
    await reserver.counters(SERIES, lambda: None).ensure(1)
    assert broker.records("device-events") == []
