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
from meterstream.protocol_dlms.refusals import write_one

_STATUS: Final = At("administrative_in_out")
_NUMBERS: Final = {status: number for number, status in enumerate(AdministrativeStatus)}


async def execute(request: SetAdministrativeStatusRequest, context: Context) -> SetAdministrativeStatusResponse:
    """Write it."""
    await write_one(
        context.meter,
        _STATUS,
        enum(_NUMBERS[request.status]),
        "AccessResultCode for set administrative status was not SUCCESS: ",
    )
    return SetAdministrativeStatusResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
