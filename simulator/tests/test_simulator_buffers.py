"""Profile buffers: rows from the meter's clock, consistent with the registers, with selective access."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import DataAccessResult, Selection
from meterstream.dlms.data import (
    BY_ENTRY,
    BY_RANGE,
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    double_long_unsigned,
    entry_descriptor,
    null,
    range_descriptor,
    structure,
)
from meterstream.dlms.objects import load_profile
from meterstream.simulator.buffers import BufferRules
from meterstream.simulator.meter import SimulatedMeter

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
Maker = Callable[..., SimulatedMeter]


def _buffer(protocol: str, role: str, channel: int | None = None) -> AttributeRef:
    return load_profile(*protocol.split(" ")).ref(role, 2, channel)


def _rows(meter: SimulatedMeter, ref: AttributeRef, selection: Selection | None = None) -> list[tuple[Data, ...]]:
    result = meter.get(MANAGEMENT, ref, selection)
    assert isinstance(result, Data), result
    assert isinstance(result.value, tuple)
    return [row.value for row in result.value]


def _time(cell: Data) -> datetime:
    moment = CosemDateTime.from_data(cell).to_datetime()
    assert moment is not None
    return moment


def _range(begin: datetime, end: datetime, columns: Sequence[CaptureObject] = ()) -> Selection:
    descriptor = range_descriptor(CosemDateTime.from_datetime(begin), CosemDateTime.from_datetime(end), columns)
    return Selection(BY_RANGE, descriptor)


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=AMSTERDAM)


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0"])
def test_interval_rows(make_meter: Maker, protocol: str) -> None:
    rows = _rows(make_meter(protocol), _buffer(protocol, "interval_values_e"))

    assert len(rows) == 960
    assert [len(row) for row in rows] == [4] * 960
    times = [_time(row[0]) for row in rows]
    assert times[-1] == _at(2026, 7, 15, 12, 0)
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=15)}
    assert {row[1].value for row in rows} == {0x08}
    imports = [row[2].value for row in rows]
    assert imports == sorted(imports)


def test_rows_are_what_the_registers_were(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    moment = _at(2026, 7, 15, 11, 45)
    later = clock()
    clock.seconds = moment.timestamp()
    registers = [
        meter.get(MANAGEMENT, AttributeRef(3, LogicalName.parse(f"1.0.{group}.8.0.255"), 2), None) for group in (1, 2)
    ]
    clock.seconds = later

    (row,) = _rows(meter, _buffer("SMR 5.0.0", "interval_values_e"), _range(moment, moment))

    assert list(row[2:]) == registers


def test_daily_and_monthly_rows_agree_with_interval_rows(make_meter: Maker) -> None:
    meter = make_meter()
    midnight = _at(2026, 7, 14)
    (daily,) = _rows(meter, _buffer("SMR 5.0.0", "daily_values_e"), _range(midnight, midnight))
    (interval,) = _rows(meter, _buffer("SMR 5.0.0", "interval_values_e"), _range(midnight, midnight))
    first = _at(2026, 7, 1)
    (of_day,) = _rows(meter, _buffer("SMR 5.0.0", "daily_values_e"), _range(first, first))
    (of_month,) = _rows(meter, _buffer("SMR 5.0.0", "monthly_values_e"), _range(first, first))

    assert daily[2].value + daily[3].value == interval[2].value
    assert daily[4].value + daily[5].value == interval[3].value
    assert of_day[2:] == of_month[2:]


def test_daily_rows_stand_at_local_midnight_over_both_switches(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    for now in (_at(2026, 4, 2, 12), _at(2026, 11, 2, 12)):
        clock.seconds = now.timestamp()
        rows = _rows(meter, _buffer("SMR 5.0.0", "daily_values_e"))
        times = [_time(row[0]).astimezone(AMSTERDAM) for row in rows]
        assert len(rows) == 40
        assert {(time.hour, time.minute) for time in times} == {(0, 0)}
        assert [time.date() for time in times] == [(now - timedelta(days=back)).date() for back in range(39, -1, -1)]
        assert [row[1].value == 0x08 for row in rows] == [bool(time.dst()) for time in times]


def test_interval_rows_of_a_day_with_25_hours(make_meter: Maker, clock: Any) -> None:
    clock.seconds = _at(2026, 10, 27, 12).timestamp()
    begin, end = _at(2026, 10, 25), _at(2026, 10, 26)
    rows = _rows(make_meter(), _buffer("SMR 5.0.0", "interval_values_e"), _range(begin, end))
    assert len(rows) == 25 * 4 + 1
    assert len({row[0] for row in rows}) == len(rows)


def test_monthly_rows(make_meter: Maker) -> None:
    for protocol, role, width in (
        ("SMR 5.0.0", "monthly_values_e", 6),
        ("DSMR 4.2.2", "monthly_values_combined", 13),
    ):
        rows = _rows(make_meter(protocol), _buffer(protocol, role))
        times = [_time(row[0]).astimezone(AMSTERDAM) for row in rows]
        assert len(rows) == 13
        assert {(time.day, time.hour) for time in times} == {(1, 0)}
        assert times[-1] == _at(2026, 7, 1)
        assert times[0] == _at(2025, 7, 1)
        assert {len(row) for row in rows} == {width}


def test_gas_columns(make_meter: Maker) -> None:
    row = _rows(make_meter("DSMR 4.2.2"), _buffer("DSMR 4.2.2", "daily_values_combined"))[-1]
    assert len(row) == 14
    assert isinstance(row[6].value, int)
    assert row[6].value > 0
    assert _time(row[7]) == _time(row[0])
    assert [row[place].value for place in (8, 10, 12)] == [0, 0, 0]
    assert CosemDateTime.from_data(row[9]).to_datetime() is None
    hourly = _rows(make_meter(), _buffer("SMR 5.0.0", "interval_values_g", 1))
    assert len(hourly) == 240
    assert _time(hourly[-1][0]) == _time(hourly[-1][3]) == _at(2026, 7, 15, 12)


# --- selective access ---


def test_a_range_is_inclusive_at_both_ends(make_meter: Maker) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    rows = _rows(make_meter(), ref, _range(_at(2026, 7, 15, 8), _at(2026, 7, 15, 9)))
    assert [_time(row[0]) for row in rows] == [_at(2026, 7, 15, 8, minute) for minute in (0, 15, 30, 45)] + [
        _at(2026, 7, 15, 9)
    ]


@pytest.mark.parametrize("zone", [UTC, AMSTERDAM])
def test_a_range_between_the_rows_and_in_any_zone(make_meter: Maker, zone: ZoneInfo) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    begin, end = _at(2026, 7, 15, 8, 0, 1).astimezone(zone), _at(2026, 7, 15, 8, 29, 59).astimezone(zone)
    assert [_time(row[0]) for row in _rows(make_meter(), ref, _range(begin, end))] == [_at(2026, 7, 15, 8, 15)]


def test_a_range_outside_the_buffer_is_empty(make_meter: Maker) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    for begin, end in (
        (_at(2020, 1, 1), _at(2020, 1, 2)),
        (_at(2030, 1, 1), _at(2030, 1, 2)),
        (_at(2026, 7, 15, 9), _at(2026, 7, 15, 8)),
    ):
        assert _rows(make_meter(), ref, _range(begin, end)) == []


def test_open_limits_and_missing_deviation(make_meter: Maker) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    local = CosemDateTime(2026, 7, 15, None, 11, 45, 0, 0, None, None)
    rows = _rows(make_meter(), ref, Selection(BY_RANGE, range_descriptor(local, CosemDateTime())))
    assert [_time(row[0]) for row in rows] == [_at(2026, 7, 15, 11, 45), _at(2026, 7, 15, 12)]


def test_columns_come_in_the_profiles_order_and_unknown_ones_are_left_out(make_meter: Maker) -> None:
    profile = load_profile("DSMR", "4.2.2")
    columns = [column.capture_object() for column in profile.columns("daily_values_combined")]
    unknown = CaptureObject(3, LogicalName.parse("1.0.9.8.0.255"), 2)
    wanted = [columns[5], columns[2], unknown, columns[0]]
    midnight = _at(2026, 7, 14)
    meter, ref = make_meter("DSMR 4.2.2"), _buffer("DSMR 4.2.2", "daily_values_combined")
    (whole,) = _rows(meter, ref, _range(midnight, midnight))
    (chosen,) = _rows(meter, ref, _range(midnight, midnight, wanted))
    assert chosen == (whole[0], whole[2], whole[5])


def test_columns_may_be_refused(make_meter: Maker) -> None:
    meter = make_meter(buffers=BufferRules(columns=False))
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    midnight = _at(2026, 7, 14)
    clock = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2)
    refused = meter.get(MANAGEMENT, ref, _range(midnight, midnight, [clock]))
    assert refused is DataAccessResult.OTHER_REASON
    assert len(_rows(meter, ref, _range(midnight, midnight))) == 1


def test_entries_are_refused_unless_allowed(make_meter: Maker) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    assert make_meter().get(MANAGEMENT, ref, Selection(BY_ENTRY, entry_descriptor(1, 3))) is (
        DataAccessResult.OTHER_REASON
    )
    meter = make_meter(buffers=BufferRules(by_entry=True))
    whole = _rows(meter, ref)
    assert _rows(meter, ref, Selection(BY_ENTRY, entry_descriptor(1, 3))) == whole[:3]
    assert _rows(meter, ref, Selection(BY_ENTRY, entry_descriptor(959, 0))) == whole[958:]
    columns = _rows(meter, ref, Selection(BY_ENTRY, entry_descriptor(960, 960, 3, 4)))
    assert columns == [whole[-1][2:4]]
    zero = Selection(BY_ENTRY, entry_descriptor(0, 3))
    assert meter.get(MANAGEMENT, ref, zero) is DataAccessResult.TYPE_UNMATCHED


@pytest.mark.parametrize(
    "selection",
    [
        Selection(BY_RANGE, null()),
        Selection(BY_RANGE, structure(null(), null(), null(), null())),
        Selection(BY_RANGE, structure(null())),
    ],
)
def test_malformed_access_parameters(make_meter: Maker, selection: Selection) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    assert make_meter().get(MANAGEMENT, ref, selection) is DataAccessResult.TYPE_UNMATCHED


def test_another_restricting_object_or_selector(make_meter: Maker) -> None:
    ref = _buffer("SMR 5.0.0", "interval_values_e")
    other = CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    descriptor = range_descriptor(CosemDateTime(), CosemDateTime(), restricting=other)
    assert make_meter().get(MANAGEMENT, ref, Selection(BY_RANGE, descriptor)) is DataAccessResult.OTHER_REASON
    assert make_meter().get(MANAGEMENT, ref, Selection(3, descriptor)) is DataAccessResult.OTHER_REASON


def test_null_clock(make_meter: Maker) -> None:
    rows = _rows(make_meter(buffers=BufferRules(null_clock=True)), _buffer("SMR 5.0.0", "interval_values_e"))
    assert _time(rows[0][0])
    assert {row[0] for row in rows[1:]} == {null()}


def test_rows_follow_the_meters_own_clock(make_meter: Maker, clock: Any) -> None:
    """A clock that runs an hour ahead: rows carry its time, with what the registers were at that moment."""
    meter, ref = make_meter(), _buffer("SMR 5.0.0", "interval_values_e")
    before = _rows(meter, ref)
    meter.clock_offset_ms = 3_600_000
    after = _rows(meter, ref)
    assert _time(after[-1][0]) == _time(before[-1][0]) + timedelta(hours=1)
    assert after[-1][2:] == before[-1][2:]


def test_entries_in_use_counts_the_rows(make_meter: Maker) -> None:
    meter = make_meter()
    for role, rows in (("interval_values_e", 960), ("daily_values_e", 40), ("monthly_values_e", 13)):
        ref = load_profile("SMR", "5.0.0").ref(role, 7)
        assert meter.get(MANAGEMENT, ref, None) == double_long_unsigned(rows)


def test_a_young_meter_has_few_rows(make_meter: Maker, clock: Any) -> None:
    clock.seconds = datetime(2014, 12, 30, 11, 7, tzinfo=UTC).timestamp()
    meter = make_meter()
    assert len(_rows(meter, _buffer("SMR 5.0.0", "daily_values_e"))) == 2
    assert len(_rows(meter, _buffer("SMR 5.0.0", "monthly_values_e"))) == 0
    assert len(_rows(meter, _buffer("SMR 5.0.0", "interval_values_e"))) == 36 * 4 + 1
