"""What rules on the registry's devices share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.add_device import NewDevice
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.domain.model.events import lifecycle_event
from meterstream.domain.model.registers import DESCRIPTIONS, GRANTS, UPKEEP, Needs, Upkeep, rows
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import RegistryTurn

PROTOCOL_VARIANTS: Final = frozenset({None, "GPRS", "CDMA", "LTE"})
"""Every protocol is known without variant and in one for each way of communication."""


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


def needs_kin(header: CommandHeader, _: OperationRequest) -> Needs:
    """The device's gateway, or the M-Bus devices behind it."""
    device = header.device_identification
    return Needs(kin=frozenset() if device is None else frozenset({device}))


def needs_grants(header: CommandHeader, _: OperationRequest) -> Needs:
    """Who may do what with the device."""
    return rows(GRANTS, header.device_identification)


def change_upkeep(turn: RegistryTurn, **changes: Any) -> None:
    """Change what people keep of the device."""
    identification = device_of(turn).identification
    known = turn.world.row(UPKEEP, identification) or Upkeep(device_identification=identification)
    turn.world.put_row(UPKEEP, known.model_copy(update=changes))


def connected_device_of(turn: RegistryTurn) -> Device:
    """The device of the command, which has a connection of its own.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for an M-Bus device.
    """
    device = device_of(turn)
    if device.is_mbus:
        field, rule = "header.device_identification", "an M-Bus device is reached through its gateway"
        raise CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule)
    return device


def description_of(turn: RegistryTurn, device: Device) -> NewDevice:
    """What AddDevice said of the device, as earlier decisions left it; the rule needs `needs_description`."""
    stored = turn.world.row(DESCRIPTIONS, device.identification)
    known = device.description or (stored.description if stored is not None else None)
    if known is None:
        raise CODES["TECHNICAL_ERROR"](f"the registry holds no description of {device.identification}")
    return known


def tell_lifecycle(
    turn: RegistryTurn, device: str, change: LifecycleChange, status: DeviceLifecycleStatus | None = None
) -> None:
    """Let those know who may what became of the device."""
    cause = (turn.header.organisation, turn.header.correlation_uid)
    turn.world.tell(lifecycle_event(device, change, cause, turn.now, status))


def revise(turn: RegistryTurn, device: Device) -> Device:
    """The device with a new revision of its record; an M-Bus device has none that would have to be published."""
    revised = replace(device, revision=device.revision + 1, changed_at=turn.now)
    without_record = replace(revised, published_revision=revised.revision)
    revised = without_record if device.is_mbus else revised.with_own_gateway()
    turn.world.put_device(revised)
    return revised
