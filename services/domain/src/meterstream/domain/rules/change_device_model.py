"""ChangeDeviceModel: another description of a model."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.change_device_model import (
    OPERATION,
    ChangeDeviceModelRequest,
    ChangeDeviceModelResponse,
)
from meterstream.domain.model.registers import MODELS, Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import code_of, known_model, model_needs


def change_device_model(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_DEVICEMODEL (601), VALIDATION_ERROR (401)."""
    request = turn.request
    assert isinstance(request, ChangeDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    new = request.device_model
    known = known_model(turn, new.manufacturer, code_of(new), "request.device_model")
    turn.world.put_row(MODELS, known.model_copy(update={"description": new.description}))
    return ChangeDeviceModelResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, ChangeDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return model_needs(request.device_model.manufacturer, request.device_model.model_code)


RULE = RegistryRule(OPERATION, change_device_model, _needs)
