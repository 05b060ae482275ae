"""Reads of gas meters: requests and answers byte for byte, scalers by model, profiles of all versions, rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from wire import DEVICE, NOW, PROTOCOLS, apdu, asked, context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_actual_meter_reads_gas import GetActualMeterReadsGasRequest
from meterstream.contracts.operations.get_periodic_meter_reads_gas import GetPeriodicMeterReadsGasRequest
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.periods import PeriodType
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.dlms.apdu import DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetResponseNormal
from meterstream.dlms.data import (
    CosemDateTime,
    Data,
    array,
    double_long_unsigned,
    enum,
    integer,
    long,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device
from meterstream.protocol_dlms.executors import get_actual_meter_reads_gas, get_periodic_meter_reads_gas
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.simulator.mbus.device import MBusPlan, Medium, consumed
from meterstream.simulator.options import MbusOptions
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
AMSTERDAM = DEVICE.zone
SMR5_INTERVAL = (
    "C401460001020204090C07E80701FF01000000FF8880110006000493E1090C07E80701FF00370000FF888002040011040600000000"
    "090CFFFFFFFFFFFFFFFFFF8000FF"
)
CUBIC_METRES = structure(integer(-3), enum(14))
ACTUAL = GetActualMeterReadsGasRequest()


def gas(channel: int = 1, **known: Any) -> Device:
    """A gas meter as a step sees it."""
    name = "G0001000000000017"
    mbus = MbusDevice(device_identification=name, channel=channel, **known)
    return replace(DEVICE, identification=name, channel=channel, mbus_devices={name: mbus})


def amsterdam(hour: int, minute: int = 0, day: int = 1, month: int = 7) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=AMSTERDAM)


def clock(moment: datetime) -> Data:
    return CosemDateTime.from_datetime(moment).to_data()


def periodic(period: PeriodType, begin: datetime, end: datetime) -> GetPeriodicMeterReadsGasRequest:
    return GetPeriodicMeterReadsGasRequest(period_type=period, begin_date=begin, end_date=end)


class TestActual:
    def meter(self, protocol: str = "SMR 5.0.0", value: Data | None = None, scaler: Data = CUBIC_METRES) -> MemoryMeter:
        meter = MemoryMeter(profile(protocol))
        role = "mbus_master_value_5min" if protocol.startswith("SMR 5") else "mbus_master_value"
        meter.put(At(role, 2, 2), value or double_long_unsigned(300_001))
        meter.put(At(role, 5, 2), clock(amsterdam(10, 25, 15)))
        meter.put(At(role, 3, 2), scaler)
        return meter

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    async def test_value_capture_time_and_scaler_in_one_exchange(self, protocol: str) -> None:
        meter = self.meter(protocol)
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, gas(2)))
        assert response.consumption == Quantity(value=Decimal("300.001"), unit="M3")
        assert response.log_time == NOW
        assert response.capture_time == amsterdam(10, 25, 15)
        assert asked(meter) == [f"get 4/0.2.24.2.1.255/{attribute}" for attribute in (2, 5, 3)]
        assert meter.exchanges == 1

    @pytest.mark.parametrize(
        ("model", "value"),
        [("G4", "300.001"), ("ACME G6 RF1", "300.001"), ("G16", "3000.01"), ("BK-G25 ETH", "3000.01")],
    )
    async def test_the_model_tells_the_scaler(self, model: str, value: str) -> None:
        meter = self.meter(scaler=visible_string("not asked"))
        device = gas(2, model_code=model, device_type=3)
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, device))
        assert response.consumption == Quantity(value=Decimal(value), unit="M3")
        assert asked(meter) == ["get 4/0.2.24.2.1.255/2", "get 4/0.2.24.2.1.255/5"]

    @pytest.mark.parametrize(
        "known",
        [
            {},
            {"model_code": "elster-instromet G4"},
            {"model_code": "G10-16SRT_SMR55"},
            {"model_code": "unheard of"},
            {"model_code": "G4", "device_type": 7},
        ],
    )
    async def test_where_it_does_not_the_gateway_is_asked(self, known: dict[str, Any]) -> None:
        meter = self.meter(scaler=structure(integer(-1), enum(13)))
        device = gas(2, **known)
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, device))
        assert response.consumption == Quantity(value=Decimal("30000.1"), unit="M3")
        foreseen = get_actual_meter_reads_gas.foresees(ACTUAL, device, meter.profile)
        assert [meter.profile.ref(*target) for target in foreseen] == [ref for _, ref, _ in meter.asked]

    @pytest.mark.parametrize(
        ("scaler", "told"),
        [
            (structure(integer(0), enum(30)), ("300.001", "KWH")),
            (structure(integer(6), enum(25)), ("300001000000", "J")),
            (structure(integer(-3), enum(14)), ("300.001", "M3")),
        ],
    )
    async def test_other_media(self, scaler: Data, told: tuple[str, str]) -> None:
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(self.meter(scaler=scaler), gas(2)))
        assert response.consumption == Quantity(value=Decimal(told[0]), unit=told[1])

    @pytest.mark.parametrize(
        ("scaler", "told"),
        [
            (structure(integer(0), enum(0)), "unit UNDEFINED where a consumption belongs"),
            (structure(integer(0), enum(27)), "unit WATT where a consumption belongs"),
            (structure(long(-300), enum(14)), "mbus_master_value_5min channel 2: .*scaler"),
            (null(), "expected a structure of scaler and unit"),
        ],
    )
    async def test_no_value_in_a_guessed_unit(self, scaler: Data, told: str) -> None:
        with pytest.raises(PlatformError, match=told) as caught:
            await get_actual_meter_reads_gas.execute(ACTUAL, context(self.meter(scaler=scaler), gas(2)))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"

    async def test_null_is_no_value(self) -> None:
        meter = self.meter(value=null())
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, gas(2)))
        assert response.consumption is None
        assert get_actual_meter_reads_gas.readings(response, meter.profile, gas(2)) == []

    @pytest.mark.parametrize("moment", [null(), octet_string(b"\xff" * 9 + b"\x80\x00\xff")])
    async def test_a_value_that_was_never_captured_is_none(self, moment: Data) -> None:
        meter = self.meter()
        meter.put(At("mbus_master_value_5min", 5, 2), moment)
        with pytest.raises(PlatformError, match="Unexpected null/unspecified value for M-Bus Capture Time"):
            await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, gas(2)))

    async def test_refusals_and_a_missing_channel_are_told(self) -> None:
        meter = self.meter()
        meter.put(At("mbus_master_value_5min", 5, 2), DataAccessResult.TEMPORARY_FAILURE)
        with pytest.raises(AccessRefused, match=r"4/0\.2\.24\.2\.1\.255/5: AccessResultCode = TEMPORARY_FAILURE"):
            await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, gas(2)))
        with pytest.raises(PlatformError, match="Meter for gas reads should have a channel") as caught:
            await get_actual_meter_reads_gas.execute(ACTUAL, context(meter))
        assert caught.value.code.number == 401

    async def test_the_row_for_analytics_names_channel_and_capture_time(self) -> None:
        meter = self.meter()
        response = await get_actual_meter_reads_gas.execute(ACTUAL, context(meter, gas(2)))
        (row,) = get_actual_meter_reads_gas.readings(response, meter.profile, gas(2))
        assert (row.quantity, row.logical_name, row.unit) == ("consumption", "0.2.24.2.1.255", "M3")
        assert (row.value, row.captured_at) == (Decimal("300.001"), amsterdam(10, 25, 15))


class TestRequests:
    async def test_of_the_combined_daily_profile(self) -> None:
        meter = MemoryMeter(profile("DSMR 4.2.2"))
        meter.put(At("daily_values_combined"), array())
        # One capture period more at the end: the vector ends on the second.
        request = periodic(PeriodType.DAILY, amsterdam(0), amsterdam(0))
        device = gas(1, model_code="G4")
        await get_periodic_meter_reads_gas.execute(request, context(meter, device))
        assert apdu(meter.asked[0], 0x44) == (
            "C0014400070100630200FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702"
            "FF00000000FF88800104020412000809060000010000FF0F02120000020412000109060000600A02FF0F021200000204120004090600"
            "01180201FF0F02120000020412000409060001180201FF0F05120000"
        )

    async def test_of_the_hourly_profile(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("interval_values_g", 2, 2), array())
        request = periodic(PeriodType.INTERVAL, amsterdam(0), amsterdam(23))
        await get_periodic_meter_reads_gas.execute(request, context(meter, gas(2, model_code="G4")))
        assert apdu(meter.asked[0], 0x45) == (
            "C0014500070002180300FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80702"
            "FF00000000FF88800100"
        )

    async def test_without_choice_of_columns_all_are_read(self) -> None:
        meter = MemoryMeter(profile("DSMR 4.2.2"))
        values = [unsigned(4), *[double_long_unsigned(1)] * 4]
        channels = [cell for n in (1, 2, 3, 4) for cell in (double_long_unsigned(1000 * n), clock(amsterdam(0, n)))]
        meter.put(At("daily_values_combined"), array([structure(clock(amsterdam(0)), *values, *channels)]))
        device = replace(gas(3, model_code="G4"), selective_access_periodic_reads=False)
        request = periodic(PeriodType.DAILY, amsterdam(0), amsterdam(0, day=2))
        (read,) = (await get_periodic_meter_reads_gas.execute(request, context(meter, device))).meter_reads
        assert read.consumption == Quantity(value=Decimal("3.000"), unit="M3")
        assert read.capture_time == amsterdam(0, 3)
        assert read.status == [AmrProfileStatusFlag.DATA_NOT_VALID]


class TestPeriodic:
    async def test_the_rows_of_the_vector(self) -> None:
        response = decode_get_response(bytes.fromhex(SMR5_INTERVAL))
        assert isinstance(response, GetResponseNormal)
        assert isinstance(response.result, Data)
        meter = MemoryMeter(load_profile("SMR", "5.0.0"))
        meter.put(At("interval_values_g", 2, 1), response.result)
        meter.put(At("mbus_master_value", 3, 1), CUBIC_METRES)
        request = periodic(PeriodType.INTERVAL, amsterdam(0), amsterdam(0, day=2))
        found = await get_periodic_meter_reads_gas.execute(request, context(meter, gas()))
        first, second = found.meter_reads
        assert (first.log_time, first.capture_time) == (amsterdam(1), amsterdam(0, 55))
        assert first.consumption == Quantity(value=Decimal("300.001"), unit="M3")
        assert first.status == []
        assert (second.log_time, second.capture_time) == (amsterdam(2), None), "a gap is marked, nothing is guessed"
        assert second.status == [AmrProfileStatusFlag.DATA_NOT_VALID]
        assert second.consumption == Quantity(value=Decimal("0.000"), unit="M3")
        rows = get_periodic_meter_reads_gas.readings(found, meter.profile, gas())
        assert [(row.logical_name, row.captured_at, row.status) for row in rows] == [
            ("0.1.24.2.2.255", amsterdam(1), []),
            ("0.1.24.2.2.255", amsterdam(2), ["DATA_NOT_VALID"]),
        ]

    async def test_times_that_are_left_out_go_on_by_the_period(self) -> None:
        meter = MemoryMeter(profile("DSMR 4.2.2"))
        rows = [
            structure(clock(amsterdam(22)), unsigned(0), double_long_unsigned(10), clock(amsterdam(21, 50))),
            structure(null(), unsigned(0), null(), null()),
            structure(null(), unsigned(0), double_long_unsigned(12), null()),
        ]
        meter.put(At("interval_values_g", 2, 1), array(rows))
        request = periodic(PeriodType.INTERVAL, amsterdam(22, 30), amsterdam(5, day=2))
        device = gas(model_code="G4")
        found = (await get_periodic_meter_reads_gas.execute(request, context(meter, device))).meter_reads
        assert [read.log_time for read in found] == [amsterdam(23), amsterdam(0, day=2)]
        assert [read.capture_time for read in found] == [amsterdam(22, 50), amsterdam(23, 50)]
        assert [read.consumption and read.consumption.value for read in found] == [None, Decimal("0.012")]
        foreseen = get_periodic_meter_reads_gas.foresees(request, device, meter.profile)
        assert foreseen == []
        assert get_periodic_meter_reads_gas.foresees(request, gas(), meter.profile) == [At("mbus_master_value", 3, 1)]

    @pytest.mark.parametrize("protocol", ["DSMR 2.2", "DSMR 4.2.2", "SMR 4.3"])
    async def test_a_month_has_no_status_before_smr_5(self, protocol: str) -> None:
        meter = MemoryMeter(profile(protocol))
        captured = [] if protocol == "DSMR 2.2" else [clock(amsterdam(0, 5))]
        meter.put(
            At("monthly_values_combined"), array([structure(clock(amsterdam(0)), double_long_unsigned(7), *captured)])
        )
        request = periodic(PeriodType.MONTHLY, amsterdam(0), amsterdam(0, month=8))
        found = await get_periodic_meter_reads_gas.execute(request, context(meter, gas(model_code="G4")))
        (read,) = found.meter_reads
        assert read.status is None
        assert read.capture_time == (None if protocol == "DSMR 2.2" else amsterdam(0, 5))

    async def test_a_scaler_that_is_refused(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("interval_values_g", 2, 1), array())
        with pytest.raises(AccessRefused) as caught:
            await get_periodic_meter_reads_gas.execute(
                periodic(PeriodType.INTERVAL, amsterdam(0), amsterdam(1)), context(meter, gas())
            )
        assert caught.value.message == "Could not get all scaler units from meter: OBJECT_UNDEFINED"

    @pytest.mark.parametrize(
        ("cells", "told"),
        [
            ([unsigned(0), visible_string("1"), clock(amsterdam(0))], "interval_values_g channel 1: "),
            ([unsigned(0), double_long_unsigned(1), unsigned(1)], "interval_values_g channel 1: .*date-time"),
            ([octet_string(b"1"), double_long_unsigned(1), clock(amsterdam(0))], "AMR profile status"),
            ([unsigned(0)], "interval_values_g channel 1: "),
        ],
    )
    async def test_hostile_rows(self, cells: list[Data], told: str) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("interval_values_g", 2, 1), array([structure(clock(amsterdam(1)), *cells)]))
        with pytest.raises(PlatformError, match=told) as caught:
            await get_periodic_meter_reads_gas.execute(
                periodic(PeriodType.INTERVAL, amsterdam(0), amsterdam(5)), context(meter, gas(model_code="G4"))
            )
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


@pytest.mark.parametrize("with_list_max", [1, 16])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_simulated_gateway_tells_what_its_devices_measured(
    make_bench: Make, protocol: str, with_list_max: int
) -> None:
    plan = MbusOptions(plan=MBusPlan.parse("gas,water,thermal,electricity"))
    bench = await make_bench(FleetSettings(protocols=(protocol,), mbus=plan))
    meter = await bench.associations.open(bench.visit(bench.record(with_list_max=with_list_max)))
    now = datetime.now(UTC)
    units = {
        Medium.GAS: ("M3", -3),
        Medium.WATER: ("M3", -3),
        Medium.THERMAL: ("J", 6),
        Medium.ELECTRICITY: ("KWH", -3),
    }
    for channel, (medium, (unit, scaler)) in enumerate(units.items(), 1):
        place = Context(meter, gas(channel), lambda: now)
        read = await get_actual_meter_reads_gas.execute(ACTUAL, place)
        captured = int(read.capture_time.timestamp())
        assert now.timestamp() - captured < 3700
        expected = consumed(medium, 1, channel, captured)
        assert read.consumption == Quantity(value=Decimal(expected).scaleb(scaler), unit=unit)
        for period, back in ((PeriodType.INTERVAL, 12), (PeriodType.DAILY, 96), (PeriodType.MONTHLY, 24 * 90)):
            request = periodic(period, now - timedelta(hours=back), now)
            rows = (await get_periodic_meter_reads_gas.execute(request, place)).meter_reads
            assert len(rows) >= 2
            assert all(request.begin_date <= row.log_time <= request.end_date for row in rows)
            for row in rows:
                assert row.consumption is not None
                moment = int((row.capture_time or row.log_time).timestamp())
                assert row.consumption.value == Decimal(consumed(medium, 1, channel, moment)).scaleb(scaler)
                assert (row.capture_time is None) is (protocol == "DSMR 2.2")
    await bench.associations.close(meter)
    assert bench.fleet.stats.repeated_nonces == 0
