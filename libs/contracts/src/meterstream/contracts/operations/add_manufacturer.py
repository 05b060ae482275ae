"""AddManufacturer: a new manufacturer of devices."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import Manufacturer
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class AddManufacturerRequest(OperationRequest):
    """Its code must be new."""

    manufacturer: Annotated[Manufacturer, Soap("Manufacturer")]


class AddManufacturerResponse(Recorded):
    """When it was added."""


OPERATION = Operation(
    name="AddManufacturer",
    request=AddManufacturerRequest,
    response=AddManufacturerResponse,
    function="CREATE_MANUFACTURER",
    summary="Add a manufacturer.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="AddManufacturer", device=None),
    examples=(AddManufacturerRequest(manufacturer=Manufacturer(code="DEM", name="Demo meters")),),
)
