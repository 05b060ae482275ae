"""FindDeviceAuthorisations: who may do what with a device."""

from __future__ import annotations

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.registry import Authorisation


class FindDeviceAuthorisationsRequest(OperationRequest):
    """All of them."""


class FindDeviceAuthorisationsResponse(OperationResponse):
    """The authorisations by organisation and function group."""

    authorisations: list[Authorisation]


OPERATION = Operation(
    name="FindDeviceAuthorisations",
    request=FindDeviceAuthorisationsRequest,
    response=FindDeviceAuthorisationsResponse,
    function="GET_DEVICE_AUTHORIZATION",
    summary="List the authorisations for a device.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    examples=(FindDeviceAuthorisationsRequest(),),
)
