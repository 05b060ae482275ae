"""Profiles of any kind against meters in memory: columns, scalers, parts, selection, gaps; worked values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from wire import DEVICE, apdu, asked, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_power_quality_profile import GetPowerQualityProfileRequest
from meterstream.contracts.operations.get_profile_generic_data import GetProfileGenericDataRequest
from meterstream.contracts.shared.profiles import (
    CapturedValue,
    ClockStatusFlag,
    ColumnChoice,
    PowerQualityProfileType,
    ProfileGap,
)
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    CLOCK,
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    Selection,
    array,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.executors import get_power_quality_profile, get_profile_generic_data
from meterstream.protocol_dlms.twin import MemoryMeter, Value

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SMR5 = profile("SMR 5.0.0")
INTERVAL = SMR5.ref("interval_values_e", 2)
INTERVAL_OBIS = "1.0.99.1.0.255"
STATUS = CaptureObject(1, LogicalName.parse("0.0.96.10.2.255"), 2)
IMPORT = CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2)
EXPORT = CaptureObject(3, LogicalName.parse("1.0.2.8.0.255"), 2)
COLUMNS = (CLOCK, STATUS, IMPORT, EXPORT)
QUARTER = timedelta(minutes=15)
PERIOD, ENTRIES = double_long_unsigned(900), double_long_unsigned(960)
PUBLIC, PRIVATE = PowerQualityProfileType.PUBLIC, PowerQualityProfileType.PRIVATE


def july(hour: int = 0, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2024, 7, day, hour, minute, tzinfo=AMSTERDAM)


def clock(moment: datetime, status: int | None = None) -> Data:
    written = CosemDateTime.from_datetime(moment.astimezone(AMSTERDAM))
    return (written if status is None else written._replace(status=status)).to_data()


def row(moment: datetime | None, *values: Data) -> Data:
    return structure(null() if moment is None else clock(moment), *values)


def energy(moment: datetime | None, number: int = 1) -> Data:
    return row(moment, unsigned(0), double_long_unsigned(number), double_long_unsigned(2))


def with_profile(
    buffer: Value,
    columns: Sequence[CaptureObject] = COLUMNS,
    period: Value = PERIOD,
    entries: Value = ENTRIES,
    ref: AttributeRef = INTERVAL,
    meter: MemoryMeter | None = None,
) -> MemoryMeter:
    meter = meter or MemoryMeter(SMR5)
    meter.values |= {
        ref: buffer,
        ref._replace(attribute=3): array(column.to_data() for column in columns),
        ref._replace(attribute=4): period,
        ref._replace(attribute=7): entries,
    }
    return meter


def request(
    begin: datetime, end: datetime, *chosen: CaptureObject, obis: str = INTERVAL_OBIS
) -> GetProfileGenericDataRequest:
    return GetProfileGenericDataRequest(
        obis=obis,
        begin_date=begin,
        end_date=end,
        selected_values=[
            ColumnChoice(class_id=one.class_id, logical_name=str(one.logical_name), attribute=one.attribute)
            for one in chosen
        ],
    )


class Rows:
    """A meter's buffer with a row each quarter of an hour, and how it answers to selection."""

    def __init__(self, begin: datetime, count: int, heeds: bool = True) -> None:
        self.moments = [begin + number * QUARTER for number in range(count)]
        self.heeds = heeds
        self.asked: list[tuple[datetime, datetime]] = []

    def __call__(self, selection: Selection | None) -> Data:
        moments = self.moments
        if selection is not None:
            parts = selection.parameters.value
            assert isinstance(parts, tuple)
            begin, end = (CosemDateTime.from_data(part).to_datetime() for part in parts[1:3])
            assert begin is not None
            assert end is not None
            self.asked.append((begin, end))
            moments = [moment for moment in moments if not self.heeds or begin <= moment <= end]
        return array(energy(moment) for moment in moments)


