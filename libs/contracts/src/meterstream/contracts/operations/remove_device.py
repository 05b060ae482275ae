"""RemoveDevice: takes a device out of the registry, authorisations included; its keys stay."""

from __future__ import annotations

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target


class RemoveDeviceRequest(OperationRequest):
    """The device of the command."""


class RemoveDeviceResponse(OperationResponse):
    """The revision of the record that says so."""

    revision: int


OPERATION = Operation(
    name="RemoveDevice",
    request=RemoveDeviceRequest,
    response=RemoveDeviceResponse,
    function="REMOVE_DEVICE",
    summary="Remove a device from the registry.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    examples=(RemoveDeviceRequest(),),
)
