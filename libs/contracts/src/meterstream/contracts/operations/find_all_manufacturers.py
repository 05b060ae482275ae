"""FindAllManufacturers: who makes the devices of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import Manufacturer
from meterstream.contracts.soap import Soap, SoapBinding


class FindAllManufacturersRequest(OperationRequest):
    """All of them."""


class FindAllManufacturersResponse(OperationResponse):
    """The manufacturers by code."""

    manufacturers: Annotated[list[Manufacturer], Soap("Manufacturers")]


OPERATION = Operation(
    name="FindAllManufacturers",
    request=FindAllManufacturersRequest,
    response=FindAllManufacturersResponse,
    function="GET_MANUFACTURERS",
    summary="List the manufacturers.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="FindAllManufacturers", device=None),
    examples=(FindAllManufacturersRequest(),),
)
