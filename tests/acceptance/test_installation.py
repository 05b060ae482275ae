"""The features "installation", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import mbus
import pytest
from pytest_bdd import given, parsers, scenarios, then
from world import World

scenarios("features/installation")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see


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
