"""M-Bus devices of scenarios: in the registry, and on the channels of simulated meters.

What the M-Bus client of a channel says in attributes 5 to 9 is written address/number/manufacturer/version/type, as
9/12056731/LGB/66/3; a number that is none in hexadecimal digits.
"""

from __future__ import annotations

import os
from typing import Any

from world import World
from world import typed as typed_cell

from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel, NewDevice

EMPTY = "0/00000000//0/0"
SAMPLE: dict[str, Any] = {
    "mbus_identification_number": "12056731",
    "mbus_manufacturer_identification": "LGB",
    "mbus_version": 66,
    "mbus_device_type_identification": 3,
}
KEYS = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
TEXTS = frozenset({"mbus_identification_number"})
PLAIN_FROM = "SMR 5"
"""Versions with version 1 of the M-Bus client, whose identification number is no BCD."""
KINDS = {5: "unsigned", 6: "double-long-unsigned", 7: "long-unsigned", 8: "unsigned", 9: "unsigned"}
_LETTERS_BEFORE_A = 64


def attributes(occupant: str, version: str) -> dict[int, int]:
    """Attributes 5 to 9 in meters of a protocol version."""
    address, number, manufacturer, device_version, device_type = occupant.split("/")
    code = 0
    for letter in manufacturer:
        code = code << 5 | ord(letter) - _LETTERS_BEFORE_A
    raw = int(number, 10 if version.startswith(PLAIN_FROM) else 16)
    return {5: int(address), 6: raw, 7: code, 8: int(device_version), 9: int(device_type)}


def occupy(world: World, device: str, channel: int, occupant: str) -> None:
    """Let a channel of a simulated meter say that."""
    for attribute, value in attributes(occupant, world.versions[device]).items():
        world.fleet.control("PUT", _path(world, device, channel, attribute), {"type": KINDS[attribute], "value": value})


def occupied_by(world: World, device: str, channel: int) -> dict[int, int]:
    """What a channel of a simulated meter says now, by attribute."""
    return {number: world.fleet.control("GET", _path(world, device, channel, number))["value"] for number in KINDS}


def typed(name: str, text: str) -> Any:
    """A cell as AddDevice takes it; "none" is absent."""
    return None if text == "none" else text if name in TEXTS else typed_cell(text)


def register(world: World, device: str, changes: dict[str, Any]) -> None:
    """Add an M-Bus device that is coupled with nobody; its keys are random ones. `lifecycle_status` is set besides."""
    settings = {**SAMPLE, **changes}
    status = settings.pop("lifecycle_status", None)
    keys = {name: world.platform.installer.encrypt(os.urandom(16)) for name in KEYS}
    described = NewDevice(device_type="SMART_METER_G", **{**keys, **settings})
    request = AddDeviceRequest(device=described, device_model=DeviceModel(manufacturer="SIM", model_code="GAS"))
    world.done("AddDevice", device, request.model_dump(mode="json", exclude_none=True))
    world.mbus_devices.append(device)
    if status is not None:
        world.done("SetDeviceLifecycleStatus", device, {"lifecycle_status": status})


def register_standing_there(world: World, device: str, gateway: str) -> None:
    """Add the simulated gas meter that stands on channel 1 of a gateway, with the keys of its factory."""
    number = world.number_of(gateway)
    gas = world.fleet.gas_meter(number, 1, smr5=world.versions[gateway].startswith(PLAIN_FROM))
    request = world.platform.installer.add_mbus_device(gas).request
    world.done("AddDevice", device, request.model_dump(mode="json", exclude_none=True))
    world.mbus_devices.append(device)


def place_of(world: World, device: str) -> tuple[Any, ...]:
    """Gateway, channel and primary address of an M-Bus device as the registry knows them."""
    (found,) = world.query(
        "select gateway, channel, primary_address from domain.devices where device_identification = %s", device
    )
    return found


def _path(world: World, device: str, channel: int, attribute: int) -> str:
    return f"/meters/{world.number_of(device)}/attributes/72/0.{channel}.24.1.0.255/{attribute}"
