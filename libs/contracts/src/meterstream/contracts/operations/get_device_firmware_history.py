"""GetDeviceFirmwareHistory: which firmware files a device had. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.firmware_files import InstalledFirmware
from meterstream.contracts.soap import Soap, SoapBinding


class GetDeviceFirmwareHistoryRequest(OperationRequest):
    """All of them."""


class GetDeviceFirmwareHistoryResponse(OperationResponse):
    """The files, the newest first, without their contents, and the device's model."""

    device_identification: Annotated[str, Soap("DeviceFirmwareHistory/DeviceIdentification")]
    firmwares: Annotated[list[InstalledFirmware], Soap("DeviceFirmwareHistory/DeviceFirmwares")]
    device_model: Annotated[ModelEntry | None, Soap("DeviceFirmwareHistory/DeviceModel")] = None


OPERATION = Operation(
    name="GetDeviceFirmwareHistory",
    request=GetDeviceFirmwareHistoryRequest,
    response=GetDeviceFirmwareHistoryResponse,
    function="GET_FIRMWARE_VERSION",
    summary="List the firmware files that a device had.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="GetDeviceFirmwareHistory"),
    examples=(GetDeviceFirmwareHistoryRequest(),),
)
