"""Activity calendar, special days and disconnector: what they make of the registers of the rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    boolean,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.disconnector import reconnect_by_hand
from meterstream.simulator.reboot import power_off, power_on
from meterstream.simulator.world.curve import EPOCH, factory_units, used_units
from meterstream.simulator.world.supply import Supply
from meterstream.simulator.world.tariff import (
    FACTORY,
    LOW,
    NORMAL,
    TariffTables,
    day_profile,
    read_tables,
    season,
    week_profile,
)
from meterstream.simulator.world.zone import Zone

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CALENDAR = LogicalName.parse("0.0.13.0.0.255")
SPECIAL_DAYS = LogicalName.parse("0.0.11.0.0.255")
DISCONNECTOR = LogicalName.parse("0.0.96.3.10.255")
ANY = bytes.fromhex("FFFFFFFFFFFFFFFFFF800000")
ALWAYS_LOW = TariffTables(
    array((season(1, ANY, 1),)),
    array((week_profile(1, 1, 1, 1, 1, 1, 1, 1),)),
    array((day_profile(1, (0, LOW)), day_profile(2, (0, NORMAL)))),
)
EVENING = ALWAYS_LOW._replace(days=array((day_profile(1, (0, LOW), (17, NORMAL), (21, LOW)), day_profile(2, (0, LOW)))))
Maker = Callable[..., SimulatedMeter]


def _register(meter: SimulatedMeter, rate: int) -> int:
    value = meter.get(MANAGEMENT, AttributeRef(3, LogicalName.parse(f"1.0.1.8.{rate}.255"), 2), None)
    assert isinstance(value, Data)
    assert isinstance(value.value, int)
    return value.value


def _get(meter: SimulatedMeter, class_id: int, name: LogicalName, attribute: int) -> Data:
    value = meter.get(MANAGEMENT, AttributeRef(class_id, name, attribute), None)
    assert isinstance(value, Data), value
    return value


def _write(meter: SimulatedMeter, attribute: int, data: Data) -> DataAccessResult:
    return meter.set(MANAGEMENT, AttributeRef(20, CALENDAR, attribute), None, data)


def _program(meter: SimulatedMeter, tables: TariffTables, name: bytes = b"NEW") -> None:
    for attribute, data in ((6, octet_string(name)), (7, tables.seasons), (8, tables.weeks), (9, tables.days)):
        assert _write(meter, attribute, data) is DataAccessResult.SUCCESS


def _activate(meter: SimulatedMeter) -> ActionResult:
    return meter.action(MANAGEMENT, MethodRef(20, CALENDAR, 1), integer(0))[0]


def _special(index: int, date: str, day_id: int) -> Data:
    return structure(long_unsigned(index), octet_string(bytes.fromhex(date)), unsigned(day_id))


# --- calendars ---


def test_the_factorys_calendar_says_what_the_curve_does() -> None:
    """Two years hour by hour: what the tables call low is what the curve counts as low."""
    calendar, zone = read_tables(FACTORY), Zone()
    begin = EPOCH + 500 * 86400
    low = normal = 0
    for start, end, rate in calendar.spans(zone, begin, begin + 2 * 365 * 86400):
        used = used_units(end)[0] - used_units(start)[0]
        low, normal = (low + used, normal) if rate == LOW else (low, normal + used)
    before, after = factory_units(begin), factory_units(begin + 2 * 365 * 86400)
    assert (low, normal) == (after[0] - before[0], after[1] - before[1])


def test_spans_are_seamless_over_days_of_23_and_25_hours() -> None:
    calendar, zone = read_tables(EVENING), Zone()
    for day, hours in ((datetime(2026, 3, 29), 23), (datetime(2026, 10, 25), 25)):  # noqa: DTZ001 - made aware below
        begin = int(day.replace(tzinfo=AMSTERDAM).timestamp())
        spans = list(calendar.spans(zone, begin, begin + hours * 3600))
        assert [rate for _, _, rate in spans] == [LOW, NORMAL, LOW]
        local = [datetime.fromtimestamp(start, AMSTERDAM).hour for start, _, _ in spans]
        assert local == [0, 17, 21]
        assert sum(end - start for start, end, _ in spans) == hours * 3600
        assert [end for _, end, _ in spans[:-1]] == [start for start, _, _ in spans[1:]]


def test_seasons_begin_on_their_dates() -> None:
    april, end_of_october = (bytes.fromhex(f"FFFF{date}FFFFFFFFFF800000") for date in ("0401", "0AFE"))
    tables = TariffTables(
        array((season(1, april, 1), season(2, end_of_october, 2))),
        array((week_profile(1, *[1] * 7), week_profile(2, *[2] * 7))),
        array((day_profile(1, (0, LOW)), day_profile(2, (0, NORMAL)))),
    )
    calendar = read_tables(tables)
    for date, rate in (((1, 1), NORMAL), ((3, 31), NORMAL), ((4, 1), LOW), ((10, 30), LOW), ((10, 31), NORMAL)):
        assert calendar.rates(2026, *date, 1) == ((0, rate),), date


@pytest.mark.parametrize(
    ("tables", "error"),
    [
        (ALWAYS_LOW._replace(seasons=array()), ValueError),
        (ALWAYS_LOW._replace(weeks=array()), ValueError),
        (ALWAYS_LOW._replace(days=array((day_profile(2, (0, LOW)),))), ValueError),
        (ALWAYS_LOW._replace(days=array(day_profile(day, (0, LOW)) for day in range(5))), ValueError),
        (ALWAYS_LOW._replace(days=array((day_profile(1, (24, LOW)),))), ValueError),
        (ALWAYS_LOW._replace(seasons=array((season(1, ANY[:11], 1),))), ValueError),
        (ALWAYS_LOW._replace(seasons=integer(1)), DecodeError),
        (ALWAYS_LOW._replace(weeks=array((structure(integer(1)),))), DecodeError),
        (ALWAYS_LOW._replace(special_days=array((_special(1, "07EA", 1),))), ValueError),
    ],
)
def test_tables_that_are_none(tables: TariffTables, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_tables(tables)


# --- programming a meter ---


def test_an_activated_calendar_decides_which_rate_counts(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    clock.seconds = datetime(2026, 7, 15, 16, tzinfo=AMSTERDAM).timestamp()
    _program(meter, EVENING)
    before = [_register(meter, rate) for rate in (1, 2, 0)]

    assert _activate(meter) is ActionResult.SUCCESS

    assert [_register(meter, rate) for rate in (1, 2, 0)] == before
    clock.seconds += 3600
    at_five = [_register(meter, rate) for rate in (1, 2, 0)]
    assert at_five[0] > before[0]
    assert at_five[1] == before[1]
    clock.seconds += 4 * 3600
    at_nine = [_register(meter, rate) for rate in (1, 2, 0)]
    assert at_nine[0] == at_five[0]
    assert at_nine[1] > at_five[1]
    assert at_nine[2] == at_nine[0] + at_nine[1]


def test_activation_moves_the_passive_tables_and_is_logged(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    assert _get(meter, 20, CALENDAR, 3) == FACTORY.seasons
    _program(meter, EVENING, b"EVENING")
    assert _get(meter, 20, CALENDAR, 5) == FACTORY.days
    assert _activate(meter) is ActionResult.SUCCESS
    assert _get(meter, 20, CALENDAR, 2) == octet_string(b"EVENING")
    assert [_get(meter, 20, CALENDAR, number) for number in (3, 4, 5)] == list(EVENING[:3])
    codes = [code for time, code, *_ in meter.events("standard_event_log") if time >= clock() - 1]
    assert codes == [19, 9]


def test_profiles_keep_what_was_counted_before_the_activation(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    midnight = datetime(2026, 7, 15, tzinfo=AMSTERDAM)
    clock.seconds = midnight.timestamp()
    then = _register(meter, 1), _register(meter, 2)
    clock.seconds = (midnight + timedelta(hours=40)).timestamp()
    _program(meter, ALWAYS_LOW)
    _activate(meter)
    clock.seconds = (midnight + timedelta(hours=60)).timestamp()
    rows = _get(meter, 7, LogicalName.parse("1.0.99.2.0.255"), 2).value
    assert isinstance(rows, tuple)
    today, yesterday, first = (row.value for row in (rows[-1], rows[-2], rows[-3]))
    assert tuple(cell.value for cell in first[2:4]) == then
    assert today[3] == _register_data(meter, 2)
    assert yesterday[3].value < today[3].value
    clock.seconds += 86400
    assert _register(meter, 2) == today[3].value


def _register_data(meter: SimulatedMeter, rate: int) -> Data:
    return _get(meter, 3, LogicalName.parse(f"1.0.1.8.{rate}.255"), 2)


def test_rows_are_the_same_in_whatever_order_they_are_read(make_meter: Maker, clock: Any) -> None:
    meter, other = make_meter(), make_meter()
    for each in (meter, other):
        _program(each, EVENING)
        _activate(each)
    clock.seconds += 35 * 86400
    forwards = _get(meter, 7, LogicalName.parse("1.0.99.2.0.255"), 2)
    now = clock.seconds
    backwards = []
    for row in reversed(forwards.value):
        moment = CosemDateTime.from_data(row.value[0]).to_datetime()
        assert moment is not None
        clock.seconds = moment.timestamp()
        backwards.append((_register_data(other, 1), _register_data(other, 2)))
    clock.seconds = now
    assert backwards[::-1] == [row.value[2:4] for row in forwards.value]
    assert _get(meter, 7, LogicalName.parse("1.0.99.2.0.255"), 2) == forwards


def test_an_incomplete_calendar_is_not_activated(make_meter: Maker) -> None:
    meter = make_meter()
    assert _activate(meter) is ActionResult.OTHER_REASON
    _program(meter, ALWAYS_LOW._replace(weeks=array((week_profile(2, *[1] * 7),))))
    assert _activate(meter) is ActionResult.OTHER_REASON
    assert meter.action(MANAGEMENT, MethodRef(20, CALENDAR, 1), None) == (ActionResult.TYPE_UNMATCHED, None)
    assert meter.peek(Supply) is None


@pytest.mark.parametrize(
    ("attribute", "data", "result"),
    [
        (6, octet_string(b"MUCH TOO LONG"), DataAccessResult.OTHER_REASON),
        (7, array((integer(1),)), DataAccessResult.TYPE_UNMATCHED),
        (8, array((week_profile(1, 1),)), DataAccessResult.TYPE_UNMATCHED),
        (9, array((day_profile(1, (25, LOW)),)), DataAccessResult.OTHER_REASON),
        (9, array(day_profile(day, (0, LOW)) for day in range(5)), DataAccessResult.OTHER_REASON),
        (10, octet_string(b"soon"), DataAccessResult.OTHER_REASON),
        (2, octet_string(b"X"), DataAccessResult.READ_WRITE_DENIED),
    ],
)
def test_what_a_calendar_refuses(make_meter: Maker, attribute: int, data: Data, result: DataAccessResult) -> None:
    assert _write(make_meter(), attribute, data) is result


def test_a_calendar_takes_over_at_the_time_written(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    _program(meter, ALWAYS_LOW)
    moment = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(hours=2)
    assert _write(meter, 10, CosemDateTime.from_datetime(moment).to_data()) is DataAccessResult.SUCCESS
    clock.seconds += 2 * 3600 - 1
    assert _get(meter, 20, CALENDAR, 5) == FACTORY.days
    at_two = _register(meter, 2)
    clock.seconds += 3600
    assert _register(meter, 2) - at_two <= 1
    assert _get(meter, 20, CALENDAR, 5) == ALWAYS_LOW.days
    assert (int(moment.timestamp()), 9) in meter.events("standard_event_log")


def test_a_planned_activation_follows_the_meters_clock(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    _program(meter, ALWAYS_LOW)
    moment = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(hours=2)
    _write(meter, 10, CosemDateTime.from_datetime(moment).to_data())
    meter.clock_offset_ms = -3_600_000
    clock.seconds += 2 * 3600 + 1
    assert _get(meter, 20, CALENDAR, 5) == FACTORY.days
    clock.seconds += 3600
    assert _get(meter, 20, CALENDAR, 5) == ALWAYS_LOW.days


def test_the_tariff_in_force_can_be_read(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    name = LogicalName.parse("0.0.96.14.0.255")
    assert _get(meter, 1, name, 2) == octet_string(b"\x00\x02")
    clock.seconds = datetime(2026, 7, 18, 12, tzinfo=AMSTERDAM).timestamp()
    assert _get(meter, 1, name, 2) == octet_string(b"\x00\x01")


# --- special days ---


def test_special_days_follow_their_own_day_profile(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    table = array((_special(0, "FFFF0710FF", 2),))  # 16 July of every year, as a day of the weekend
    assert meter.set(MANAGEMENT, AttributeRef(11, SPECIAL_DAYS, 2), None, table) is DataAccessResult.SUCCESS
    clock.seconds = datetime(2026, 7, 16, tzinfo=AMSTERDAM).timestamp()
    before = _register(meter, 2)
    clock.seconds += 86400
    assert _register(meter, 2) == before
    clock.seconds += 86400
    assert _register(meter, 2) > before


def test_special_days_are_inserted_and_deleted_by_index(make_meter: Maker) -> None:
    meter = make_meter()

    def invoke(method: int, data: Data) -> ActionResult:
        return meter.action(MANAGEMENT, MethodRef(11, SPECIAL_DAYS, method), data)[0]

    first, second, other = _special(1, "07EA0C19FF", 2), _special(2, "07EA0C1AFF", 2), _special(1, "07EB0101FF", 2)
    assert [invoke(1, entry) for entry in (first, second, other)] == [ActionResult.SUCCESS] * 3
    assert _get(meter, 11, SPECIAL_DAYS, 2) == array((second, other))
    assert invoke(2, long_unsigned(2)) is ActionResult.SUCCESS
    assert invoke(2, long_unsigned(2)) is ActionResult.OTHER_REASON
    assert _get(meter, 11, SPECIAL_DAYS, 2) == array((other,))
    assert invoke(1, _special(3, "07EA", 2)) is ActionResult.OTHER_REASON
    assert invoke(1, integer(1)) is ActionResult.TYPE_UNMATCHED
    assert invoke(2, integer(1)) is ActionResult.TYPE_UNMATCHED


def test_a_special_days_table_has_an_end(make_meter: Maker) -> None:
    meter = make_meter()
    ref = AttributeRef(11, SPECIAL_DAYS, 2)
    days = [_special(index, "07EA0C19FF", 1) for index in range(31)]
    assert meter.set(MANAGEMENT, ref, None, array(days[:30])) is DataAccessResult.SUCCESS
    assert meter.set(MANAGEMENT, ref, None, array(days)) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, ref, None, array((integer(1),))) is DataAccessResult.TYPE_UNMATCHED


# --- disconnector ---


def _switch(meter: SimulatedMeter, method: int) -> ActionResult:
    return meter.action(MANAGEMENT, MethodRef(70, DISCONNECTOR, method), integer(0))[0]


def _position(meter: SimulatedMeter) -> tuple[Data, Data]:
    return _get(meter, 70, DISCONNECTOR, 2), _get(meter, 70, DISCONNECTOR, 3)


def test_nothing_flows_through_a_disconnected_meter(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    power = AttributeRef(3, LogicalName.parse("1.0.1.7.0.255"), 2)
    assert _switch(meter, 1) is ActionResult.SUCCESS
    assert _position(meter) == (boolean(False), enum(0))
    before = [_register(meter, rate) for rate in (0, 1, 2)]
    clock.seconds += 7200
    assert [_register(meter, rate) for rate in (0, 1, 2)] == before
    assert meter.get(MANAGEMENT, power, None) == long_unsigned(0)
    assert _switch(meter, 2) is ActionResult.SUCCESS
    assert _position(meter) == (boolean(True), enum(1))
    clock.seconds += 7200
    assert _register(meter, 0) > before[0]
    assert _register(meter, 0) == _register(meter, 1) + _register(meter, 2)


@pytest.mark.parametrize("disconnected", [False, True])
def test_nothing_is_used_while_the_power_is_away(make_meter: Maker, clock: Any, disconnected: bool) -> None:
    meter = make_meter()
    if disconnected:
        _switch(meter, 1)
    before = _register(meter, 0)
    power_off(meter, meter.model.now_ms())
    clock.seconds += 3600
    power_on(meter, meter.model.now_ms(), clock_lost=False)
    assert _register(meter, 0) == before
    assert _position(meter) == (boolean(not disconnected), enum(0 if disconnected else 1))
    clock.seconds += 3600
    assert (_register(meter, 0) > before) is not disconnected


@pytest.mark.parametrize("mode", range(7))
def test_control_modes(make_meter: Maker, mode: int) -> None:
    meter = make_meter()
    assert meter.set(MANAGEMENT, AttributeRef(70, DISCONNECTOR, 4), None, enum(mode)) is DataAccessResult.SUCCESS
    if mode == 0:
        assert _switch(meter, 1) is ActionResult.OTHER_REASON
        assert _position(meter) == (boolean(True), enum(1))
        return
    assert _switch(meter, 1) is ActionResult.SUCCESS
    assert not reconnect_by_hand(meter, meter.model.now_ms())
    assert _switch(meter, 2) is ActionResult.SUCCESS
    if mode in (2, 4):
        assert _position(meter) == (boolean(True), enum(1))
    else:
        assert _position(meter) == (boolean(False), enum(2))
        assert reconnect_by_hand(meter, meter.model.now_ms())
        assert _position(meter) == (boolean(True), enum(1))


def test_what_a_disconnector_refuses(make_meter: Maker) -> None:
    meter = make_meter()
    ref = AttributeRef(70, DISCONNECTOR, 4)
    assert meter.set(MANAGEMENT, ref, None, enum(7)) is DataAccessResult.OTHER_REASON
    assert meter.action(MANAGEMENT, MethodRef(70, DISCONNECTOR, 1), None) == (ActionResult.TYPE_UNMATCHED, None)
    assert _position(meter) == (boolean(True), enum(1))
