"""GetAdministrativeStatus: the status {1, 0.1.94.31.0.255, 2}."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_administrative_status import (
    OPERATION,
    GetAdministrativeStatusRequest,
    GetAdministrativeStatusResponse,
)
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.dlms.data import INTEGER_TYPES
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.model.quantities import unexpected

_STATUS: Final = At("administrative_in_out")
_STATUSES: Final = tuple(AdministrativeStatus)


async def execute(request: GetAdministrativeStatusRequest, context: Context) -> GetAdministrativeStatusResponse:  # noqa: ARG001  # the request has no fields
    """Read it; any integer type will do."""
    value = await context.meter.get(_STATUS)
    if value.type not in INTEGER_TYPES or not isinstance(value.value, int):
        raise error("ILLEGAL_RESPONSE", "Received unexpected result data.", value=_STATUS.role, type=value.type.name)
    if not 0 <= value.value < len(_STATUSES):
        raise unexpected(_STATUS.role, f"a status is 0 to {len(_STATUSES) - 1}")
    return GetAdministrativeStatusResponse(status=_STATUSES[value.value])


def foresees(request: GetAdministrativeStatusRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The status."""
    return [_STATUS]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
