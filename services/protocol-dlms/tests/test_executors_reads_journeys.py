"""Reads over real sessions with simulated meters of every protocol version."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from wire import PROTOCOLS

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations import test_alarm_scheduler as scheduler_contract
from meterstream.contracts.operations.actual_power_quality import ActualPowerQualityRequest
from meterstream.contracts.operations.clear_alarm_register import ClearAlarmRegisterRequest
from meterstream.contracts.operations.find_events import EventLogCategory, EventLogRange, FindEventsRequest
from meterstream.contracts.operations.get_all_attribute_values import GetAllAttributeValuesRequest
from meterstream.contracts.operations.get_association_ln_objects import GetAssociationLnObjectsRequest
from meterstream.contracts.operations.get_gsm_diagnostic import GetGsmDiagnosticRequest
from meterstream.contracts.operations.get_outages import GetOutagesRequest
from meterstream.contracts.operations.get_power_quality_profile import GetPowerQualityProfileRequest
from meterstream.contracts.operations.get_profile_generic_data import (
    GetProfileGenericDataRequest,
    GetProfileGenericDataResponse,
)
from meterstream.contracts.operations.get_thd_fingerprint import GetThdFingerprintRequest
from meterstream.contracts.operations.read_alarm_register import ReadAlarmRegisterRequest
from meterstream.contracts.shared.gsm import PacketSwitchedStatus, SignalQuality
from meterstream.contracts.shared.profiles import ColumnChoice, PowerQualityProfileType, ProfileRow
from meterstream.contracts.shared.units import Unit
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Context, Device, load_executors
from meterstream.simulator.buffers import BufferRules

Make = Callable[..., Any]
FOUND = load_executors(executors)
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
PUBLIC, PRIVATE = PowerQualityProfileType.PUBLIC, PowerQualityProfileType.PRIVATE


class At:
    """An association with a meter, and what may be carried out on it."""

    def __init__(self, bench: Any, meter: Any) -> None:
        self.bench = bench
        self.device = Device(bench.gateway(), ZoneInfo("Europe/Amsterdam"), polyphase=True)
        self.meter = meter

    async def __call__(self, operation: str, request: Any, **device: Any) -> Any:
        context = Context(self.meter, replace(self.device, **device), lambda: datetime.now(UTC))
        return await FOUND[operation].execute(request, context)


@pytest.fixture
def at(open_meter: Make) -> Make:
    async def make(protocol: str, with_list_max: int = 16, **settings: Any) -> At:
        return At(*await open_meter(protocol, with_list_max, **settings))

    return make


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_meter_tells_all_that_it_has(at: Make, protocol: str) -> None:
    place = await at(protocol)
    listed = (await place("GetAssociationLnObjects", GetAssociationLnObjectsRequest())).objects
    told = json.loads((await place("GetAllAttributeValues", GetAllAttributeValuesRequest())).values)
    assert [(one["class-id"], one["obis"]) for one in told] == [
        (one.class_id, ".".join(map(str, one.logical_name))) for one in listed
    ]
    values = {(one["tag"], attribute["id"]): attribute for one in told for attribute in one["attributes"]}
    assert values["ACTIVE_ENERGY_IMPORT", 2]["value"].endswith(" WATT_HOUR")
    assert values["CLOCK", 2]["value"].startswith("20")
    assert "value" not in values.get(("ASSOCIATION_LN", 7), {})
    refused = [key for key, attribute in values.items() if "error" in attribute]
    assert not refused


@pytest.mark.parametrize("with_list_max", [1, 16])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_alarms_are_read_and_cleared(at: Make, protocol: str, with_list_max: int) -> None:
    place = await at(protocol, with_list_max)
    before = (await place("ReadAlarmRegister", ReadAlarmRegisterRequest())).alarms
    more = {"SMR 5.2": 2, "SMR 5.5": 4}.get(protocol, 0)
    assert len(before) == 5 + more
    await place("ClearAlarmRegister", ClearAlarmRegisterRequest())
    assert (await place("ReadAlarmRegister", ReadAlarmRegisterRequest())).alarms == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_events_and_outages(at: Make, protocol: str) -> None:
    place = await at(protocol)
    found = 0
    for category in EventLogCategory:
        log = EventLogRange(category=category, begin_date=NOW - 3650 * DAY, end_date=NOW + DAY)
        try:
            events = (await place("FindEvents", FindEventsRequest(logs=[log]))).events
        except PlatformError as failure:
            if failure.code.number != 416:
                raise
            continue
        found += len(events)
        assert all(log.begin_date <= event.timestamp <= log.end_date for event in events)
    outages = (await place("GetOutages", GetOutagesRequest())).outages
    assert all(outage.duration is not None for outage in outages)
    assert found > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_power_quality_now(at: Make, protocol: str) -> None:
    place = await at(protocol)
    for kind in (PUBLIC, PRIVATE):
        found = await place("ActualPowerQuality", ActualPowerQualityRequest(profile_type=kind))
        told = dict(zip([one.name for one in found.objects], found.values, strict=True))
        units = {one.name: one.unit for one in found.objects}
        assert told["CLOCK"].moment is not None
        assert all(value != type(value)() for value in told.values())
        if kind is PUBLIC:
            assert Decimal(200) < told["INSTANTANEOUS_VOLTAGE_L3"].number < Decimal(250)
            assert units["INSTANTANEOUS_VOLTAGE_L3"] is Unit.V


@pytest.mark.parametrize("protocol", ["SMR 5.2", "SMR 5.5"])
async def test_distortion(at: Make, protocol: str) -> None:
    found = (await (await at(protocol))("GetThdFingerprint", GetThdFingerprintRequest())).fingerprint
    assert (found.instantaneous_current_l1, found.instantaneous_current_l3) == (317, 717)
    assert found.fingerprint_l2 == list(range(201, 216))
    assert found.over_limit_counter_l2 == 5136


@pytest.mark.parametrize(
    ("protocol", "method", "packet"),
    [("SMR 4.3", "CDMA", "CDMA"), ("SMR 5.1", "GPRS", "GPRS"), ("SMR 5.5", "LTE", "LTE")],
)
async def test_modem(at: Make, protocol: str, method: str, packet: str) -> None:
    place = await at(protocol)
    found = await place("GetGsmDiagnostic", GetGsmDiagnosticRequest(), communication_method=method)
    assert found.operator == "Utility Connect"
    assert found.packet_switched_status is PacketSwitchedStatus(packet)
    assert (found.cell_info.cell_id, found.cell_info.signal_quality) == (77, SignalQuality.MINUS_87_DBM)
    assert [one.cell_id for one in found.adjacent_cells] == [93, 94]
    assert found.capture_time is not None


@pytest.mark.parametrize(("protocol", "kind"), [("SMR 5.1", "PARTIAL_POWER_OUTAGE"), ("SMR 5.5", "LAST_GASP")])
async def test_a_test_alarm_is_scheduled(at: Make, protocol: str, kind: str) -> None:
    request = scheduler_contract.TestAlarmSchedulerRequest(
        schedule_time=NOW + 365 * DAY, alarm_type=scheduler_contract.TestAlarmType(kind)
    )
    response = await (await at(protocol))("TestAlarmScheduler", request)
    assert isinstance(response, scheduler_contract.TestAlarmSchedulerResponse)


HABITS = {
    "by the standard": BufferRules(),
    "null clocks": BufferRules(null_clock=True),
    "no columns": BufferRules(columns=False),
    "row before": BufferRules(row_before=True),
    "upper limit excluded": BufferRules(to_exclusive=True),
    "no ranges": BufferRules(ranges=False),
}


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0"])
async def test_rows_of_a_day_whatever_the_habits_of_the_make(at: Make, protocol: str, habit: str) -> None:
    place = await at(protocol, buffers=HABITS[habit])
    end = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    request = GetProfileGenericDataRequest(
        obis="1.0.99.1.0.255",
        begin_date=end - DAY,
        end_date=end,
        selected_values=[ColumnChoice(class_id=3, logical_name="1.0.1.8.0.255", attribute=2)],
    )
    found = await place("GetProfileGenericData", request)
    assert [row.values[0].moment for row in found.rows] == [end - DAY + number * QUARTER for number in range(97)]
    assert [(one.logical_name, one.unit) for one in found.columns[1:]] == [("1.0.1.8.0.255", Unit.KWH)]
    energies = [row.values[1].number for row in found.rows]
    assert all(former <= latter for former, latter in pairwise(energies))
    assert (found.gaps, found.undated_rows, found.capture_period) == ([], 0, 900)


ENTRY_HABITS = {
    "by entry": BufferRules(by_entry=True),
    "no entries": BufferRules(),
    "no selection at all": BufferRules(ranges=False),
}


@pytest.mark.parametrize("habit", ENTRY_HABITS)
async def test_rows_by_their_number(at: Make, habit: str) -> None:
    place = await at("SMR 5.0.0", buffers=ENTRY_HABITS[habit])
    chosen = [ColumnChoice(class_id=3, logical_name="1.0.1.8.0.255", attribute=2)]

    async def read(first: int, last: int | None) -> Sequence[ProfileRow]:
        request = GetProfileGenericDataRequest(
            obis="1.0.99.1.0.255", from_entry=first, to_entry=last, selected_values=chosen
        )
        found: GetProfileGenericDataResponse = await place("GetProfileGenericData", request)
        assert [one.logical_name for one in found.columns] == ["0.0.1.0.0.255", "1.0.1.8.0.255"]
        assert not found.gaps
        return found.rows

    everything = await read(1, None)
    assert len(everything) == 960
    assert await read(5, 10) == everything[4:10]
    assert await read(955, 2_000) == everything[954:]
    assert await read(961, None) == []


@pytest.mark.parametrize("protocol", PROTOCOLS[1:])
async def test_power_quality_profiles(at: Make, protocol: str) -> None:
    place = await at(protocol)
    end = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    for kind in (PUBLIC, PRIVATE):
        request = GetPowerQualityProfileRequest(profile_type=kind, begin_date=end - DAY, end_date=end)
        found = await place("GetPowerQualityProfile", request)
        assert found.profiles
        for one in found.profiles:
            assert len(one.rows) in (97, 145)  # every 15 or 10 minutes
            assert all(len(row.values) == len(one.columns) for row in one.rows)
            assert one.columns[0].logical_name == "0.0.1.0.0.255"
            assert not one.gaps


async def test_a_meter_without_power_quality_profiles(at: Make) -> None:
    place = await at("DSMR 2.2")
    request = GetPowerQualityProfileRequest(profile_type=PUBLIC, begin_date=NOW - DAY, end_date=NOW)
    with pytest.raises(PlatformError, match=r"No PQ profile found in profile DSMR version 2\.2"):
        await place("GetPowerQualityProfile", request)
    assert place.meter.alive
