"""ReadAlarmRegister: the alarm registers {1, 0.0.97.98.0.255, 2}, .1 and .2 that the meter's type has."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.read_alarm_register import (
    OPERATION,
    ReadAlarmRegisterRequest,
    ReadAlarmRegisterResponse,
)
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, Executor
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.model.alarms import read_register, registers_of
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected

_WORDS: Final = "AccessResultCode for retrieving alarm register was not SUCCESS: "
_LARGEST: Final = 0xFFFF_FFFF


async def execute(request: ReadAlarmRegisterRequest, context: Context) -> ReadAlarmRegisterResponse:  # noqa: ARG001  # the request has no fields
    """Read all registers in one list; bits that have no name are no alarms."""
    meter = context.meter
    registers = _registers(meter.profile)
    alarms: list[AlarmType] = []
    for (number, target), answer in zip(registers.items(), await meter.get_list(list(registers.values())), strict=True):
        if isinstance(answer, DataAccessResult):
            raise AccessRefused(answer, attribute_ref(meter.profile, target), _WORDS)
        value = read_integer(answer, target.role)
        if value is None or not 0 <= value <= _LARGEST:
            raise unexpected(target.role, "Invalid register value received from the meter.")
        alarms += read_register(number, value).known
    return ReadAlarmRegisterResponse(alarms=alarms)


def _registers(profile: MeterProfile) -> dict[int, At]:
    return {number: At(role) for number, role in registers_of(profile).items()}


def foresees(request: ReadAlarmRegisterRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The registers."""
    return list(_registers(profile).values())


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
