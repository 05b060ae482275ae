"""AddDeviceModel: a new model of devices."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.add_device_model import OPERATION, AddDeviceModelRequest, AddDeviceModelResponse
from meterstream.domain.model.registers import MANUFACTURERS, MODELS, ModelRow, Needs, model_key
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import code_of, known_manufacturer, model_needs


def add_device_model(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_MANUFACTURER (501), EXISTING_DEVICEMODEL (602), VALIDATION_ERROR (401)."""
    request = turn.request
    assert isinstance(request, AddDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    new = request.device_model
    code = code_of(new)
    manufacturer = known_manufacturer(turn, new.manufacturer, "request.device_model.manufacturer")
    if turn.world.row(MODELS, model_key(new.manufacturer, code)) is not None:
        message = f"manufacturer {new.manufacturer} has a device model {code}"
        raise CODES["EXISTING_DEVICEMODEL"](message, field="request.device_model.model_code")
    row = ModelRow(manufacturer=new.manufacturer, model_code=code, description=new.description)
    turn.world.put_row(MODELS, row)
    turn.world.put_row(MANUFACTURERS, manufacturer.model_copy(update={"has_models": True}))
    return AddDeviceModelResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, AddDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return model_needs(request.device_model.manufacturer, request.device_model.model_code)


RULE = RegistryRule(OPERATION, add_device_model, _needs)
