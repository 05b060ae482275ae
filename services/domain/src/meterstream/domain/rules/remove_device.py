"""RemoveDevice: takes a device out of the registry; its keys stay, in no record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.remove_device import OPERATION, RemoveDeviceResponse
from meterstream.contracts.records import DeviceState
from meterstream.domain.model import keys
from meterstream.domain.model.coupling import forget_place
from meterstream.domain.model.firmware import INSTALLED, InstalledRows
from meterstream.domain.model.registers import UPKEEP, Needs, Upkeep, rows
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.model.world import World
from meterstream.domain.rules._devices import device_of, tell_lifecycle


def needs_of_removal(device: str) -> Needs:
    """What `take_out` changes beside the device."""
    return Needs(kin=frozenset({device}), rows=rows(UPKEEP, device).rows + rows(INSTALLED, device).rows)


def take_out(world: World, device: Device, now: datetime) -> int:
    """Leave nothing of the device but its keys and its revision, which goes on; returns that revision.

    What people kept of it and its firmware history go. M-Bus devices behind it stay in the registry, coupled with no
    gateway, until another one is found to have them.
    """
    if device.is_mbus:
        device = forget_place(world, device, now)
    for other in world.behind(device.identification):
        forget_place(world, other, now)
    device = world.device(device.identification) or device  # revised as it lost its channels
    removed = replace(
        device,
        state=DeviceState.REMOVED,
        revision=device.revision + 1,
        changed_at=now,
        gateway=None,
        channel=None,
        debug=False,
    )
    without_record = replace(removed, published_revision=removed.revision)
    world.put_device(without_record if device.is_mbus else removed.with_own_gateway())
    world.put_keys(device.identification, keys.retire(world.keys(device.identification), now))
    world.revoke_all(device.identification)
    world.put_row(UPKEEP, Upkeep(device_identification=device.identification))
    world.put_row(INSTALLED, InstalledRows(device_identification=device.identification))
    return removed.revision


def remove_device(turn: RegistryTurn) -> OperationResponse:
    """Remove the device with its authorisations and all that is kept of it."""
    device = device_of(turn)
    revision = take_out(turn.world, device, turn.now)
    tell_lifecycle(turn, device.identification, LifecycleChange.REMOVED)
    return RemoveDeviceResponse(revision=revision)


def _needs(header: CommandHeader, _: OperationRequest) -> Needs:
    return Needs() if header.device_identification is None else needs_of_removal(header.device_identification)


RULE = RegistryRule(OPERATION, remove_device, _needs)
