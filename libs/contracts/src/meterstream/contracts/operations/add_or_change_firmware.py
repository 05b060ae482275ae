"""AddOrChangeFirmware: a firmware file as it is to be."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import Number
from meterstream.contracts.shared.firmware_files import EXAMPLE, FirmwareFile
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class AddOrChangeFirmwareRequest(OperationRequest):
    """Made where its identification is new, replaced otherwise; its digest is always SHA-256."""

    firmware: Annotated[FirmwareFile, Soap("Firmware")]
    number: Annotated[Number, Soap("Id")] = 0


class AddOrChangeFirmwareResponse(Recorded):
    """When the registry took it over."""


OPERATION = Operation(
    name="AddOrChangeFirmware",
    request=AddOrChangeFirmwareRequest,
    response=AddOrChangeFirmwareResponse,
    function="CHANGE_FIRMWARE",
    summary="Add or replace a firmware file.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="AddOrChangeFirmware", device=None),
    examples=(AddOrChangeFirmwareRequest(firmware=EXAMPLE),),
)