class TestGenericData:
    async def test_columns_units_and_scaled_values(self) -> None:
        meter = with_profile(array([energy(july(0, 15), 10_001), energy(None, 10_003)]))
        found = await get_profile_generic_data.execute(request(july(), july(day=2)), context(meter))
        assert [(one.class_id, one.logical_name, one.attribute, one.unit) for one in found.columns] == [
            (8, "0.0.1.0.0.255", 2, Unit.UNDEFINED),
            (1, "0.0.96.10.2.255", 2, Unit.UNDEFINED),
            (3, "1.0.1.8.0.255", 2, Unit.KWH),
            (3, "1.0.2.8.0.255", 2, Unit.KWH),
        ]
        assert [one.values for one in found.rows] == [
            [
                CapturedValue(moment=moment),
                CapturedValue(integer=0),
                CapturedValue(number=Decimal(number)),
                CapturedValue(number=Decimal("0.002")),
            ]
            for moment, number in ((july(0, 15), "10.001"), (july(0, 30), "10.003"))
        ]
        assert [one.clock_status for one in found.rows] == [[ClockStatusFlag.DAYLIGHT_SAVING]] * 2
        assert (found.capture_period, found.gaps, found.undated_rows) == (900, [], 0)
        assert meter.exchanges == 2  # scalers are laid down by the version

    async def test_the_request_is_the_vector(self) -> None:
        meter = with_profile(array())
        await get_profile_generic_data.execute(request(july(), july(23, 45)), context(meter))
        assert asked(meter)[:3] == ["get 7/1.0.99.1.0.255/3", "get 7/1.0.99.1.0.255/4", "get 7/1.0.99.1.0.255/7"]
        assert apdu(meter.asked[-1], 0x43) == (
            "C0014300070100630100FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702"
            "FF00000000FF88800100"
        )

    async def test_chosen_columns_are_asked_for_in_the_order_of_the_profile(self) -> None:
        buffer = array([structure(clock(july(1)), double_long_unsigned(5), double_long_unsigned(6))])
        meter = with_profile(buffer)
        found = await get_profile_generic_data.execute(request(july(), july(2), EXPORT, IMPORT), context(meter))
        selection = meter.asked[-1][2]
        assert isinstance(selection, Selection)
        parts = selection.parameters.value
        assert isinstance(parts, tuple)
        assert parts[3] == array(column.to_data() for column in (CLOCK, IMPORT, EXPORT))
        assert [str(value.number) for value in found.rows[0].values[1:]] == ["0.005", "0.006"]

    @pytest.mark.parametrize("selective", [True, False])
    async def test_a_meter_that_sends_all_columns_all_the_same(self, selective: bool) -> None:
        meter = with_profile(array([energy(july(1), 7)]))
        device = replace(DEVICE, selective_access=selective)
        found = await get_profile_generic_data.execute(request(july(), july(2), EXPORT), context(meter, device))
        assert [str(value.number) for value in found.rows[0].values[1:]] == ["0.002"]
        assert meter.exchanges == 2

    async def test_a_column_that_is_not_captured_is_named(self) -> None:
        meter = with_profile(array())
        other = CaptureObject(3, LogicalName.parse("1.0.32.7.0.255"), 2)
        with pytest.raises(PlatformError, match=r"does not capture 3/1\.0\.32\.7\.0\.255/2") as caught:
            await get_profile_generic_data.execute(request(july(), july(2), other), context(meter))
        assert caught.value.code.name == "VALIDATION_ERROR"
        assert caught.value.details["field"] == "selected_values"
        assert meter.exchanges == 1

    async def test_scalers_that_nothing_lays_down_are_read_in_one_list(self) -> None:
        registers = [CaptureObject(3, LogicalName(bytes((1, 0, 200, 7, n, 255))), 2) for n in (0, 1)]
        demand = CaptureObject(5, LogicalName.parse("1.0.1.4.0.255"), 3)
        columns = (CLOCK, *registers, demand)
        buffer = array([row(july(1), *[long_unsigned(2305)] * 3)])
        ref = AttributeRef(7, LogicalName.parse("1.0.99.128.0.255"), 2)
        meter = with_profile(buffer, columns, ref=ref)
        for place, one in enumerate((*registers, demand)):
            attribute = 4 if one.class_id == 5 else 3
            scaler = structure(integer(-place), enum((35, 255, 27)[place]))
            meter.values[AttributeRef(one.class_id, one.logical_name, attribute)] = scaler
        found = await get_profile_generic_data.execute(
            request(july(), july(2), obis="1.0.99.128.0.255"), context(meter)
        )
        assert [one.unit for one in found.columns[1:]] == [Unit.V, Unit.COUNT, Unit.W]
        assert [str(value.number) for value in found.rows[0].values[1:]] == ["2305", "230.5", "23.05"]
        assert meter.exchanges == 3

    async def test_a_refused_scaler_is_told(self) -> None:
        ref = AttributeRef(7, LogicalName.parse("1.0.99.128.0.255"), 2)
        register = CaptureObject(3, LogicalName.parse("1.0.200.7.0.255"), 2)
        meter = with_profile(array(), (CLOCK, register), ref=ref)
        with pytest.raises(AccessRefused) as caught:
            await get_profile_generic_data.execute(request(july(), july(2), obis="1.0.99.128.0.255"), context(meter))
        assert caught.value.message == (
            "No success retrieving scaler and unit of 3/1.0.200.7.0.255/3: AccessResultCode = OBJECT_UNDEFINED"
        )

    async def test_gaps_and_rows_without_time(self) -> None:
        moments = [None, july(1), july(1, 15), july(2), None, july(2, 30), july(4)]
        meter = with_profile(array(energy(moment) for moment in moments))
        found = await get_profile_generic_data.execute(request(july(), july(5)), context(meter))
        assert found.gaps == [
            ProfileGap(after=july(1, 15), before=july(2)),
            ProfileGap(after=july(2, 30), before=july(4)),
        ]
        assert found.undated_rows == 1
        assert [one.values[0].moment for one in found.rows][2:4] == [july(2), july(2, 15)]

    async def test_days_are_counted_on_the_wall_clock(self) -> None:
        begin = datetime(2024, 3, 29, tzinfo=AMSTERDAM)
        days = [begin + timedelta(days=number) for number in range(4)]
        meter = with_profile(array(energy(day) for day in days), period=double_long_unsigned(86_400))
        found = await get_profile_generic_data.execute(request(days[0], days[-1]), context(meter))
        assert found.gaps == []
        assert len(found.rows) == 4

    async def test_flags_of_a_doubtful_clock(self) -> None:
        buffer = array([structure(clock(july(1), 0x0B), unsigned(0), null(), visible_string("x"))])
        meter = with_profile(buffer, (CLOCK, STATUS, STATUS, STATUS))
        found = await get_profile_generic_data.execute(request(july(), july(2)), context(meter))
        assert [flag.value for flag in found.rows[0].clock_status] == [
            "INVALID_VALUE",
            "DOUBTFUL_VALUE",
            "INVALID_CLOCK_STATUS",
        ]
        assert found.rows[0].values[2] == CapturedValue()
        text = found.rows[0].values[3].text
        assert text is not None
        assert "VISIBLE_STRING" in text

    async def test_rows_for_analytics(self) -> None:
        meter = with_profile(array([energy(july(1), 10_001)]))
        found = await get_profile_generic_data.execute(request(july(), july(2)), context(meter))
        rows = get_profile_generic_data.readings(found, SMR5, DEVICE)
        assert [(one.quantity, one.logical_name, str(one.value), one.unit, one.status) for one in rows] == [
            ("amr_profile_status_interval_e", "0.0.96.10.2.255", "0", "UNDEFINED", ["DAYLIGHT_SAVING"]),
            ("active_energy_import", "1.0.1.8.0.255", "10.001", "KWH", ["DAYLIGHT_SAVING"]),
            ("active_energy_export", "1.0.2.8.0.255", "0.002", "KWH", ["DAYLIGHT_SAVING"]),
        ]
        assert {one.captured_at for one in rows} == {july(1)}

    @pytest.mark.parametrize(
        ("columns", "buffer", "reason"),
        [
            ((STATUS, IMPORT), array(), "captures no clock"),
            ((), array(), "0 capture objects"),
            (COLUMNS, array([structure(clock(july(1)))]), "rows have neither 4 nor 4 columns"),
            (COLUMNS, unsigned(1), "UNSIGNED is no buffer"),
            (COLUMNS, array([row(july(1), null(), visible_string("1"), null())]), "VISIBLE_STRING is no number"),
        ],
    )
    async def test_what_is_no_profile(self, columns: Sequence[CaptureObject], buffer: Data, reason: str) -> None:
        meter = with_profile(buffer, columns)
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_profile_generic_data.execute(request(july(), july(2)), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"
        assert INTERVAL_OBIS in caught.value.message

    async def test_an_object_that_is_not_there(self) -> None:
        with pytest.raises(AccessRefused) as caught:
            await get_profile_generic_data.execute(request(july(), july(2)), context(MemoryMeter(SMR5)))
        assert caught.value.message == (
            "No success retrieving capture objects of 7/1.0.99.1.0.255/2: AccessResultCode = OBJECT_UNDEFINED"
        )


class TestParts:
    async def test_a_long_range_of_a_short_buffer_is_one_request(self) -> None:
        rows = Rows(july(day=5), 960)
        meter = with_profile(rows)
        begin, end = datetime(2015, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
        found = await get_profile_generic_data.execute(request(begin, end), context(meter))
        assert len(found.rows) == 960
        assert rows.asked == [(begin, end + QUARTER)]

    @pytest.mark.parametrize("entries", [double_long_unsigned(4_000), DataAccessResult.READ_WRITE_DENIED, null()])
    async def test_a_long_buffer_comes_in_parts_without_a_row_twice(self, entries: Value) -> None:
        rows = Rows(july(), 4_000)
        meter = with_profile(rows, entries=entries)
        found = await get_profile_generic_data.execute(request(july(), rows.moments[-1]), context(meter))
        assert [one.values[0].moment for one in found.rows] == rows.moments
        assert rows.asked == [
            (july(), july() + 1_500 * QUARTER),
            (july() + 1_500 * QUARTER, july() + 3_000 * QUARTER),
            (july() + 3_000 * QUARTER, rows.moments[-1] + QUARTER),
        ]

    async def test_steps_grow_where_nothing_is(self) -> None:
        rows = Rows(july(), 10)
        meter = with_profile(rows, entries=null())
        begin = july() - 20_000 * QUARTER
        found = await get_profile_generic_data.execute(request(begin, rows.moments[-1]), context(meter))
        assert len(found.rows) == 10
        assert len(rows.asked) == 4  # 1500, 3000, 6000, 12000 rows long

    async def test_a_meter_that_takes_no_notice_of_the_range_is_asked_once(self) -> None:
        rows = Rows(july(), 4_000, heeds=False)
        meter = with_profile(rows, entries=null())
        found = await get_profile_generic_data.execute(request(rows.moments[10], rows.moments[3_900]), context(meter))
        assert [one.values[0].moment for one in found.rows] == rows.moments[10:3_901]
        assert len(rows.asked) == 1

    async def test_the_whole_buffer_where_ranges_are_refused(self) -> None:
        rows = Rows(july(), 4_000)

        def refuses(selection: Selection | None) -> Data | DataAccessResult:
            return DataAccessResult.OTHER_REASON if selection is not None else rows(None)

        meter = with_profile(refuses, entries=null())
        found = await get_profile_generic_data.execute(request(rows.moments[1], rows.moments[3_500]), context(meter))
        assert len(found.rows) == 3_500

    async def test_ranges_beyond_the_calendar(self) -> None:
        meter = with_profile(array([energy(july(1))]))
        begin, end = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
        found = await get_profile_generic_data.execute(request(begin, end), context(meter))
        assert len(found.rows) == 1


VOLTAGES = [CaptureObject(3, LogicalName(bytes((1, 0, group, 24, 0, 255))), 2) for group in (32, 52, 72)]
SAGS = [CaptureObject(1, LogicalName(bytes((1, 0, group, 32, 0, 255))), 2) for group in (32, 52, 72)]
CURRENT = CaptureObject(3, LogicalName.parse("1.0.31.24.0.255"), 2)
CELL = LogicalName.parse("0.0.25.6.0.255")
QUALITY, ERRORS = CaptureObject(47, CELL, 6, 3), CaptureObject(47, CELL, 6, 4)
MBUS_STATUS = CaptureObject(72, LogicalName.parse("0.2.24.1.0.255"), 11)


def quality_meter(
    protocol: str, public: Sequence[CaptureObject] = (SAGS[0], QUALITY, ERRORS, MBUS_STATUS)
) -> MemoryMeter:
    found = profile(protocol)
    meter = MemoryMeter(found)
    values = [row(july(1), *[unsigned(7)] * len(public))]
    with_profile(array(values), (CLOCK, *public), ref=found.ref("definable_load_profile", 2), meter=meter)
    if "power_quality_profile_2" in found.objects:
        columns = (CLOCK, VOLTAGES[0], CURRENT)

        def rows(selection: Selection | None) -> Data:
            assert selection is not None
            parts = selection.parameters.value
            assert isinstance(parts, tuple)
            chosen = parts[3].value
            assert isinstance(chosen, tuple)
            return array([row(july(1), *[long_unsigned(2301)] * (len(chosen or columns) - 1))])

        with_profile(rows, columns, double_long_unsigned(600), ref=found.ref("power_quality_profile_2", 2), meter=meter)
        with_profile(array(), (CLOCK,), ref=found.ref("power_quality_profile_1", 2), meter=meter)
    return meter


def quality(kind: PowerQualityProfileType, *chosen: CaptureObject) -> GetPowerQualityProfileRequest:
    choices = [
        ColumnChoice(class_id=one.class_id, logical_name=str(one.logical_name), attribute=one.attribute)
        for one in chosen
    ]
    return GetPowerQualityProfileRequest(
        profile_type=kind, begin_date=july(), end_date=july(day=2), selected_values=choices or None
    )


class TestPowerQualityProfile:
    async def test_public_columns_of_two_profiles(self) -> None:
        meter = quality_meter("SMR 5.1")
        found = await get_power_quality_profile.execute(quality(PUBLIC), context(meter))
        assert [one.logical_name for one in found.profiles] == ["0.1.94.31.6.255", "1.0.99.1.2.255"]
        definable, second = found.profiles
        assert definable.rows[0].values[1:] == [
            CapturedValue(integer=7),
            CapturedValue(text="MINUS_99_DBM"),
            CapturedValue(integer=7),
            CapturedValue(integer=7),
        ]
        assert [one.logical_name for one in second.columns] == ["0.0.1.0.0.255", "1.0.32.24.0.255"]
        assert [one.unit for one in second.columns] == [Unit.UNDEFINED, Unit.V]
        assert second.rows[0].values[1].number == Decimal("230.1")
        assert meter.exchanges == 3  # what is captured, and two buffers
        rows = get_power_quality_profile.readings(found, meter.profile, DEVICE)
        assert [one.quantity for one in rows] == [
            "number_of_voltage_sags_for_l1",
            "gprs_diagnostic.6.4",
            "mbus_client_setup@2.11",
            "average_voltage_l1",
        ]

    async def test_private_columns(self) -> None:
        meter = quality_meter("SMR 5.1")
        found = await get_power_quality_profile.execute(quality(PRIVATE), context(meter))
        (one,) = found.profiles
        assert [column.logical_name for column in one.columns] == ["0.0.1.0.0.255", "1.0.31.24.0.255"]
        assert one.rows[0].values[1].number == Decimal("23.01")

    async def test_polyphase_meters_have_other_columns(self) -> None:
        meter = quality_meter("SMR 5.1", [*SAGS])
        single = await get_power_quality_profile.execute(quality(PUBLIC), context(meter))
        several = await get_power_quality_profile.execute(
            quality(PUBLIC), context(meter, replace(DEVICE, polyphase=True))
        )
        assert [len(found.profiles[0].columns) for found in (single, several)] == [2, 4]

    async def test_selected_values_narrow_the_columns_and_the_profiles(self) -> None:
        meter = quality_meter("SMR 5.1")
        found = await get_power_quality_profile.execute(quality(PUBLIC, VOLTAGES[0], CURRENT), context(meter))
        (one,) = found.profiles
        assert [column.logical_name for column in one.columns] == ["0.0.1.0.0.255", "1.0.32.24.0.255"]
        assert meter.exchanges == 2

    @pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 4.3"])
    async def test_scalers_that_the_version_leaves_open_are_read(self, protocol: str) -> None:
        volts = CaptureObject(3, LogicalName.parse("1.0.32.7.0.255"), 2)
        meter = quality_meter(protocol, [volts])
        meter.put(At("instantaneous_voltage_l1", 3), structure(integer(-1), enum(35)))
        found = await get_power_quality_profile.execute(quality(PUBLIC), context(meter))
        assert found.profiles[0].rows[0].values[1].number == Decimal("0.7")
        assert meter.exchanges == 3

    @pytest.mark.parametrize("kind", [PUBLIC, PRIVATE])
    async def test_a_version_without_such_profiles(self, kind: PowerQualityProfileType) -> None:
        meter = MemoryMeter(profile("DSMR 2.2"))
        with pytest.raises(PlatformError, match=r"^No PQ profile found in profile DSMR version 2\.2$") as caught:
            await get_power_quality_profile.execute(quality(kind), context(meter))
        assert caught.value.code.number == 416
        assert meter.exchanges == 0

    async def test_a_signal_that_is_not_known(self) -> None:
        meter = quality_meter("SMR 5.1", [QUALITY, ERRORS])
        meter.put(At("definable_load_profile"), array([row(july(1), null(), null())]))
        found = await get_power_quality_profile.execute(quality(PUBLIC), context(meter))
        assert found.profiles[0].rows[0].values[1:] == [
            CapturedValue(text="NOT_KNOWN_OR_NOT_DETECTABLE"),
            CapturedValue(integer=99),
        ]


async def test_a_strange_clock_costs_its_own_rows() -> None:
    strange = octet_string(bytes.fromhex("07E8021EFF00000000FFC400"))
    rows = [structure(strange, unsigned(0), null(), null()), energy(july(1))]
    meter = with_profile(array(rows))
    found = await get_profile_generic_data.execute(request(july(), july(2)), context(meter))
    assert (len(found.rows), found.undated_rows) == (1, 1)
