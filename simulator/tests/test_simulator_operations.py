"""What operations of a head-end read and write, over a line, as the client role does it."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    MethodRef,
    array,
    boolean,
    double_long_unsigned,
    enum,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.dlms.objects import load_profile
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

OBJECTS = AttributeRef(15, LogicalName.parse("0.0.40.0.0.255"), 2)
CLOCK = LogicalName.parse("0.0.1.0.0.255")


def _fleet(protocol: str) -> SimulatedFleet:
    return SimulatedFleet(FleetSettings(meters=1, protocols=(protocol,)))


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.5"])
async def test_everything_the_object_list_names_can_be_read(open_meter: Any, protocol: str) -> None:
    async with _fleet(protocol) as fleet, await open_meter(fleet, 1, timeout_s=20) as session:
        listed = (await session.get(OBJECTS)).value
        assert len(listed) > 100
        for element in listed:
            class_id, _, name, (attributes, _) = (part.value for part in element.value)
            numbers = [each.value[0].value for each in attributes.value]
            assert numbers[0] == 1
            refs = [AttributeRef(class_id, LogicalName(name), number) for number in numbers]
            rows = [ref for ref in refs if class_id == 7 and ref.attribute == 2]
            values = await session.get_list([ref for ref in refs if ref not in rows])
            assert all(isinstance(value, Data) for value in values), refs


async def test_the_public_client_reads_what_it_needs_to_begin(open_meter: Any) -> None:
    async with _fleet("SMR 5.0.0") as fleet, await open_meter(fleet, 1, public=True) as session:
        listed = (await session.get(OBJECTS)).value
        assert len(listed) == 6
        assert {len(element.value[3].value[1].value) for element in listed} == {0}


async def test_a_clock_is_configured_in_one_list(open_meter: Any) -> None:
    begin, end = bytes.fromhex("FFFF03FE0702000000FFC400"), bytes.fromhex("FFFF0AFE0703000000FF8880")
    values = {3: long(-60), 5: octet_string(begin), 6: octet_string(end), 8: boolean(False)}
    async with _fleet("SMR 5.0.0") as fleet, await open_meter(fleet, 1) as session:
        items = [(AttributeRef(8, CLOCK, number), value) for number, value in values.items()]
        assert [result.name for result in await session.set_list(items)] == ["SUCCESS"] * 4
        shown = CosemDateTime.from_data(await session.get(AttributeRef(8, CLOCK, 2)))
        assert (shown.deviation, shown.status) == (-60, 0)


async def test_the_clock_is_adjusted_by_a_method(open_meter: Any) -> None:
    async with _fleet("SMR 5.0.0") as fleet, await open_meter(fleet, 1) as session:
        await session.action(MethodRef(8, CLOCK, 6), long(-600))
        assert fleet.meter(1).clock_offset_ms == -600_000


@pytest.mark.parametrize("protocol", ["SMR 5.2", "SMR 5.5"])
async def test_thd_is_configured_and_read(open_meter: Any, protocol: str) -> None:
    profile = load_profile(*protocol.split(" "))
    limits = {
        "thd_value_threshold": long_unsigned(80), "thd_value_hysteresis": long_unsigned(5),
        "thd_min_duration_normal_to_over": double_long_unsigned(600),
        "thd_min_duration_over_to_normal": double_long_unsigned(300), "thd_time_threshold": double_long_unsigned(3600),
    }  # fmt: skip
    async with _fleet(protocol) as fleet, await open_meter(fleet, 1) as session:
        defaults = await session.get_list([profile.ref(role, 2) for role in limits])
        assert [value.value for value in defaults] == [100, 10, 900, 600, 86400]
        results = await session.set_list([(profile.ref(role, 2), value) for role, value in limits.items()])
        assert [result.name for result in results] == ["SUCCESS"] * 5
        assert await session.get_list([profile.ref(role, 2) for role in limits]) == list(limits.values())
        for phase in (1, 2, 3):
            now, fingerprint, counter = await session.get_list(
                [
                    profile.ref(f"thd_instantaneous_current_l{phase}", 2),
                    profile.ref(f"thd_instantaneous_current_fingerprint_l{phase}", 2),
                    profile.ref(f"thd_current_over_limit_counter_l{phase}", 2),
                ]
            )
            assert now == long_unsigned(117 + 200 * phase)
            assert fingerprint == array(long_unsigned(100 * phase + harmonic) for harmonic in range(1, 16))
            assert counter == long_unsigned(1136 + 2000 * phase)


@pytest.mark.parametrize(
    ("role", "packet_switched"), [("cdma_diagnostic", 6), ("gprs_diagnostic", 1), ("lte_diagnostic", 5)]
)
async def test_the_state_of_the_mobile_network(open_meter: Any, role: str, packet_switched: int) -> None:
    profile = load_profile("SMR", "5.5")
    async with _fleet("SMR 5.5") as fleet, await open_meter(fleet, 1) as session:
        values = await session.get_list([profile.ref(role, number) for number in range(2, 9)])
        assert values[:4] == [visible_string("Utility Connect"), enum(5), enum(0), enum(packet_switched)]
        assert [part.value for part in values[4].value] == [77, 2230, 13, 6, 66, 204, 107]
        assert [[part.value for part in cell.value] for cell in values[5].value] == [[93, 11], [94, 12]]
        assert values[6].type is DataType.DATE_TIME
        taken, shown = CosemDateTime.from_data(values[6]), fleet.meter(1).read(AttributeRef(8, CLOCK, 2))
        assert isinstance(shown, Data)
        now = CosemDateTime.from_data(shown).to_datetime()
        moment = taken.to_datetime()
        assert moment is not None
        assert now is not None
        assert 0 <= (now - moment).total_seconds() < 65


async def test_randomisation_settings_are_a_structure_of_three(open_meter: Any) -> None:
    ref = load_profile("SMR", "5.0.0").ref("randomisation_settings", 2)
    async with _fleet("SMR 5.0.0") as fleet, await open_meter(fleet, 1) as session:
        wanted = structure(double_long_unsigned(60), long_unsigned(2), long_unsigned(3))
        await session.set(ref, wanted)
        assert await session.get(ref) == wanted
        results = await session.set_list([(ref, structure(unsigned(1))), (ref, structure())])
        assert [result.name for result in results] == ["TYPE_UNMATCHED"] * 2


async def test_a_meter_is_disconnected_and_reconnected(open_meter: Any) -> None:
    name = LogicalName.parse("0.0.96.3.10.255")
    async with _fleet("DSMR 4.2.2") as fleet, await open_meter(fleet, 1) as session:
        states = []
        for method in (1, 2):
            await session.action(MethodRef(70, name, method), integer(0))
            states.append((await session.get(AttributeRef(70, name, 2))).value)
        assert states == [False, True]


@pytest.mark.parametrize("name", ["0.0.96.1.3.255", "0.0.96.1.4.255", "0.0.96.1.7.255", "0.0.96.1.8.255"])
async def test_further_identifications_are_empty(open_meter: Any, name: str) -> None:
    async with _fleet("SMR 5.0.0") as fleet, await open_meter(fleet, 1) as session:
        assert await session.get(AttributeRef(1, LogicalName.parse(name), 2)) == octet_string(b"")


# --- what somebody at the meter does ---


async def test_the_button_of_a_meter_and_a_sag_of_its_voltage() -> None:
    name = LogicalName.parse("0.0.96.3.10.255")
    settings = FleetSettings(meters=1, protocols=("SMR 5.2",), control_port=0)
    async with SimulatedFleet(settings) as fleet, ClientSession(fleet.control_url) as http:
        meter = fleet.meter(1)
        meter.set(1, AttributeRef(70, name, 4), None, enum(1))
        meter.action(1, MethodRef(70, name, 1), integer(0))

        async def post(path: str, body: dict[str, int]) -> int:
            async with http.post(f"/meters/1/{path}", json=body) as answer:
                return answer.status

        assert await post("reconnect", {}) == 409
        meter.action(1, MethodRef(70, name, 2), integer(0))
        assert await post("reconnect", {}) == 204
        assert meter.read(AttributeRef(70, name, 2)) == boolean(True)
        assert await post("reconnect", {"now": 1}) == 400
        assert await post("voltage-event", {"code": 95, "magnitude": 1990, "duration": 7}) == 204
        assert await post("voltage-event", {"code": 99, "magnitude": 1990, "duration": 7}) == 400
        assert await post("voltage-event", {"code": 95, "magnitude": 1990}) == 400
        (event,) = meter.events("power_quality_extended_event_log")
        assert event[1:] == (95, 1990, 7)
