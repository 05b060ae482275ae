"""RemoveManufacturer: takes a manufacturer without models out of the registry."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.remove_manufacturer import (
    OPERATION,
    RemoveManufacturerRequest,
    RemoveManufacturerResponse,
)
from meterstream.domain.model.registers import MANUFACTURERS, Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import known_manufacturer, manufacturer_needs


def remove_manufacturer(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_MANUFACTURER (501), EXISTING_DEVICEMODEL_MANUFACTURER (503)."""
    request = turn.request
    assert isinstance(request, RemoveManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    if known_manufacturer(turn, request.code, "request.code").has_models:
        message = f"manufacturer {request.code} has device models"
        raise CODES["EXISTING_DEVICEMODEL_MANUFACTURER"](message, field="request.code")
    turn.world.remove_row(MANUFACTURERS, request.code)
    return RemoveManufacturerResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, RemoveManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return manufacturer_needs(request.code)


RULE = RegistryRule(OPERATION, remove_manufacturer, _needs)
