"""FindAllFirmwares: the firmware files for a model."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import ModelCode
from meterstream.contracts.shared.firmware_files import FirmwareFile
from meterstream.contracts.soap import Soap, SoapBinding


class FindAllFirmwaresRequest(OperationRequest):
    """Files for the model; only active or inactive ones where `active` is given."""

    manufacturer: Annotated[Annotated[str, StringConstraints(max_length=255)] | None, Soap("Manufacturer")] = None
    model_code: Annotated[ModelCode, Soap("ModelCode")]
    active: Annotated[bool | None, Soap("Active")] = None


class FindAllFirmwaresResponse(OperationResponse):
    """The files by number, without their contents."""

    firmwares: Annotated[list[FirmwareFile], Soap("Firmwares")]


OPERATION = Operation(
    name="FindAllFirmwares",
    request=FindAllFirmwaresRequest,
    response=FindAllFirmwaresResponse,
    function="GET_FIRMWARE",
    summary="List the firmware files for a device model.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("firmware",),
    needs_known_device=False,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="FindAllFirmwares", device=None),
    examples=(FindAllFirmwaresRequest(manufacturer="DEM", model_code="DM-E100", active=True),),
)
