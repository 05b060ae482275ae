"""Profiles: what clearing, status and the habits of makes do to their rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import DataAccessResult, Selection
from meterstream.dlms.data import (
    BY_RANGE,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    array,
    double_long_unsigned,
    null,
    range_descriptor,
)
from meterstream.simulator.buffers import BufferRules
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.clock import move_clock
from meterstream.simulator.reboot import power_off, power_on

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CLOCK = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2).to_data()
EIGHT, NINE = (datetime(2026, 7, 15, hour, tzinfo=AMSTERDAM) for hour in (8, 9))
Maker = Callable[..., SimulatedMeter]


def _rows(meter: SimulatedMeter, role: str, selection: Selection | None = None, channel: int | None = None) -> Any:
    value = meter.get(MANAGEMENT, meter.model.profile.ref(role, 2, channel), selection)
    assert isinstance(value, Data), value
    return [row.value for row in value.value]


def _times(rows: Any) -> list[datetime]:
    return [_time(row[0]) for row in rows]


def _time(cell: Data) -> datetime:
    moment = CosemDateTime.from_data(cell).to_datetime()
    assert moment is not None
    return moment.astimezone(AMSTERDAM)


def _range(begin: datetime, end: datetime) -> Selection:
    limits = CosemDateTime.from_datetime(begin), CosemDateTime.from_datetime(end)
    return Selection(BY_RANGE, range_descriptor(*limits))


def _capture(meter: SimulatedMeter, role: str, *columns: Data) -> DataAccessResult:
    return meter.set(MANAGEMENT, meter.model.profile.ref(role, 3), None, array(columns))


def _object(meter: SimulatedMeter, role: str, attribute: int, channel: int | None = None, index: int = 0) -> Data:
    ref = meter.model.profile.ref(role, attribute, channel)
    return CaptureObject(ref.class_id, ref.logical_name, ref.attribute, index).to_data()


# --- real days ---


@pytest.mark.parametrize(("month", "day", "rows"), [(3, 29, 92), (3, 30, 96), (10, 25, 100)])
def test_interval_rows_of_real_days(make_meter: Maker, clock: Any, month: int, day: int, rows: int) -> None:
    begin = datetime(2026, month, day, tzinfo=AMSTERDAM)
    clock.seconds = (begin + timedelta(days=2)).timestamp()
    day_rows = _rows(make_meter(), "interval_values_e", _range(begin, begin + timedelta(days=1)))
    assert len(day_rows) == rows + 1
    used = [later[2].value - earlier[2].value for earlier, later in pairwise(day_rows)]
    assert min(used) > 0
    daily = _rows(make_meter(), "daily_values_e", _range(begin, begin + timedelta(days=1)))
    totals = [row[2].value + row[3].value for row in daily]
    assert totals == [day_rows[0][2].value, day_rows[-1][2].value]


# --- columns of a client's choice ---


def test_new_columns_clear_the_buffer(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("DSMR 4.2.2")
    assert len(_rows(meter, "definable_load_profile")) == 960
    voltage = _object(meter, "instantaneous_voltage_l1", 2)
    assert _capture(meter, "definable_load_profile", CLOCK, voltage) is DataAccessResult.SUCCESS
    assert _rows(meter, "definable_load_profile") == []
    clock.seconds += 3600
    rows = _rows(meter, "definable_load_profile")
    assert _times(rows) == [
        datetime(2026, 7, 15, *at, tzinfo=AMSTERDAM) for at in ((12, 15), (12, 30), (12, 45), (13, 0))
    ]
    assert {len(row) for row in rows} == {2}
    assert len(_rows(meter, "interval_values_e")) == 960


def test_some_simulations_want_the_buffer_full_again(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.0.0", buffers=BufferRules(refill=True))
    sags = _object(meter, "number_of_voltage_sags_for_l1", 2)
    assert _capture(meter, "definable_load_profile", CLOCK, sags) is DataAccessResult.SUCCESS
    assert len(_rows(meter, "definable_load_profile")) == 960


def test_a_new_period_clears_the_buffer(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    period = meter.model.profile.ref("definable_load_profile", 4)
    assert meter.set(MANAGEMENT, period, None, double_long_unsigned(59)) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, period, None, double_long_unsigned(300)) is DataAccessResult.SUCCESS
    clock.seconds += 600
    assert len(_rows(meter, "definable_load_profile")) == 2


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 4.3", "SMR 5.0.0", "SMR 5.2"])
def test_every_first_column_has_a_value(make_meter: Maker, protocol: str) -> None:
    meter = make_meter(protocol)
    profiles = [role for role in meter.model.profile.objects if meter.model.profile.objects[role].selectable]
    assert profiles
    for role in profiles:
        columns = meter.get(MANAGEMENT, meter.model.profile.ref(role, 3), None)
        assert isinstance(columns, Data)
        row = _rows(meter, role)[-1]
        assert len(row) == len(columns.value) > 4
        assert null() not in row


def test_parts_of_the_network_state_and_two_channels_can_be_captured(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    signal, errors = (_object(meter, "gprs_diagnostic", 6, index=index) for index in (3, 4))
    status = _object(meter, "mbus_client_setup", 11, channel=2)
    assert _capture(meter, "definable_load_profile", CLOCK, signal, errors, status) is DataAccessResult.SUCCESS
    clock.seconds += 900
    (row,) = _rows(meter, "definable_load_profile")
    assert [cell.value for cell in row[1:3]] == [13, 6]
    for refused in (
        _object(meter, "gprs_diagnostic", 6, index=8),
        _object(meter, "number_of_power_failures", 2, index=1),
        _object(meter, "mbus_client_setup", 11, channel=3),
        _object(meter, "active_energy_import", 2),
    ):
        assert _capture(meter, "definable_load_profile", CLOCK, refused) is DataAccessResult.OTHER_REASON


def test_average_powers_are_what_the_registers_gained(make_meter: Maker) -> None:
    meter = make_meter()
    powers = _rows(meter, "power_quality_profile_1", _range(EIGHT, NINE))
    registers = _rows(meter, "interval_values_e", _range(EIGHT, NINE))
    gained = [later[2].value - earlier[2].value for earlier, later in pairwise(registers)]
    average = [3 * row[1].value for row in powers[1:]]
    assert all(abs(4 * energy - power) <= 8 for energy, power in zip(gained, average, strict=True))


# --- status ---


def test_rows_tell_of_a_moved_clock_and_of_failures(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    at = meter.model.now_ms()
    move_clock(meter, at + 300_000, at)
    clock.seconds += 1800
    power_off(meter, meter.model.now_ms())
    clock.seconds += 60
    power_on(meter, meter.model.now_ms(), clock_lost=False)
    clock.seconds += 1800
    rows = _rows(meter, "interval_values_e")[-5:]
    assert [row[1].value for row in rows] == [0x08, 0x28, 0x08, 0x88, 0x08]
    clock.seconds += 86400
    assert _rows(meter, "daily_values_e")[-1][1].value == 0xA8


# --- habits ---


@pytest.mark.parametrize(
    ("rules", "first", "last"),
    [
        (BufferRules(), (8, 0), (9, 0)),
        (BufferRules(row_before=True), (7, 45), (9, 0)),
        (BufferRules(to_exclusive=True), (8, 0), (8, 45)),
    ],
)
def test_makes_differ_at_the_ends_of_a_range(
    make_meter: Maker, rules: BufferRules, first: tuple[int, int], last: tuple[int, int]
) -> None:
    times = _times(_rows(make_meter(buffers=rules), "interval_values_e", _range(EIGHT, NINE)))
    assert (times[0], times[-1]) == tuple(datetime(2026, 7, 15, *at, tzinfo=AMSTERDAM) for at in (first, last))


def test_some_makes_answer_everything(make_meter: Maker) -> None:
    meter = make_meter(buffers=BufferRules(ranges=False))
    assert _rows(meter, "interval_values_e", _range(EIGHT, NINE)) == _rows(meter, "interval_values_e")


def test_null_data_stand_only_where_a_row_follows_by_the_period(make_meter: Maker, clock: Any) -> None:
    """The day of the switch has another length, so its end is written out."""
    clock.seconds = datetime(2026, 11, 2, 12, tzinfo=AMSTERDAM).timestamp()
    rows = _rows(make_meter(buffers=BufferRules(null_clock=True)), "daily_values_e")
    written = [place for place, row in enumerate(rows) if row[0] != null()]
    assert [_time(rows[place][0]).date().isoformat() for place in written] == ["2026-09-24", "2026-10-26"]
    monthly = _rows(make_meter(buffers=BufferRules(null_clock=True)), "monthly_values_e")
    assert null() not in [row[0] for row in monthly]


def test_capture_times_may_be_left_out_too(make_meter: Maker) -> None:
    rules = BufferRules(null_capture_time=True)
    rows = _rows(make_meter(buffers=rules), "interval_values_g", channel=1)
    full = _rows(make_meter(), "interval_values_g", channel=1)
    assert [row[0] for row in rows] == [row[0] for row in full]
    assert rows[0] == full[0]
    assert {row[3] for row in rows[1:]} == {null()}
