"""The features "installation", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import mbus
import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from world import Table, World, rows

from meterstream.demo.fleet import Fleet, FleetSettings, running_fleet

scenarios("features/installation")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see


FleetOf = Callable[[str], Fleet]


@pytest.fixture(scope="session")
def fleet_of_one(journeys_directory: Path) -> Iterator[FleetOf]:
    """A fleet of one meter of a version: the address is its own, without a number behind the port."""
    with ExitStack() as opened:

        @cache
        def fleet(version: str) -> Fleet:
            name, _, number = version.partition(" ")
            directory = journeys_directory / f"one-{name}-{number}"
            settings = FleetSettings(directory, 1, version, protocol_name=name, protocol_version=number)
            return opened.enter_context(running_fleet(settings))

        yield fleet


@given(parsers.parse('nobody knows "{device}"'))
def nobody_knows(world: World, device: str) -> None:
    world.forget(device)
    world.mbus_devices.append(device)


@when(parsers.parse('a new meter of "{version}" in time zone "{zone}" is added as "{device}"'))
def a_new_meter(world: World, fleet_of_one: FleetOf, version: str, zone: str, device: str) -> None:
    fleet = fleet_of_one(version)
    meter, encrypt = fleet.meter(1), world.platform.installer.encrypt
    described: dict[str, Any] = {
        "Device_type": "SMART_METER_E",
        "Communication_method": "GPRS",
        "Communication_provider": "KPN",
        "Icc_id": "1234",
        "protocolName": meter.protocol_name,
        "protocolVersion": meter.protocol_version,
        "Hls5_active": True,
        "Master_key": encrypt(meter.master_key).hex(),
        "Global_encryption_unicast_key": encrypt(meter.encryption_key).hex(),
        "Authentication_key": encrypt(meter.authentication_key).hex(),
        "Delivery_date": "2026-01-05T00:00:00Z",
        "IpAddressIsStatic": True,
        "ChallengeLength": 16,
        "Port": fleet.port,
    }
    if zone != "none":
        described["Timezone"] = zone
    values = {f"Device/{name}": value for name, value in described.items()}
    model = {"DeviceModel/Manufacturer": "Test", "DeviceModel/ModelCode": "Test"}
    world.ask("AddDevice", device, {**values, **model, "overwrite": False}, {})


@when(parsers.parse('"{device}" can be reached'))
def can_be_reached(world: World, device: str) -> None:
    told = world.finish("SetCommunicationNetworkInformation", device, {"network_address": "127.0.0.1"})
    assert told["state"] == "ok"


@then(parsers.parse('the registry knows of "{device}"'))
def registry_knows(world: World, device: str, datatable: Table) -> None:
    ((description, model, zone),) = world.query(
        "select description, model, time_zone from domain.devices where device_identification = %s", device
    )
    found = {**description, **model, "time_zone": zone}
    wanted = rows(datatable)
    assert {name: "none" if found.get(name) is None else str(found[name]) for name in wanted} == wanted


@given(parsers.parse('{count:d} M-Bus devices are coupled with "{device}"'))
def so_many_coupled(world: World, count: int, device: str) -> None:
    for channel in range(1, count + 1):
        mbus_device, number = f"TESTG1099000000{channel:02d}", f"990000{channel:02d}"
        mbus.register(world, mbus_device, {"mbus_identification_number": number})
        mbus.occupy(world, device, channel, f"{channel}/{number}/LGB/66/3")
        world.done("CoupleMbusDeviceByChannel", device, {"channel": channel})


@then("the request is refused at once")
def refused_at_once(world: World) -> None:
    assert world.refusal is not None
    assert world.asked is None


@then(parsers.parse("the answer names no {name}"))
def names_no(world: World, name: str) -> None:
    assert world.refusal is None
    assert name not in world.answer


@then(parsers.re('the device that the answer names is "(?P<device>.*)"'))
def named_device(world: World, device: str) -> None:
    assert world.refusal is None
    assert world.answer.get("mbusDeviceIdentification", "") == device
