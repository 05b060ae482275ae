"""ClearAlarmRegister: writes 0 to the alarm registers {1, 0.0.97.98.0.255, 2}, .1 and .2 that the meter's type has."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.clear_alarm_register import (
    OPERATION,
    ClearAlarmRegisterRequest,
    ClearAlarmRegisterResponse,
)
from meterstream.dlms.data import double_long_unsigned
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.model.alarms import registers_of
from meterstream.protocol_dlms.refusals import supported, write_all

_WORDS: Final = "AccessResultCode for clear alarm register was not SUCCESS: "
_CLEAR: Final = double_long_unsigned(0)


async def execute(request: ClearAlarmRegisterRequest, context: Context) -> ClearAlarmRegisterResponse:  # noqa: ARG001  # the request has no fields
    """Write all registers in one list.

    Raises: DEVICE_REFUSED for the first that the meter refuses; it may have cleared the others.
    """
    roles = registers_of(context.meter.profile).values()
    registers = supported(context.meter, *map(At, roles))
    await write_all(context.meter, [(register, _CLEAR) for register in registers], _WORDS)
    return ClearAlarmRegisterResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
