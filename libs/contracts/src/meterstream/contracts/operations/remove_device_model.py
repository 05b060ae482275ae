"""RemoveDeviceModel: takes a model out of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import ManufacturerCode, ModelCode
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class RemoveDeviceModelRequest(OperationRequest):
    """Refused while a device or a firmware file is of this model."""

    model_code: Annotated[ModelCode, Soap("DeviceModelId")]
    manufacturer: Annotated[ManufacturerCode, Soap("DeviceManufacturerId")]


class RemoveDeviceModelResponse(Recorded):
    """When it was removed."""


OPERATION = Operation(
    name="RemoveDeviceModel",
    request=RemoveDeviceModelRequest,
    response=RemoveDeviceModelResponse,
    function="REMOVE_DEVICE_MODEL",
    summary="Remove a device model that nothing refers to.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="RemoveDeviceModel", device=None),
    examples=(RemoveDeviceModelRequest(manufacturer="DEM", model_code="DM-E100"),),
)
