"""GetDevice: one device of the registry, as FindDevices lists it."""

from __future__ import annotations

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.operations.find_devices import FoundDevice


class GetDeviceRequest(OperationRequest):
    """Which device."""

    device_identification: DeviceIdentification


class GetDeviceResponse(OperationResponse):
    """The device; absent where the organisation may do nothing with a device of that name."""

    device: FoundDevice | None = None


OPERATION = Operation(
    name="GetDevice",
    request=GetDeviceRequest,
    response=GetDeviceResponse,
    function="GET_DEVICES",
    summary="Show a device of the registry.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("devices/{device_identification}",),
    needs_known_device=False,
    examples=(GetDeviceRequest(device_identification="E0000000000000001"),),
)
