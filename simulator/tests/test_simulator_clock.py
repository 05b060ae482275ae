"""Adjusting methods of the clock, and what the standard event log says of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, CosemDateTime, Data, LogicalName, MethodRef, integer, long, structure
from meterstream.simulator.meter import SimulatedMeter

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NAME = LogicalName.parse("0.0.1.0.0.255")
TIME = AttributeRef(8, NAME, 2)
LOG = "standard_event_log"
Maker = Callable[..., SimulatedMeter]


def _invoke(meter: SimulatedMeter, method: int, data: Data) -> ActionResult:
    result, answer = meter.action(MANAGEMENT, MethodRef(8, NAME, method), data)
    assert answer is None
    return result


def _shown(meter: SimulatedMeter) -> datetime:
    value = meter.get(MANAGEMENT, TIME, None)
    assert isinstance(value, Data)
    moment = CosemDateTime.from_data(value).to_datetime()
    assert moment is not None
    return moment.astimezone(AMSTERDAM)


def _codes(meter: SimulatedMeter, since: float) -> list[int]:
    return [code for time, code, *_ in meter.events(LOG) if time >= since]


def _os(moment: datetime) -> Data:
    return CosemDateTime.from_datetime(moment).to_data()


@pytest.mark.parametrize(
    ("method", "shown", "codes"),
    [(1, (12, 15, 0), [4, 5]), (2, (12, 15, 0), [4, 5]), (3, (12, 8, 0), [3])],
)
def test_the_clock_moves_to_the_nearest_step(
    make_meter: Maker, clock: Any, method: int, shown: tuple[int, int, int], codes: list[int]
) -> None:
    meter = make_meter()
    begin = clock()
    assert _invoke(meter, method, integer(0)) is ActionResult.SUCCESS
    assert _shown(meter) == datetime(2026, 7, 15, *shown, tzinfo=AMSTERDAM)
    assert _codes(meter, begin) == codes


def test_a_shift_is_at_most_a_quarter(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    now = _shown(meter)
    assert _invoke(meter, 6, long(-30)) is ActionResult.SUCCESS
    assert _shown(meter) == now - timedelta(seconds=30)
    assert _codes(meter, clock() - 60) == [3]
    assert _invoke(meter, 6, long(901)) is ActionResult.OTHER_REASON
    assert _invoke(meter, 6, integer(1)) is ActionResult.TYPE_UNMATCHED


def test_a_preset_time_is_taken_only_in_its_interval(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    assert _invoke(meter, 4, integer(0)) is ActionResult.OTHER_REASON
    now = _shown(meter)
    wanted = now + timedelta(minutes=10)
    prepared = structure(_os(wanted), _os(now + timedelta(minutes=1)), _os(now + timedelta(minutes=5)))
    assert _invoke(meter, 5, prepared) is ActionResult.SUCCESS
    assert _invoke(meter, 4, integer(0)) is ActionResult.OTHER_REASON
    clock.seconds += 120
    assert _invoke(meter, 4, integer(0)) is ActionResult.SUCCESS
    assert _shown(meter) == wanted


def test_what_no_preset_time_is(make_meter: Maker) -> None:
    meter = make_meter()
    assert _invoke(meter, 5, structure(integer(0))) is ActionResult.TYPE_UNMATCHED
    open_time = CosemDateTime().to_data()
    assert _invoke(meter, 5, structure(open_time, open_time, open_time)) is ActionResult.OTHER_REASON


def test_a_large_set_is_logged_with_old_and_new_time(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    wanted = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(minutes=10)
    assert meter.set(MANAGEMENT, TIME, None, _os(wanted)) is DataAccessResult.SUCCESS
    rows = [row for row in meter.events(LOG) if row[0] >= clock()]
    assert rows == [(int(clock()), 4), (int(wanted.timestamp()), 5)]
