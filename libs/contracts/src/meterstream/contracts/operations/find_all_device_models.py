"""FindAllDeviceModels: which models of devices there are."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.soap import Soap, SoapBinding


class FindAllDeviceModelsRequest(OperationRequest):
    """All of them."""


class FindAllDeviceModelsResponse(OperationResponse):
    """The models by manufacturer and code."""

    device_models: Annotated[list[ModelEntry], Soap("DeviceModels")]


OPERATION = Operation(
    name="FindAllDeviceModels",
    request=FindAllDeviceModelsRequest,
    response=FindAllDeviceModelsResponse,
    function="GET_DEVICE_MODELS",
    summary="List the device models.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="FindAllDeviceModels", device=None),
    examples=(FindAllDeviceModelsRequest(),),
)
