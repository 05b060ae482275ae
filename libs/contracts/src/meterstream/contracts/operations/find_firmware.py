"""FindFirmware: one firmware file."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import Number
from meterstream.contracts.shared.firmware_files import FirmwareFile
from meterstream.contracts.soap import Soap, SoapBinding


class FindFirmwareRequest(OperationRequest):
    """Its number."""

    number: Annotated[Number, Soap("FirmwareId")]


class FindFirmwareResponse(OperationResponse):
    """The file with its contents; absent where there is none of that number."""

    firmware: Annotated[FirmwareFile | None, Soap("Firmware")] = None


OPERATION = Operation(
    name="FindFirmware",
    request=FindFirmwareRequest,
    response=FindFirmwareResponse,
    function="GET_FIRMWARE",
    summary="Show a firmware file.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("firmware/{number}",),
    needs_known_device=False,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="FindFirmware", device=None),
    examples=(FindFirmwareRequest(number=7),),
)
