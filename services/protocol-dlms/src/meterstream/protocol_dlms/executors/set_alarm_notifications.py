"""SetAlarmNotifications: bits of the alarm filters {1, 0.0.97.98.10.255, 2}, .11 and .12."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.set_alarm_notifications import (
    OPERATION,
    SetAlarmNotificationsRequest,
    SetAlarmNotificationsResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, double_long_unsigned
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, Target
from meterstream.protocol_dlms.model.alarms import REGISTERS, mask_of, register_of
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected
from meterstream.protocol_dlms.refusals import write_all

_LARGEST: Final = 0xFFFF_FFFF


async def execute(request: SetAlarmNotificationsRequest, context: Context) -> SetAlarmNotificationsResponse:
    """Read the filters that the request names alarms of, in one list; write those that change, in one list.

    Bits that are not named, also those without a name, stay as they are.
    """
    meter = context.meter
    filters = _filters(request, meter.profile)
    items: list[tuple[Target, Data]] = []
    for (number, target), answer in zip(filters.items(), await meter.get_list(list(filters.values())), strict=True):
        held = _held(answer, target)
        wanted = held & ~_mask(request, number, enabled=False) | _mask(request, number, enabled=True)
        if wanted != held:
            items.append((target, double_long_unsigned(wanted)))
    await write_all(meter, items, "AccessResultCode for alarm register was not SUCCESS: ")
    return SetAlarmNotificationsResponse()


def _filters(request: SetAlarmNotificationsRequest, profile: MeterProfile) -> dict[int, At]:
    """The filters, in order, that hold a named alarm and that meters of this version have."""
    named = {register_of(one.alarm_type) for one in request.notifications}
    roles = {number: f"alarm_filter_{number}" for number in REGISTERS if number in named}
    return {number: At(role) for number, role in roles.items() if role in profile.objects}


def _mask(request: SetAlarmNotificationsRequest, number: int, *, enabled: bool) -> int:
    return mask_of(number, [one.alarm_type for one in request.notifications if one.enabled is enabled])


def _held(answer: Data | DataAccessResult, target: At) -> int:
    """Raises: DEVICE_REFUSED, ILLEGAL_RESPONSE."""
    if isinstance(answer, DataAccessResult):
        raise error(
            "DEVICE_REFUSED",
            "DataObject expected to contain an alarm filter is null.",
            result=answer.name,
            value=target.role,
        )
    held = read_integer(answer, target.role)
    if held is None:
        raise unexpected(target.role, "DataObject expected to contain an alarm filter is null.")
    if not 0 <= held <= _LARGEST:
        raise unexpected(target.role, "an alarm filter has 32 bits")
    return held


def foresees(request: SetAlarmNotificationsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The filters concerned."""
    return list(_filters(request, profile).values())


EXECUTOR = Executor(OPERATION, execute, foresees=foresees, writes=True)
