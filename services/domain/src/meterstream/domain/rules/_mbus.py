"""What rules on M-Bus devices share: who stands on a channel, and what is said of devices that cannot be reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterstream.contracts.envelope import CommandHeader, DlmsResponseHeader
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.domain.model.addressing import Addressing, Refusal
from meterstream.domain.model.registers import UPKEEP, Needs, rows
from meterstream.domain.model.registry import Device, mbus_name
from meterstream.domain.model.rules import Lesson, Subject
from meterstream.domain.model.world import World

_NO_CHANNEL: Final = Refusal("VALIDATION_ERROR", "Meter for gas reads should have a channel configured.")
_NO_GATEWAY: Final = Refusal("VALIDATION_ERROR", "Meter for gas reads should have an energy meter as gateway device.")

GAS_READS: Final = Addressing(no_gateway=_NO_GATEWAY, no_channel=_NO_CHANNEL, mbus_only=True, channel_first=True)
"""For gas meters alone: 401 in the words that clients know; 221 behind another meter than the bundle's."""

PROFILE_READS: Final = replace(GAS_READS, other_gateway=_NO_GATEWAY)
"""As GAS_READS, 401 behind another meter too."""

MBUS_ONLY: Final = Addressing(mbus_only=True)
"""For M-Bus devices alone: 220, 215, 221."""

FIELD: Final = "request.mbus_device_identification"


def named_mbus_device(subject: Subject, identification: str) -> Device:
    """The M-Bus device that the request names.

    Raises: UNKNOWN_DEVICE (201).
    """
    found = subject.world.device(identification)
    if found is None:
        raise CODES["UNKNOWN_DEVICE"](
            f"{FIELD}: there is no device {identification}",
            field=FIELD,
            rule="a device of the registry",
            device=identification,
        )
    return found


def needs_named(header: CommandHeader, request: OperationRequest) -> Needs:
    """What people keep of the M-Bus device that the request names, and who stands behind the command's meter."""
    gateway = header.device_identification
    kept = rows(UPKEEP, getattr(request, "mbus_device_identification", None)).rows
    return Needs(kept, kin=frozenset() if gateway is None else frozenset({gateway}))


def is_in_use(world: World, device: Device) -> bool:
    """Whether people say of the device that it is in use; nothing else they say matters to the platform."""
    kept = world.row(UPKEEP, device.identification)
    return kept is not None and kept.lifecycle_status is DeviceLifecycleStatus.IN_USE


def refuse_in_use(world: World, device: Device, field: str) -> None:
    """A device in use is not taken from its gateway.

    Raises: MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER (222).
    """
    if is_in_use(world, device):
        rule = f"an M-Bus device that is not {DeviceLifecycleStatus.IN_USE}"
        raise CODES["MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER"](
            f"{device.identification} is {DeviceLifecycleStatus.IN_USE}",
            field=field,
            rule=rule,
            device=device.identification,
        )


def needs_of_channel(header: DlmsResponseHeader, values: MbusChannelValues | None) -> Needs:
    """The gateway with who stands behind it, and whom the values on its channel name."""
    name = _name_of(values)
    return Needs(kin=frozenset({header.gateway}), mbus_names=frozenset() if name is None else frozenset({name}))


def standing_there(lesson: Lesson, values: MbusChannelValues | None) -> Device | None:
    """The registry's device that the values on a channel name; of several the one that the gateway has already."""
    name = _name_of(values)
    found = [] if name is None else lesson.world.named_by_meters(name)
    if len(found) > 1:
        found = [device for device in found if device.is_behind(lesson.gateway)]
    return found[0] if len(found) == 1 else None


def known_standing_there(lesson: Lesson, values: MbusChannelValues | None) -> Device:
    """The same, where there must be one.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL (219), NO_MATCHING_MBUS_DEVICE_FOUND (218).
    """
    if values is None or values.manufacturer is None or not values.device_type:
        raise _on_channel("NO_DEVICE_FOUND_ON_CHANNEL", "a channel with an M-Bus device", values)
    found = standing_there(lesson, values)
    if found is None:
        rule = "an M-Bus device of the registry, by identification number and manufacturer"
        raise _on_channel("NO_MATCHING_MBUS_DEVICE_FOUND", rule, values)
    return found


def _on_channel(code: str, rule: str, values: MbusChannelValues | None) -> PlatformError:
    told = {} if values is None else values.model_dump(exclude_none=True)
    seen = ", ".join(f"{name} {value}" for name, value in told.items())
    return CODES[code](f"the meter tells of {seen or 'nothing'}", field="request.channel", rule=rule)


def _name_of(values: MbusChannelValues | None) -> str | None:
    if values is None or values.manufacturer is None or values.identification_number is None:
        return None
    return mbus_name(values.manufacturer, values.identification_number.zfill(8))
