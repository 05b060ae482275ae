"""SaveCurrentDeviceFirmware: notes which firmware file a device has now. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.firmware_files import FirmwareFile, InstalledFirmware, ModuleVersions
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class SaveCurrentDeviceFirmwareRequest(OperationRequest):
    """The file by its number or identification, and who installed it when."""

    installed: Annotated[InstalledFirmware, Soap("DeviceFirmware")]


class SaveCurrentDeviceFirmwareResponse(Recorded):
    """When it was noted."""


OPERATION = Operation(
    name="SaveCurrentDeviceFirmware",
    request=SaveCurrentDeviceFirmwareRequest,
    response=SaveCurrentDeviceFirmwareResponse,
    function="UPDATE_FIRMWARE",
    summary="Note which firmware file a device has.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    soap=SoapBinding(
        service="CoreFirmwareManagement",
        operation="SaveCurrentDeviceFirmware",
        device="DeviceFirmware/DeviceIdentification",
    ),
    examples=(
        SaveCurrentDeviceFirmwareRequest(
            installed=InstalledFirmware(
                active=True,
                firmware=FirmwareFile(
                    number=7, identification="DM-E100-2.4", module_versions=ModuleVersions(active="2.4")
                ),
            )
        ),
    ),
)
