"""SetDeviceAuthorisations: who may do what with a device, beside its owner."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Authorisation, FunctionGroup, Recorded


class SetDeviceAuthorisationsRequest(OperationRequest):
    """These authorisations replace those that there are; the owner is not among them: SetDeviceOwner changes it."""

    authorisations: Annotated[list[Authorisation], Field(max_length=1000)]

    @model_validator(mode="after")
    def _leaves_the_owner_alone(self) -> Self:
        if any(grant.function_group is FunctionGroup.OWNER for grant in self.authorisations):
            raise ValueError("the owner is changed by SetDeviceOwner only")
        return self


class SetDeviceAuthorisationsResponse(Recorded):
    """When they were changed."""


OPERATION = Operation(
    name="SetDeviceAuthorisations",
    request=SetDeviceAuthorisationsRequest,
    response=SetDeviceAuthorisationsResponse,
    function="SET_DEVICE_AUTHORIZATION",
    summary="Change the authorisations for a device.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    examples=(
        SetDeviceAuthorisationsRequest(
            authorisations=[Authorisation(function_group=FunctionGroup.MONITORING, organisation="OtherOrg")]
        ),
    ),
)
