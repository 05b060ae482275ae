"""UpdateFirmware: transfers a firmware image to a meter, verifies and activates it."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.firmware import FirmwareIdentification
from meterstream.contracts.soap import Soap, SoapBinding


class UpdateFirmwareRequest(OperationRequest):
    """Send the image through the image transfer object {18, 0.0.44.0.0.255} of the meter.

    Where the command names an M-Bus device, the image is for that device and goes to its gateway, which forwards it.
    Takes minutes to hours; a broken transfer goes on with the first block that the meter lacks.
    """

    firmware_identification: Annotated[FirmwareIdentification, Soap("FirmwareIdentification")]


class UpdateFirmwareResponse(OperationResponse):
    """The meter was told to activate the image. It restarts; GetFirmwareVersion tells later what runs."""


OPERATION = Operation(
    name="UpdateFirmware",
    request=UpdateFirmwareRequest,
    response=UpdateFirmwareResponse,
    function="UPDATE_FIRMWARE",
    summary="Transfer a firmware image to a meter and activate it.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    long=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="UpdateFirmware",
        bundle_action="UpdateFirmwareRequest",
        bundle_response="UpdateFirmwareResponse",
    ),
    also_soap=(
        SoapBinding(
            service="CoreFirmwareManagement",
            operation="UpdateFirmware",
            due="scheduled_time",
            passed_over=("FirmwareModuleType",),
        ),
    ),
    examples=(UpdateFirmwareRequest(firmware_identification="DM-E100-0105"),),
)
