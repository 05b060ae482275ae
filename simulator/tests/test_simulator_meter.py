"""Services of one meter without a line: rights, types, clock, written values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult, Selection
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    MethodRef,
    array,
    double_long,
    double_long_unsigned,
    integer,
    long,
    null,
    octet_string,
    scale,
    structure,
)
from meterstream.dlms.objects import Access, load_profile
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.clock import ClockRule
from meterstream.simulator.objects.extras import EXTRAS

PUBLIC, MANAGEMENT = 16, 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
IMPORT = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)
FILTER = AttributeRef(1, LogicalName.parse("0.0.97.98.10.255"), 2)
Maker = Callable[..., SimulatedMeter]


def _ref(class_id: int, obis: str, attribute: int = 2) -> AttributeRef:
    return AttributeRef(class_id, LogicalName.parse(obis), attribute)


@pytest.mark.parametrize("protocol", ["DSMR 2.2", "DSMR 4.2.2", "SMR 4.3", "SMR 5.0.0", "SMR 5.5"])
def test_every_readable_attribute_answers_in_its_type(make_meter: Maker, protocol: str) -> None:
    meter = make_meter(protocol)
    profile = load_profile(*protocol.split(" "))
    for item in profile.objects.values():
        for channel in item.obis.channels() if item.attributes else ():
            name = meter.get(MANAGEMENT, AttributeRef(item.class_id, item.obis.logical_name(channel), 1), None)
            assert name == octet_string(item.obis.logical_name(channel))
            for attribute in item.attributes.values():
                value = meter.get(MANAGEMENT, item.ref(attribute.number, channel), None)
                assert isinstance(value, Data), (item.role, attribute.number, value)
                assert value.type is attribute.type.data_type, (item.role, attribute.number)


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0"])
def test_constants_are_those_of_the_pack(make_meter: Maker, protocol: str) -> None:
    meter = make_meter(protocol)
    profile = load_profile(*protocol.split(" "))
    for role in ("active_energy_import", "instantaneous_current_l1", "instantaneous_voltage_l1"):
        attribute = profile.object(role).attributes[3]
        value = meter.get(MANAGEMENT, profile.ref(role, 3), None)
        assert isinstance(value, Data)
        assert [part.value for part in value.value] == [attribute.scaler, attribute.unit]
    period = meter.get(MANAGEMENT, profile.ref("interval_values_e", 4), None)
    assert period == double_long_unsigned(900)


def test_voltage_is_plausible_whatever_its_scaler(make_meter: Maker) -> None:
    for protocol in ("DSMR 4.2.2", "SMR 5.0.0"):
        profile = load_profile(*protocol.split(" "))
        value = make_meter(protocol).get(MANAGEMENT, profile.ref("instantaneous_voltage_l2", 2), None)
        assert isinstance(value, Data)
        assert isinstance(value.value, int)
        scaler = profile.object("instantaneous_voltage_l2").attributes[3].scaler
        assert scaler is not None
        assert 220 < scale(value.value, scaler) < 240


@pytest.mark.parametrize(
    ("ref", "result"),
    [
        (_ref(3, "1.0.99.8.0.255"), DataAccessResult.OBJECT_UNDEFINED),
        (_ref(1, "1.0.1.8.0.255"), DataAccessResult.OBJECT_UNDEFINED),
        (_ref(3, "1.0.1.8.0.255", 9), DataAccessResult.READ_WRITE_DENIED),
        (_ref(21, "0.0.16.1.0.255"), DataAccessResult.OBJECT_UNDEFINED),
    ],
)
def test_what_is_not_there(make_meter: Maker, ref: AttributeRef, result: DataAccessResult) -> None:
    assert make_meter().get(MANAGEMENT, ref, None) is result


def test_the_public_client_reads_little_and_writes_nothing(make_meter: Maker) -> None:
    meter = make_meter()
    for ref in (CLOCK, _ref(1, "0.0.42.0.0.255"), _ref(1, "0.0.96.1.1.255"), _ref(1, "0.0.43.1.0.255")):
        assert isinstance(meter.get(PUBLIC, ref, None), Data)
    assert meter.get(PUBLIC, IMPORT, None) is DataAccessResult.READ_WRITE_DENIED
    assert meter.get(PUBLIC, _ref(9, "9.9.9.9.9.9"), None) is DataAccessResult.OBJECT_UNDEFINED
    now = meter.get(PUBLIC, CLOCK, None)
    assert isinstance(now, Data)
    assert meter.set(PUBLIC, CLOCK, None, now) is DataAccessResult.READ_WRITE_DENIED


def test_object_lists_name_what_each_client_sees(make_meter: Maker) -> None:
    meter = make_meter()
    ref = _ref(15, "0.0.40.0.0.255")
    public, management = meter.get(PUBLIC, ref, None), meter.get(MANAGEMENT, ref, None)
    assert isinstance(public, Data)
    assert isinstance(management, Data)
    assert isinstance(public.value, tuple)
    assert isinstance(management.value, tuple)
    names = {str(LogicalName(element.value[2].value)) for element in public.value}
    assert names == {
        "0.0.1.0.0.255", "0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.96.1.0.255", "0.0.96.1.1.255",
    }  # fmt: skip
    profile = load_profile("SMR", "5.0.0")
    offered = [item for item in profile.objects.values() if item.attributes]
    assert len(management.value) == sum(len(item.obis.channels()) for item in (*offered, *EXTRAS))


def test_the_object_list_says_that_buffers_are_read_by_range(make_meter: Maker) -> None:
    listed = make_meter().get(MANAGEMENT, _ref(15, "0.0.40.0.0.255"), None)
    assert isinstance(listed, Data)
    selectors = {
        (element.value[0].value, item.value[0].value): item.value[2]
        for element in listed.value
        for item in element.value[3].value[0].value
    }
    assert {place for place, access in selectors.items() if access != null()} == {(7, 2)}
    assert selectors[7, 2] == array((integer(1),))


def test_rights_and_types_of_set_follow_the_pack(make_meter: Maker) -> None:
    profile = load_profile("SMR", "5.0.0")
    meter = make_meter()
    writable = 0
    for item in profile.objects.values():
        for attribute in item.attributes.values():
            ref = item.ref(attribute.number, item.obis.channels()[0])
            result = meter.set(MANAGEMENT, ref, None, null())
            if Access.WRITE in attribute.access:
                writable += 1
                assert result is DataAccessResult.TYPE_UNMATCHED, ref
            else:
                assert result is DataAccessResult.READ_WRITE_DENIED, ref
    assert writable > 20


def test_what_is_written_is_read_back(make_meter: Maker) -> None:
    meter = make_meter()
    assert meter.set(MANAGEMENT, FILTER, None, double_long_unsigned(6)) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, FILTER, None) == double_long_unsigned(6)
    huge = array(octet_string(bytes(100)) for _ in range(1000))
    assert meter.override(_ref(1, "0.0.42.0.0.255"), huge) is DataAccessResult.OTHER_REASON
    selection = Selection(1, null())
    assert meter.set(MANAGEMENT, FILTER, selection, double_long_unsigned(6)) is DataAccessResult.OTHER_REASON
    assert meter.get(MANAGEMENT, FILTER, selection) is DataAccessResult.OTHER_REASON


def test_methods_that_are_not_served(make_meter: Maker) -> None:
    meter = make_meter()
    clock = LogicalName.parse("0.0.1.0.0.255")
    for sap, method, result in (
        (MANAGEMENT, MethodRef(8, clock, 7), ActionResult.READ_WRITE_DENIED),
        (MANAGEMENT, MethodRef(1, LogicalName.parse("0.0.42.0.0.255"), 1), ActionResult.READ_WRITE_DENIED),
        (MANAGEMENT, MethodRef(71, LogicalName.parse("0.1.24.1.0.255"), 2), ActionResult.OBJECT_UNDEFINED),
        (MANAGEMENT, MethodRef(9, LogicalName.parse("9.9.9.9.9.9"), 2), ActionResult.OBJECT_UNDEFINED),
        (PUBLIC, MethodRef(8, clock, 3), ActionResult.READ_WRITE_DENIED),
        (PUBLIC, MethodRef(64, LogicalName.parse("0.0.43.0.0.255"), 2), ActionResult.READ_WRITE_DENIED),
    ):
        assert meter.action(sap, method, integer(0)) == (result, None)
    assert meter.model.stats.refused_accesses == meter.actions == 6


def test_the_object_list_names_the_methods_of_the_management_client_only(make_meter: Maker) -> None:
    meter = make_meter()
    ref = _ref(15, "0.0.40.0.0.255")

    def methods(sap: int) -> dict[str, list[int]]:
        listed = meter.get(sap, ref, None)
        assert isinstance(listed, Data)
        return {
            str(LogicalName(element.value[2].value)): [each.value[0].value for each in element.value[3].value[1].value]
            for element in listed.value
        }

    assert methods(MANAGEMENT)["0.0.1.0.0.255"] == [1, 2, 3, 4, 5, 6]
    assert methods(MANAGEMENT)["0.0.43.0.0.255"] == [1, 2]
    assert methods(MANAGEMENT)["1.0.1.8.0.255"] == []
    assert set(map(tuple, methods(PUBLIC).values())) == {()}


def test_registers_add_up_and_move(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()

    def read(group: int, rate: int) -> int:
        value = meter.get(MANAGEMENT, _ref(3, f"1.0.{group}.8.{rate}.255"), None)
        assert isinstance(value, Data)
        assert isinstance(value.value, int)
        return value.value

    before = read(1, 0)
    assert before == read(1, 1) + read(1, 2)
    assert read(2, 0) == read(2, 1) + read(2, 2)
    clock.seconds += 3600
    assert 50 < read(1, 0) - before < 2000


# --- the clock ---


def _set(meter: SimulatedMeter, value: CosemDateTime) -> DataAccessResult:
    return meter.set(MANAGEMENT, CLOCK, None, value.to_data())


def _shown(meter: SimulatedMeter) -> datetime:
    value = meter.get(MANAGEMENT, CLOCK, None)
    assert isinstance(value, Data)
    moment = CosemDateTime.from_data(value).to_datetime()
    assert moment is not None
    return moment


def test_the_clock_shows_local_time(make_meter: Maker, clock: Any) -> None:
    value = make_meter().get(MANAGEMENT, CLOCK, None)
    now = datetime.fromtimestamp(clock(), AMSTERDAM)
    assert value == CosemDateTime.from_datetime(now).to_data()
    assert make_meter().get(MANAGEMENT, _ref(8, "0.0.1.0.0.255", 4), None) == Data(DataType.UNSIGNED, 0x80)


@pytest.mark.parametrize("minutes", [-90, 0, 3])
def test_a_fitting_set_moves_the_clock_and_nothing_else(make_meter: Maker, clock: Any, minutes: int) -> None:
    meter = make_meter()
    energy = meter.get(MANAGEMENT, IMPORT, None)
    wanted = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(minutes=minutes, seconds=7)

    assert _set(meter, CosemDateTime.from_datetime(wanted)) is DataAccessResult.SUCCESS

    assert _shown(meter) == wanted
    assert meter.clock_offset_ms == (minutes * 60 + 7) * 1000
    assert meter.get(MANAGEMENT, IMPORT, None) == energy
    assert meter.last_clock_set is not None
    assert meter.last_clock_set.moment == wanted.timestamp()
    assert (meter.last_clock_set.deviation, meter.last_clock_set.status) == (-120, 0x80)
    assert (meter.clock_sets, meter.model.stats.clock_sets) == (1, 1)


SUMMER = CosemDateTime(2026, 7, 15, None, 12, 30, 0, 0, -120, 0x80)
WINTER = CosemDateTime(2026, 1, 15, None, 12, 30, 0, 0, -60, 0x00)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (SUMMER, True),
        (WINTER, True),
        (SUMMER._replace(deviation=-60, status=0), True),  # standard time in summer, as the rule says
        (SUMMER._replace(deviation=-60), False),
        (SUMMER._replace(status=0), False),
        (SUMMER._replace(deviation=0, status=0), False),
        (SUMMER._replace(deviation=None), False),
        (SUMMER._replace(year=2027), False),  # another year than the meter's clock shows
        (WINTER._replace(deviation=-120, status=0x80), False),
        (WINTER._replace(year=2027), True),
        (WINTER._replace(month=2, day=30), False),
        (WINTER._replace(hour=None), False),
    ],
)
def test_smr_takes_only_a_fitting_deviation(make_meter: Maker, value: CosemDateTime, accepted: bool) -> None:
    meter = make_meter()
    expected = DataAccessResult.SUCCESS if accepted else DataAccessResult.OTHER_REASON
    assert _set(meter, value) is expected
    assert (meter.last_clock_set is not None) is accepted
    assert (meter.clock_offset_ms != 0) is accepted


def test_dsmr_takes_any_deviation_but_needs_one(make_meter: Maker) -> None:
    meter = make_meter("DSMR 4.2.2")
    utc = CosemDateTime.from_datetime(datetime(2026, 7, 15, 10, 30, tzinfo=UTC))
    assert _set(meter, utc) is DataAccessResult.SUCCESS
    assert _set(meter, utc._replace(deviation=None)) is DataAccessResult.OTHER_REASON
    strict = make_meter("DSMR 4.2.2", clock_rule=ClockRule.FITTING)
    assert _set(strict, utc) is DataAccessResult.OTHER_REASON


def test_only_octet_string_12_sets_the_clock(make_meter: Maker) -> None:
    meter = make_meter()
    octets = SUMMER.to_bytes()
    assert meter.set(MANAGEMENT, CLOCK, None, Data(DataType.DATE_TIME, octets)) is DataAccessResult.TYPE_UNMATCHED
    assert meter.set(MANAGEMENT, CLOCK, None, octet_string(octets[:11])) is DataAccessResult.OTHER_REASON


def test_the_zone_decides_what_fits(make_meter: Maker) -> None:
    meter = make_meter()
    zone, enabled = _ref(8, "0.0.1.0.0.255", 3), _ref(8, "0.0.1.0.0.255", 8)
    assert meter.set(MANAGEMENT, zone, None, long(900)) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, zone, None, double_long(0)) is DataAccessResult.TYPE_UNMATCHED
    assert meter.set(MANAGEMENT, zone, None, long(0)) is DataAccessResult.SUCCESS
    assert meter.set(MANAGEMENT, enabled, None, Data(DataType.BOOLEAN, False)) is DataAccessResult.SUCCESS
    assert _set(meter, SUMMER) is DataAccessResult.OTHER_REASON
    assert _set(meter, SUMMER._replace(deviation=0, status=0)) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, zone, None) == long(0)
    begin = _ref(8, "0.0.1.0.0.255", 5)
    assert meter.set(MANAGEMENT, begin, None, octet_string(b"nonsense")) is DataAccessResult.OTHER_REASON


def test_clock_sets_are_logged(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    now = datetime.fromtimestamp(clock(), AMSTERDAM)
    _set(meter, CosemDateTime.from_datetime(now + timedelta(seconds=20)))
    _set(meter, CosemDateTime.from_datetime(now + timedelta(hours=1)))
    rows = meter.get(MANAGEMENT, _ref(7, "0.0.99.98.0.255"), None)
    assert isinstance(rows, Data)
    assert isinstance(rows.value, tuple)
    assert [row.value[1].value for row in rows.value][-3:] == [3, 4, 5]
    assert meter.get(MANAGEMENT, _ref(7, "0.0.99.98.0.255", 7), None) == double_long_unsigned(100)


# --- profiles the client lays out ---


def test_definable_profile_takes_known_columns_only(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    profile = load_profile("SMR", "5.0.0")
    columns = profile.ref("definable_load_profile", 3)
    time = CaptureObject(8, CLOCK.logical_name, 2).to_data()
    sags = CaptureObject(1, profile.ref("number_of_voltage_sags_for_l1", 2).logical_name, 2).to_data()
    energy = CaptureObject(3, IMPORT.logical_name, 2).to_data()
    for refused in (array((time, energy)), array(()), array((time,) * 15), array((structure(),))):
        assert meter.set(MANAGEMENT, columns, None, refused) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, columns, None, array((time, sags))) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, columns, None) == array((time, sags))
    entries = profile.ref("definable_load_profile", 8)
    assert meter.set(MANAGEMENT, entries, None, double_long_unsigned(961)) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, entries, None, double_long_unsigned(5)) is DataAccessResult.SUCCESS

    buffer = profile.ref("definable_load_profile", 2)
    assert meter.get(MANAGEMENT, buffer, None) == array()
    clock.seconds += 2 * 3600
    rows = meter.get(MANAGEMENT, profile.ref("definable_load_profile", 2), None)

    assert isinstance(rows, Data)
    assert isinstance(rows.value, tuple)
    assert len(rows.value) == 5
    assert {len(row.value) for row in rows.value} == {2}


# --- overrides ---


def test_an_override_beats_rights_until_it_is_taken_back(make_meter: Maker) -> None:
    meter = make_meter()
    before = meter.get(MANAGEMENT, IMPORT, None)
    assert meter.override(IMPORT, double_long_unsigned(5)) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, IMPORT, None) == double_long_unsigned(5)
    assert meter.override(IMPORT, None) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, IMPORT, None) == before
    assert meter.override(_ref(3, "9.9.9.9.9.9"), null()) is DataAccessResult.OBJECT_UNDEFINED
