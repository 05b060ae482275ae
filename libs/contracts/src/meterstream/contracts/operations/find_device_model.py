"""FindDeviceModel: one model of devices."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import ModelCode, ModelEntry
from meterstream.contracts.soap import Soap, SoapBinding


class FindDeviceModelRequest(OperationRequest):
    """The first model of this code by manufacturer."""

    model_code: Annotated[ModelCode, Soap("ModelCode")]


class FindDeviceModelResponse(OperationResponse):
    """The model."""

    device_model: Annotated[ModelEntry, Soap("DeviceModel")]


OPERATION = Operation(
    name="FindDeviceModel",
    request=FindDeviceModelRequest,
    response=FindDeviceModelResponse,
    function="GET_DEVICE_MODELS",
    summary="Show a device model.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="FindDeviceModel", device=None),
    examples=(FindDeviceModelRequest(model_code="DM-E100"),),
)
