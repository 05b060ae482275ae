"""ChangeDeviceModel: another description of a model."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class ChangeDeviceModelRequest(OperationRequest):
    """The model of this manufacturer and code gets this description."""

    device_model: Annotated[ModelEntry, Soap("DeviceModel")]


class ChangeDeviceModelResponse(Recorded):
    """When it was changed."""


OPERATION = Operation(
    name="ChangeDeviceModel",
    request=ChangeDeviceModelRequest,
    response=ChangeDeviceModelResponse,
    function="CHANGE_DEVICE_MODEL",
    summary="Change a device model.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="ChangeDeviceModel", device=None),
    examples=(
        ChangeDeviceModelRequest(
            device_model=ModelEntry(manufacturer="DEM", model_code="DM-E100", description="single phase")
        ),
    ),
)
