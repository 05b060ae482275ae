"""The features "monitoring", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import re

import mbus
import pytest
from afterwards import eventually
from notices import notices_of
from pytest_bdd import given, parsers, scenarios, then
from soap_client import flat
from world import Table, World

scenarios("features/monitoring")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

OBJECTS = "ActualPowerQualityData/PowerQualityObjects/PowerQualityObject"
HARMONICS = 15


def system_events(world: World, device: str) -> list[dict[str, str]]:
    """Notifications that tell of one."""
    return [one for one in notices_of(world, device) if one.get("NotificationType") == "SYSTEM_EVENT"]


@given(parsers.parse('the gas meter "{mbus_device}" is coupled on channel 1 of "{device}"'))
def its_gas_meter(world: World, mbus_device: str, device: str) -> None:
    mbus.register_standing_there(world, mbus_device, device)
    world.done("CoupleMbusDeviceByChannel", device, {"channel": 1})


@then("the objects of power quality now are")
def objects_are(world: World, datatable: Table) -> None:
    assert world.refusal is None, world.refusal
    numbers = [match[1] for path in world.answer if (match := re.match(rf"{OBJECTS}/(\d+)/Name$", path))]
    found = [[world.answer[f"{OBJECTS}/{one}/Name"], world.answer[f"{OBJECTS}/{one}/unit"]] for one in numbers]
    assert found == datatable[1:]


@then(
    parsers.parse(
        "the fingerprint of L1 has 15 values from {first:d}, that of L2 from {second:d}, that of L3 from {third:d}"
    )
)
def fingerprints(world: World, first: int, second: int, third: int) -> None:
    for phase, least in enumerate((first, second, third), 1):
        base = f"ThdFingerprint/ThdInstantaneousCurrentFingerprintL{phase}/FingerprintValue"
        found = [int(world.answer[f"{base}/{number}"]) for number in range(1, HARMONICS + 1)]
        assert found == list(range(least, least + HARMONICS))


@then(parsers.parse('a system event of "{device}" is told'))
def system_event_told(world: World, device: str) -> None:
    eventually(lambda: bool(system_events(world, device)), "a system event")
    notice = system_events(world, device)[0]
    asked = {"DeviceIdentification": device, "CorrelationUid": notice["correlationUid"]}
    world.answer = flat(world.soap.call("GetSystemEvent", asked))


@then(parsers.parse('no system event of "{device}" is told'))
def no_system_event_told(world: World, device: str) -> None:
    assert system_events(world, device) == []
