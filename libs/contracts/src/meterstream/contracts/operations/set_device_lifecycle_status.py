"""SetDeviceLifecycleStatus: where a device is in its life. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class SetDeviceLifecycleStatusRequest(OperationRequest):
    """Any status may follow any other."""

    lifecycle_status: Annotated[DeviceLifecycleStatus, Soap("DeviceLifecycleStatus")]


class SetDeviceLifecycleStatusResponse(Recorded):
    """When the status was set."""


OPERATION = Operation(
    name="SetDeviceLifecycleStatus",
    request=SetDeviceLifecycleStatusRequest,
    response=SetDeviceLifecycleStatusResponse,
    function="SET_DEVICE_LIFECYCLE_STATUS",
    summary="Set where a device is in its life.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="CoreDeviceManagement", operation="SetDeviceLifecycleStatus"),
    examples=(SetDeviceLifecycleStatusRequest(lifecycle_status=DeviceLifecycleStatus.IN_USE),),
)
