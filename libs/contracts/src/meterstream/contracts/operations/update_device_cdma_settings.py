"""UpdateDeviceCdmaSettings: a device's place in a CDMA network. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class UpdateDeviceCdmaSettingsRequest(OperationRequest):
    """Mast segment and batch; what is absent is unknown from now on."""

    mast_segment: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=50)] | None, Soap("MastSegment")
    ] = None
    batch_number: Annotated[Annotated[int, Field(ge=1, le=32767)] | None, Soap("BatchNumber")] = None


class UpdateDeviceCdmaSettingsResponse(Recorded):
    """When the settings were taken over."""


OPERATION = Operation(
    name="UpdateDeviceCdmaSettings",
    request=UpdateDeviceCdmaSettingsRequest,
    response=UpdateDeviceCdmaSettingsResponse,
    function="UPDATE_DEVICE_CDMA_SETTINGS",
    summary="Note mast segment and batch of a device in a CDMA network.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="CoreDeviceManagement", operation="UpdateDeviceCdmaSettings"),
    examples=(UpdateDeviceCdmaSettingsRequest(mast_segment="200/1", batch_number=3),),
)
