"""SetDeviceOwner: the organisation that answers for a device."""

from __future__ import annotations

from meterstream.contracts.base import OrganisationIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Recorded


class SetDeviceOwnerRequest(OperationRequest):
    """The new owner; the one before keeps what else it may do."""

    owner: OrganisationIdentification


class SetDeviceOwnerResponse(Recorded):
    """When the owner was set."""


OPERATION = Operation(
    name="SetDeviceOwner",
    request=SetDeviceOwnerRequest,
    response=SetDeviceOwnerResponse,
    function="SET_OWNER",
    summary="Set the owner of a device.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    admin_only=True,
    examples=(SetDeviceOwnerRequest(owner="DemoGridOrg"),),
)
