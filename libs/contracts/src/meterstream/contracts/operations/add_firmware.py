"""AddFirmware: a new firmware file."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.firmware_files import EXAMPLE, FirmwareFile
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class AddFirmwareRequest(OperationRequest):
    """File and image identifier, and the models they are for. The identification must be new."""

    firmware: Annotated[FirmwareFile, Soap("Firmware")]


class AddFirmwareResponse(Recorded):
    """When it was added."""


OPERATION = Operation(
    name="AddFirmware",
    request=AddFirmwareRequest,
    response=AddFirmwareResponse,
    function="CREATE_FIRMWARE",
    summary="Add a firmware file.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="AddFirmware", device=None),
    examples=(AddFirmwareRequest(firmware=EXAMPLE),),
)
