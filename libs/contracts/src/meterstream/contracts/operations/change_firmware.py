"""ChangeFirmware: what is said about a firmware file."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.device_models import Number
from meterstream.contracts.shared.firmware_files import ChangedFirmware, ModuleVersions
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class ChangeFirmwareRequest(OperationRequest):
    """The file of this number; its contents stay."""

    firmware: Annotated[ChangedFirmware, Soap("Firmware")]
    number: Annotated[Number, Soap("Id")]


class ChangeFirmwareResponse(Recorded):
    """When it was changed."""


OPERATION = Operation(
    name="ChangeFirmware",
    request=ChangeFirmwareRequest,
    response=ChangeFirmwareResponse,
    function="CHANGE_FIRMWARE",
    summary="Change what is said about a firmware file.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="ChangeFirmware", device=None),
    examples=(
        ChangeFirmwareRequest(
            firmware=ChangedFirmware(active=False, module_versions=ModuleVersions(active="2.4")), number=7
        ),
    ),
)
