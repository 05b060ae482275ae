"""ChangeManufacturer: another name of a manufacturer."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import Manufacturer
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class ChangeManufacturerRequest(OperationRequest):
    """The manufacturer of this code gets this name and prefix rule."""

    manufacturer: Annotated[Manufacturer, Soap("Manufacturer")]


class ChangeManufacturerResponse(Recorded):
    """When it was changed."""


OPERATION = Operation(
    name="ChangeManufacturer",
    request=ChangeManufacturerRequest,
    response=ChangeManufacturerResponse,
    function="CHANGE_MANUFACTURER",
    summary="Change a manufacturer.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="ChangeManufacturer", device=None),
    examples=(ChangeManufacturerRequest(manufacturer=Manufacturer(code="DEM", name="Demo meters")),),
)
