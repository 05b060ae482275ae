"""SetAdministrativeStatus: writes the status {1, 0.1.94.31.0.255, 2}."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_administrative_status import (
    OPERATION,
    SetAdministrativeStatusRequest,
    SetAdministrativeStatusResponse,
)
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.dlms.data import enum
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.refusals import told_as

_STATUS: Final = At("administrative_in_out")
_NUMBERS: Final = {status: number for number, status in enumerate(AdministrativeStatus)}


async def execute(request: SetAdministrativeStatusRequest, context: Context) -> SetAdministrativeStatusResponse:
    """Write it."""
    with told_as("AccessResultCode for set administrative status was not SUCCESS: "):
        await context.meter.set(_STATUS, enum(_NUMBERS[request.status]))
    return SetAdministrativeStatusResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
