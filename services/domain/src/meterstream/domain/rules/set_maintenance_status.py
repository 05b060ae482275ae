"""SetMaintenanceStatus: a flag for people and lists."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_maintenance_status import (
    OPERATION,
    SetMaintenanceStatusRequest,
    SetMaintenanceStatusResponse,
)
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import change_upkeep, needs_upkeep


def set_maintenance_status(turn: RegistryTurn) -> OperationResponse:
    """Note the flag."""
    request = turn.request
    assert isinstance(request, SetMaintenanceStatusRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    change_upkeep(turn, in_maintenance=request.in_maintenance)
    return SetMaintenanceStatusResponse(recorded_at=turn.now)


RULE = RegistryRule(OPERATION, set_maintenance_status, needs_upkeep)
