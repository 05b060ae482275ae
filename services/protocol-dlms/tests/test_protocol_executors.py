"""Executors against the meter in memory; buffers, answers and requests are worked examples with known results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import Target
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.operations.get_specific_attribute_value import GetSpecificAttributeValueRequest
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest
from meterstream.contracts.shared.periods import PeriodType
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.dlms.apdu import DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetRequestNormal, GetResponseNormal, GetResponseWithList
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    Selection,
    array,
    bit_string,
    boolean,
    delta_integer,
    delta_unsigned,
    double_long,
    double_long_unsigned,
    enum,
    integer,
    long,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, DuplicateOperation, load_executors
from meterstream.protocol_dlms.executors import (
    get_actual_meter_reads,
    get_periodic_meter_reads,
    get_specific_attribute_value,
    synchronize_time,
)
from meterstream.protocol_dlms.twin import MemoryMeter

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DEVICE = Device("EXXXX123456789012", AMSTERDAM)
NOW = datetime(2024, 7, 15, 8, 30, 0, 256_789, tzinfo=UTC)
SMR5 = load_profile("SMR", "5.0.0")
DSMR4 = load_profile("DSMR", "4.2.2")

FOUR_ROWS = (
    "C401430001040204090C07E80701FF000F0000FF8880110006000027110600004E21020400110006000027130600004E2102040011080600"
    "0027160600004E220204090C07E80701FF01000000FF88801188060000271A0600004E22"
)
WATT_HOURS = structure(integer(0), enum(30))


def answer(hexadecimal: str) -> Data:
    """The value in a plain get-response."""
    response = decode_get_response(bytes.fromhex(hexadecimal))
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, Data)
    return response.result


def context(meter: MemoryMeter, device: Device = DEVICE) -> Context:
    return Context(meter, device, lambda: NOW)


def amsterdam(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2024, 7, day, hour, minute, tzinfo=AMSTERDAM)


def test_executors_are_of_meter_operations_and_have_their_names() -> None:
    """An operation without an executor is answered with UNSUPPORTED_OPERATION."""
    on_meters = {name for name, known in load_operations().items() if known.target is not Target.REGISTRY}
    found = load_executors(executors)
    assert set(found) <= on_meters
    assert {"Bundle", "GetActualMeterReads", "GetPeriodicMeterReads", "SynchronizeTime"} <= set(found)
    for name, executor in found.items():
        assert executor.operation is load_operations()[name]
        assert executor.execute.__module__.rsplit(".", 1)[1] == executor.operation.safe_name


def test_two_executors_of_one_operation_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    copy = executors.__class__("copies")
    copy.__path__ = executors.__path__
    monkeypatch.setattr(
        "meterstream.protocol_dlms.executor.import_module",
        lambda name: type(
            "Module", (), {"EXECUTOR": type(synchronize_time.EXECUTOR)(synchronize_time.OPERATION, None)}
        ),
    )
    with pytest.raises(DuplicateOperation, match="SynchronizeTime"):
        load_executors(copy)


class TestSynchronizeTime:
    async def test_writes_local_time_with_deviation_and_summer_flag(self) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), null())
        response = await synchronize_time.execute(SynchronizeTimeRequest(), context(meter))
        written = meter.values[AttributeRef(8, bytes((0, 0, 1, 0, 0, 255)), 2)]
        assert isinstance(written, Data)
        assert written.value == bytes.fromhex("07E8070FFF0A1E0019FF8880")
        assert response.set_to == NOW.replace(microsecond=250_000)

    async def test_in_winter_and_another_zone(self) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), null())
        moment = datetime(2024, 1, 15, 8, 30, tzinfo=UTC)
        await synchronize_time.execute(
            SynchronizeTimeRequest(time_zone="Asia/Kolkata"), Context(meter, DEVICE, lambda: moment)
        )
        written = meter.values[AttributeRef(8, bytes((0, 0, 1, 0, 0, 255)), 2)]
        assert isinstance(written, Data)
        assert isinstance(written.value, bytes)
        assert CosemDateTime.from_bytes(written.value).deviation == -330
        assert CosemDateTime.from_bytes(written.value).status == 0

    async def test_a_refusal_tells_what_the_meter_thinks_of_its_own_zone(self) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), DataAccessResult.OTHER_REASON)
        meter.put(At("clock", 3), long(-60))
        meter.put(At("clock", 8), boolean(False))
        with pytest.raises(AccessRefused) as caught:
            await synchronize_time.execute(SynchronizeTimeRequest(), context(meter))
        assert caught.value.message == "AccessResultCode: OTHER_REASON"
        assert caught.value.details["meter_time_zone"] == "-60"
        assert caught.value.details["meter_daylight_savings_enabled"] == "False"
        assert caught.value.retryable


class TestActualMeterReads:
    async def test_reads_the_vector(self) -> None:
        listed = decode_get_response(bytes.fromhex("C403450300090C07E8070F010A1E0000FF88800006000027110104"))
        assert isinstance(listed, GetResponseWithList)
        clock, register, refused = listed.results
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), clock)
        meter.put(At("active_energy_import"), register)
        meter.put(At("active_energy_import_rate_1"), refused)
        meter.put(At("active_energy_export"), null())
        response = await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(meter))
        assert response.log_time == NOW.replace(microsecond=0)
        assert response.active_energy_import is not None
        assert response.active_energy_import.value == Decimal("10.001")
        assert response.active_energy_import.unit == "KWH"
        assert response.active_energy_import_tariff_one is None
        assert response.active_energy_export is None
        asked = [str(ref) for _, ref, _ in meter.asked]
        assert asked == [
            "8/0.0.1.0.0.255/2",
            "3/1.0.1.8.0.255/2",
            "3/1.0.1.8.1.255/2",
            "3/1.0.1.8.2.255/2",
            "3/1.0.2.8.0.255/2",
            "3/1.0.2.8.1.255/2",
            "3/1.0.2.8.2.255/2",
        ]

    async def test_readings_carry_logical_name_and_meter_time(self) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")))
        meter.put(At("active_energy_export_rate_2"), double_long_unsigned(20_003))
        response = await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(meter))
        (row,) = get_actual_meter_reads.readings(response, SMR5, DEVICE)
        assert (row.quantity, row.logical_name) == ("active_energy_export_tariff_two", "1.0.2.8.2.255")
        assert (row.value, row.unit, row.captured_at) == (Decimal("20.003"), "KWH", response.log_time)

    @pytest.mark.parametrize("clock", [null(), octet_string(b"\xff" * 9 + b"\x80\x00\xff")])
    async def test_no_clock_no_answer(self, clock: Data) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), clock)
        with pytest.raises(
            PlatformError, match="Unexpected null/unspecified value for Actual Energy Reads Time"
        ) as got:
            await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(meter))
        assert got.value.code.name == "ILLEGAL_RESPONSE"

    async def test_a_refused_clock_names_the_result(self) -> None:
        with pytest.raises(PlatformError, match="AccessResultCode = OBJECT_UNDEFINED") as caught:
            await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(MemoryMeter(SMR5)))
        assert caught.value.code.name == "DEVICE_REFUSED"

    async def test_a_register_of_another_kind_is_no_reading(self) -> None:
        meter = MemoryMeter(SMR5)
        meter.put(At("clock"), octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")))
        meter.put(At("active_energy_import"), visible_string("10001"))
        with pytest.raises(PlatformError, match="expected a number, got VISIBLE_STRING"):
            await get_actual_meter_reads.execute(GetActualMeterReadsRequest(), context(meter))


def interval(begin: datetime, end: datetime, kind: PeriodType = PeriodType.INTERVAL) -> GetPeriodicMeterReadsRequest:
    return GetPeriodicMeterReadsRequest(period_type=kind, begin_date=begin, end_date=end)


def with_scalers(meter: MemoryMeter, scaler: Data = WATT_HOURS) -> MemoryMeter:
    for rate in ("", "_rate_1", "_rate_2"):
        for way in ("import", "export"):
            meter.put(At(f"active_energy_{way}{rate}", 3), scaler)
    return meter


def amsterdam_clock(hour: int) -> Data:
    return CosemDateTime.from_datetime(amsterdam(hour)).to_data()


class TestPeriodicMeterReads:
    @pytest.mark.parametrize(("scaler", "times"), [(0, 1), (1, 10), (-2, Decimal("0.01"))])
    async def test_interval_rows_of_the_vector(self, scaler: int, times: Decimal) -> None:
        meter = with_scalers(MemoryMeter(SMR5), structure(integer(scaler), enum(30)))
        meter.put(At("interval_values_e"), answer(FOUR_ROWS))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(0, day=2)), context(meter))
        reads = response.meter_reads
        assert [read.log_time.astimezone(AMSTERDAM).strftime("%H:%M") for read in reads] == [
            "00:15", "00:30", "00:45", "01:00",
        ]  # fmt: skip
        imports = [read.active_energy_import.value for read in reads if read.active_energy_import is not None]
        exports = [read.active_energy_export.value for read in reads if read.active_energy_export is not None]
        assert imports == [Decimal(text) * times for text in ("10.001", "10.003", "10.006", "10.010")]
        assert exports == [Decimal(text) * times for text in ("20.001", "20.001", "20.002", "20.002")]
        flags = AmrProfileStatusFlag
        assert [read.status for read in reads] == [
            [],
            [],
            [flags.DAYLIGHT_SAVING],
            [flags.DAYLIGHT_SAVING, flags.POWER_DOWN],
        ]
        assert reads[0].active_energy_import_tariff_one is None

    async def test_the_request_of_the_interval_vector(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), array())
        # One capture period more at the end: the vector ends at 00:00.
        await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(23, 45)), context(meter))
        kind, ref, selection = meter.asked[-1]
        assert kind == "get"
        assert isinstance(ref, AttributeRef)
        assert isinstance(selection, Selection)
        assert GetRequestNormal(0x43, ref, selection).encode().hex().upper() == (
            "C0014300070100630100FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702"
            "FF00000000FF88800100"
        )

    async def test_the_request_of_the_daily_vector_names_its_columns(self) -> None:
        meter = with_scalers(MemoryMeter(DSMR4))
        meter.put(At("daily_values_combined"), array())
        request = interval(amsterdam(0), amsterdam(0), PeriodType.DAILY)
        await get_periodic_meter_reads.execute(request, context(meter))
        _, ref, selection = meter.asked[-1]
        assert isinstance(ref, AttributeRef)
        assert isinstance(selection, Selection)
        assert GetRequestNormal(0x44, ref, selection).encode().hex().upper() == (
            "C0014400070100630200FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702"
            "FF00000000FF88800106020412000809060000010000FF0F02120000020412000109060000600A02FF0F021200000204120003090601"
            "00010801FF0F02120000020412000309060100010802FF0F02120000020412000309060100020801FF0F021200000204120003090601"
            "00020802FF0F02120000"
        )

    async def test_rows_outside_the_range_are_left_out_and_still_date_those_after_them(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), answer(FOUR_ROWS))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0, 30), amsterdam(0, 45)), context(meter))
        assert [read.log_time for read in response.meter_reads] == [amsterdam(0, 30), amsterdam(0, 45)]

    async def test_a_row_without_any_time_before_it_is_left_out(self, caplog: pytest.LogCaptureFixture) -> None:
        rows = answer(FOUR_ROWS).value
        assert isinstance(rows, tuple)
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), array(rows[1:]))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(0, day=2)), context(meter))
        assert [read.log_time for read in response.meter_reads] == [amsterdam(1)]
        assert "2 rows" in caplog.text

    async def test_a_clock_that_no_calendar_has_costs_its_own_rows_only(self, caplog: pytest.LogCaptureFixture) -> None:
        clocks = [octet_string(bytes.fromhex("07E8021EFF00000000FFC400")), null(), null(), amsterdam_clock(1), null()]
        meter = with_scalers(MemoryMeter(SMR5), structure(integer(30), enum(30)))
        rows = [structure(clock, unsigned(0), double_long_unsigned(1), null()) for clock in clocks]
        meter.put(At("interval_values_e"), array(rows))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(0, day=2)), context(meter))
        assert [read.log_time for read in response.meter_reads] == [amsterdam(1), amsterdam(1, 15)]
        assert [read.active_energy_export for read in response.meter_reads] == [None, None]
        imports = {f"{read.active_energy_import.value}" for read in response.meter_reads if read.active_energy_import}
        assert imports == {"1" + "0" * 27}
        assert "3 rows" in caplog.text

    async def test_differences_from_the_row_before(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        first = structure(amsterdam_clock(1), unsigned(4), double_long_unsigned(1_000), double_long_unsigned(5))
        then = structure(null(), null(), delta_unsigned(31), delta_integer(-1))
        meter.put(At("interval_values_e"), array([first, then]))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(2)), context(meter))
        last = response.meter_reads[1]
        assert last.active_energy_import == Quantity(value=Decimal("1.031"), unit="KWH")
        assert last.active_energy_export == Quantity(value=Decimal("0.004"), unit="KWH")
        assert last.status is None

    @pytest.mark.parametrize("picks", [True, False])
    async def test_combined_profiles_with_and_without_choice_of_columns(self, picks: bool) -> None:
        clock = octet_string(bytes.fromhex("07E80702FF00000000FF8880"))
        energy = [double_long_unsigned(1000 * number) for number in (1, 2, 3, 4)]
        gas = [double_long_unsigned(7), null()] * 4

        def rows(selection: Selection | None) -> Data:
            assert selection is not None
            columns = selection.parameters.value[3].value  # type: ignore[index,union-attr]  # a range descriptor
            assert bool(columns) is picks
            return array([structure(clock, unsigned(4), *energy, *([] if columns else gas))])

        meter = with_scalers(MemoryMeter(DSMR4))
        meter.put(At("daily_values_combined"), rows)
        device = Device("EXXXX123456789012", AMSTERDAM, selective_access_periodic_reads=picks)
        request = interval(amsterdam(0), amsterdam(0, day=3), PeriodType.DAILY)
        (read,) = (await get_periodic_meter_reads.execute(request, context(meter, device))).meter_reads
        values = [
            read.active_energy_import_tariff_one,
            read.active_energy_import_tariff_two,
            read.active_energy_export_tariff_one,
            read.active_energy_export_tariff_two,
        ]
        assert [value.value for value in values if value is not None] == [1, 2, 3, 4]
        assert read.status == [AmrProfileStatusFlag.DATA_NOT_VALID]

    @pytest.mark.parametrize("level", [1, 2])
    async def test_asks_for_less_selection_where_the_meter_refuses_it(self, level: int) -> None:
        refused = 0

        def rows(selection: Selection | None) -> Data | DataAccessResult:
            nonlocal refused
            if refused < level:
                refused += 1
                return DataAccessResult.OTHER_REASON
            assert (selection is None) == (level == 2)
            clock = octet_string(bytes.fromhex("07E80702FF00000000FF8880"))
            return array([structure(clock, unsigned(0), *[double_long_unsigned(5)] * 4, *[null()] * 8)])

        meter = with_scalers(MemoryMeter(DSMR4))
        meter.put(At("daily_values_combined"), rows)
        request = interval(amsterdam(0), amsterdam(0, day=3), PeriodType.DAILY)
        response = await get_periodic_meter_reads.execute(request, context(meter))
        assert len(response.meter_reads) == 1

    async def test_other_refusals_are_told(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), DataAccessResult.READ_WRITE_DENIED)
        with pytest.raises(AccessRefused, match="READ_WRITE_DENIED"):
            await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(1)), context(meter))
        assert meter.exchanges == 2  # no second way is tried

    async def test_monthly_rows_without_status(self) -> None:
        meter = with_scalers(MemoryMeter(DSMR4))
        first = octet_string(bytes.fromhex("07E80101FF00000000FFC400"))
        rows = [structure(clock, *[double_long_unsigned(1)] * 4) for clock in (first, null(), null(), null())]
        meter.put(At("monthly_values_combined"), array(rows))
        begin, end = datetime(2024, 1, 1, tzinfo=AMSTERDAM), datetime(2024, 4, 1, tzinfo=AMSTERDAM)
        response = await get_periodic_meter_reads.execute(interval(begin, end, PeriodType.MONTHLY), context(meter))
        local = [read.log_time.astimezone(AMSTERDAM) for read in response.meter_reads]
        assert local == [datetime(2024, month, 1, tzinfo=AMSTERDAM) for month in (1, 2, 3, 4)]  # CEST from April on
        assert {read.status for read in response.meter_reads} == {None}

    async def test_daily_rows_stay_at_midnight_over_the_23_hour_day(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        first = octet_string(bytes.fromhex("07E8031EFF00000000FFC400"))
        rows = [structure(clock, unsigned(0), *[double_long_unsigned(1)] * 4) for clock in (first, null(), null())]
        meter.put(At("daily_values_e"), array(rows))
        begin, end = datetime(2024, 3, 30, tzinfo=AMSTERDAM), datetime(2024, 4, 1, tzinfo=AMSTERDAM)
        response = await get_periodic_meter_reads.execute(interval(begin, end, PeriodType.DAILY), context(meter))
        times = [read.log_time for read in response.meter_reads]
        assert times == [datetime(2024, 3, day, tzinfo=AMSTERDAM) for day in (30, 31)] + [end]
        assert times[2] - times[1] == timedelta(hours=23)

    async def test_an_empty_buffer_has_no_rows(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), null())
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(1)), context(meter))
        assert response.meter_reads == []

    @pytest.mark.parametrize(
        ("buffer", "reason"),
        [
            (array([structure(null(), unsigned(0))]), "neither 4 nor 4 columns"),
            (array([unsigned(1)]), "row 0: UNSIGNED is no row"),
            (double_long(1), "DOUBLE_LONG is no buffer"),
        ],
    )
    async def test_hostile_buffers(self, buffer: Data, reason: str) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), buffer)
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(1)), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"

    @pytest.mark.parametrize(
        ("scaler", "reason"),
        [
            (structure(integer(0), enum(27)), "unit WATT where an energy belongs"),
            (structure(integer(0), enum(0)), "unit UNDEFINED"),
            (structure(integer(0), enum(200)), "unit 200 is not defined"),
            (structure(long(-200), enum(30)), "signed octet"),
            (unsigned(3), "expected a structure of scaler and unit"),
        ],
    )
    async def test_strange_scalers(self, scaler: Data, reason: str) -> None:
        meter = with_scalers(MemoryMeter(SMR5), scaler)
        meter.put(At("interval_values_e"), answer(FOUR_ROWS))
        with pytest.raises(PlatformError, match=reason):
            await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(2)), context(meter))

    async def test_status_that_is_no_number(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        clock = octet_string(bytes.fromhex("07E80701FF00000000FF8880"))
        row = structure(clock, octet_string(b"\x01"), double_long_unsigned(1), double_long_unsigned(1))
        meter.put(At("interval_values_e"), array([row]))
        with pytest.raises(PlatformError, match="AMR profile status"):
            await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(2)), context(meter))

    async def test_readings_have_a_row_a_register(self) -> None:
        meter = with_scalers(MemoryMeter(SMR5))
        meter.put(At("interval_values_e"), answer(FOUR_ROWS))
        response = await get_periodic_meter_reads.execute(interval(amsterdam(0), amsterdam(0, day=2)), context(meter))
        rows = get_periodic_meter_reads.readings(response, SMR5, DEVICE)
        assert len(rows) == 8
        assert rows[-1].logical_name == "1.0.2.8.0.255"
        assert rows[-1].status == ["DAYLIGHT_SAVING", "POWER_DOWN"]
        assert rows[-1].captured_at == amsterdam(1)


def text(choice: str, kind: str, class_name: str, value: str) -> str:
    return f"DataObject: Choice={choice}, ResultData is{kind}, value=[{class_name}]: {value}"


def octets(value: str) -> str:
    return text("OCTET_STRING", "ByteArray", "[B", value)


DATE_TIME = (
    "year=2024, month=7, day=15, weekday=-1, hour=10, minute=30, second=0, hundredths=0, "
    "deviation=-120, clockstatus=-128"
)
BITS = "number of bytes=2, value=4640, bits=00010010 00100000 "
LIST = "java.util.ArrayList"
NESTED = text("ARRAY", "Complex", LIST, "[\n\t" + text("UNSIGNED", "Number", "java.lang.Short", "30") + "\n]\n")
SCALER = text("INTEGER", "Number", "java.lang.Byte", "0")
TEXTS = [
    (octet_string(b"device name"), octets("bytes[100, 101, 118, 105, 99, 101, 32, 110, 97, 109, 101]")),
    (visible_string("AB"), text("VISIBLE_STRING", "ByteArray", "[B", "bytes[65, 66]")),
    (octet_string(b""), octets("bytes[]")),
    (enum(2), text("ENUMERATE", "Number", "java.lang.Integer", "2")),
    (double_long_unsigned(4_000_000_000), text("DOUBLE_LONG_UNSIGNED", "Number", "java.lang.Long", "4000000000")),
    (long(-60), text("LONG_INTEGER", "Number", "java.lang.Short", "-60")),
    (boolean(True), text("BOOLEAN", "Boolean", "java.lang.Boolean", "true")),
    (null(), text("NULL_DATA", "Null", "null", "null")),
    (octet_string(bytes((1, 0, 1, 8, 0, 255))), octets("logical name: 1-0:1.8.0.255")),
    (octet_string(bytes.fromhex("07E8070FFF0A1E0000FF8880")), octets(DATE_TIME)),
    (bit_string("0001001000100000"), text("BIT_STRING", "BitString", "org.openmuc.jdlms.datatypes.BitString", BITS)),
    (
        structure(integer(0), array([unsigned(30)])),
        text("STRUCTURE", "Complex", LIST, f"[\n\t{SCALER}\n\t{NESTED}\n]\n"),
    ),
]


class TestSpecificAttributeValue:
    @pytest.mark.parametrize(("value", "expected"), TEXTS)
    async def test_text_of_every_kind(self, value: Data, expected: str) -> None:
        ref = AttributeRef(1, bytes((0, 0, 42, 0, 0, 255)), 2)
        request = GetSpecificAttributeValueRequest(class_id=1, obis="0.0.42.0.0.255", attribute=2)
        meter = MemoryMeter(SMR5, {ref: value})
        assert (await get_specific_attribute_value.execute(request, context(meter))).value == expected

    async def test_a_refusal_is_412(self) -> None:
        request = GetSpecificAttributeValueRequest(class_id=7, obis="1.0.99.1.0.255", attribute=2)
        with pytest.raises(PlatformError) as caught:
            await get_specific_attribute_value.execute(request, context(MemoryMeter(SMR5)))
        assert caught.value.code.number == 412
        told = "Retrieving attribute value for { 7, 1.0.99.1.0.255, 2 }. Result: resultCode(4), with data: null"
        assert caught.value.message == told
        assert not caught.value.retryable

    async def test_needs_no_object_of_the_profile(self) -> None:
        request = GetSpecificAttributeValueRequest(class_id=9999, obis="0.0.0.0.0.0", attribute=5)
        meter = MemoryMeter(SMR5, {AttributeRef(9999, bytes(6), 5): long_unsigned(7)})
        assert "java.lang.Integer]: 7" in (await get_specific_attribute_value.execute(request, context(meter))).value


async def test_an_object_that_the_protocol_lacks_is_416() -> None:
    with pytest.raises(PlatformError, match="No address found for INVOCATION_COUNTER in protocol DSMR") as caught:
        await MemoryMeter(DSMR4).get(At("invocation_counter"))
    assert caught.value.code.number == 416
