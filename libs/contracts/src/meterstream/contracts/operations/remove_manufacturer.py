"""RemoveManufacturer: takes a manufacturer out of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import ManufacturerCode
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class RemoveManufacturerRequest(OperationRequest):
    """Its code; refused while it has models."""

    code: Annotated[ManufacturerCode, Soap("ManufacturerId")]


class RemoveManufacturerResponse(Recorded):
    """When it was removed."""


OPERATION = Operation(
    name="RemoveManufacturer",
    request=RemoveManufacturerRequest,
    response=RemoveManufacturerResponse,
    function="REMOVE_MANUFACTURER",
    summary="Remove a manufacturer without models.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="RemoveManufacturer", device=None),
    examples=(RemoveManufacturerRequest(code="DEM"),),
)
