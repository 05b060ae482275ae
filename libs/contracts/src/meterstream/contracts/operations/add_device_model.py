"""AddDeviceModel: a new model of devices."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class AddDeviceModelRequest(OperationRequest):
    """Manufacturer and code together must be new; the manufacturer must be known."""

    device_model: Annotated[ModelEntry, Soap("DeviceModel")]


class AddDeviceModelResponse(Recorded):
    """When it was added."""


OPERATION = Operation(
    name="AddDeviceModel",
    request=AddDeviceModelRequest,
    response=AddDeviceModelResponse,
    function="CREATE_DEVICE_MODEL",
    summary="Add a device model.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="AddDeviceModel", device=None),
    examples=(
        AddDeviceModelRequest(
            device_model=ModelEntry(manufacturer="DEM", model_code="DM-E100", description="single phase")
        ),
    ),
)
