"""SetMaintenanceStatus: whether somebody works on a device. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class SetMaintenanceStatusRequest(OperationRequest):
    """A flag for people and lists: a meter in maintenance is still read and set."""

    in_maintenance: Annotated[bool, Soap("Status")]


class SetMaintenanceStatusResponse(Recorded):
    """When the flag was set."""


OPERATION = Operation(
    name="SetMaintenanceStatus",
    request=SetMaintenanceStatusRequest,
    response=SetMaintenanceStatusResponse,
    function="SET_MAINTENANCE_STATUS",
    summary="Note whether a device is in maintenance.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    soap=SoapBinding(service="CoreDeviceManagement", operation="SetMaintenanceStatus"),
    examples=(SetMaintenanceStatusRequest(in_maintenance=True),),
)
