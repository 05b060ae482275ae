"""RemoveDeviceModel: takes a model without devices out of the registry."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.remove_device_model import (
    OPERATION,
    RemoveDeviceModelRequest,
    RemoveDeviceModelResponse,
)
from meterstream.domain.model.registers import MODELS, Needs, model_key
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import known_model, model_needs


def remove_device_model(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_DEVICEMODEL (601), EXISTING_DEVICE_DEVICEMODEL (603), EXISTING_DEVICEMODEL_FIRMWARE (604)."""
    request = turn.request
    assert isinstance(request, RemoveDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    known = known_model(turn, request.manufacturer, request.model_code, "request.model_code")
    if known.has_devices:
        message = f"devices are of model {request.model_code} of manufacturer {request.manufacturer}"
        raise CODES["EXISTING_DEVICE_DEVICEMODEL"](message, field="request.model_code")
    if known.has_firmware:
        message = f"there is firmware for model {request.model_code} of manufacturer {request.manufacturer}"
        raise CODES["EXISTING_DEVICEMODEL_FIRMWARE"](message, field="request.model_code")
    turn.world.remove_row(MODELS, model_key(request.manufacturer, request.model_code))
    return RemoveDeviceModelResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, RemoveDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return model_needs(request.manufacturer, request.model_code)


RULE = RegistryRule(OPERATION, remove_device_model, _needs)
