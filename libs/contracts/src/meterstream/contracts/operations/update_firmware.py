"""UpdateFirmware: transfers a firmware image to a meter, verifies and activates it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.firmware import FirmwareIdentification
from meterstream.contracts.soap import Soap, SoapBinding


class UpdateFirmwareRequest(OperationRequest):
    """Send the image through the image transfer object {18, 0.0.44.0.0.255} of the meter.

    Where the command names an M-Bus device, the image is for that device and goes to its gateway, which forwards it.
    Takes minutes to hours; a broken transfer goes on with the first block that the meter lacks.
    """

    firmware_identification: Annotated[FirmwareIdentification, Soap("FirmwareIdentification")]
    activate_at: Moment | None = Field(
        None,
        description="the image is sent and verified at once and activated then; not in a bundle; at once if absent",
    )

    def busy_until(self) -> datetime | None:
        """See OperationRequest."""
        return self.activate_at


class UpdateFirmwareResponse(OperationResponse):
    """The meter was told to activate the image. It restarts; GetFirmwareVersion tells later what runs.

    `activates_at` is set as long as the meter only holds the image: it is told to activate it then.
    """

    activates_at: Moment | None = None


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
    examples=(
        UpdateFirmwareRequest(firmware_identification="DM-E100-0105"),
        UpdateFirmwareRequest(
            firmware_identification="DM-E100-0105", activate_at=datetime.fromisoformat("2026-03-02T02:00:00+00:00")
        ),
    ),
)
