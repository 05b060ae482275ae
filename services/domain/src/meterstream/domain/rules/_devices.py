"""What rules on the registry's devices share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest
from meterstream.domain.model.registers import DESCRIPTIONS, GRANTS, UPKEEP, Needs, Upkeep, rows
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import RegistryTurn


def device_of(turn: RegistryTurn) -> Device:
    """The device of the command, as earlier decisions left it.

    Raises: UNKNOWN_DEVICE (201) where one of them removed it.
    """
    identification = turn.header.device_identification
    device = turn.world.device(identification)
    if device is None:
        raise CODES["UNKNOWN_DEVICE"](f"there is no device {identification}", device=identification)
    return device


def needs_upkeep(header: CommandHeader, _: OperationRequest) -> Needs:
    """What people keep of the device."""
    return rows(UPKEEP, header.device_identification)


def needs_description(header: CommandHeader, _: OperationRequest) -> Needs:
    """What AddDevice said of the device."""
    return rows(DESCRIPTIONS, header.device_identification)


def needs_grants(header: CommandHeader, _: OperationRequest) -> Needs:
    """Who may do what with the device."""
    return rows(GRANTS, header.device_identification)


def change_upkeep(turn: RegistryTurn, **changes: Any) -> None:
    """Change what people keep of the device."""
    identification = device_of(turn).identification
    known = turn.world.row(UPKEEP, identification) or Upkeep(device_identification=identification)
    turn.world.put_row(UPKEEP, known.model_copy(update=changes))


def revise(turn: RegistryTurn, device: Device) -> Device:
    """The device with a new revision of its record; an M-Bus device has none that would have to be published."""
    revised = replace(device, revision=device.revision + 1, changed_at=turn.now)
    without_record = replace(revised, published_revision=revised.revision)
    revised = without_record if device.is_mbus else revised.with_own_gateway()
    turn.world.put_device(revised)
    return revised
