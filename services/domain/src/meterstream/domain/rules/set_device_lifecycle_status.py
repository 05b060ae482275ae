"""SetDeviceLifecycleStatus: any status may follow any other."""

from __future__ import annotations

from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_device_lifecycle_status import (
    OPERATION,
    SetDeviceLifecycleStatusRequest,
    SetDeviceLifecycleStatusResponse,
)
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import change_upkeep, device_of, needs_upkeep, tell_lifecycle


def set_device_lifecycle_status(turn: RegistryTurn) -> OperationResponse:
    """Note the status; operations on a meter are allowed in every one of them."""
    request = turn.request
    assert isinstance(request, SetDeviceLifecycleStatusRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    change_upkeep(turn, lifecycle_status=request.lifecycle_status, lifecycle_at=turn.now)
    device = device_of(turn).identification
    tell_lifecycle(turn, device, LifecycleChange.CHANGED, request.lifecycle_status)
    return SetDeviceLifecycleStatusResponse(recorded_at=turn.now)


RULE = RegistryRule(OPERATION, set_device_lifecycle_status, needs_upkeep)
