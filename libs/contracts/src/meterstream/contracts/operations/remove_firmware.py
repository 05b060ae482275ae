"""RemoveFirmware: takes a firmware file out of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import Number
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class RemoveFirmwareRequest(OperationRequest):
    """Its number; refused while a device has it."""

    number: Annotated[Number, Soap("Id")]


class RemoveFirmwareResponse(Recorded):
    """When it was removed."""


OPERATION = Operation(
    name="RemoveFirmware",
    request=RemoveFirmwareRequest,
    response=RemoveFirmwareResponse,
    function="REMOVE_FIRMWARE",
    summary="Remove a firmware file that no device has.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="RemoveFirmware", device=None),
    examples=(RemoveFirmwareRequest(number=7),),
)
