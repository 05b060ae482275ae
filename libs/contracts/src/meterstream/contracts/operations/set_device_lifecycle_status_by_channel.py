"""SetDeviceLifecycleStatusByChannel: where the M-Bus device on a channel is in its life."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel

_DATA = "SetDeviceLifecycleStatusByChannelResponseData"


class SetDeviceLifecycleStatusByChannelRequest(OperationRequest):
    """Read who is on the gateway's channel, {72, 0.x.24.1.0.255} attributes 5 to 9; the registry keeps the status."""

    device_lifecycle_status: Annotated[DeviceLifecycleStatus, Soap("DeviceLifecycleStatus")]
    channel: Annotated[MbusChannel, Soap("Channel")]


class SetDeviceLifecycleStatusByChannelResponse(OperationResponse):
    """The gateway, the status, and the M-Bus device of the registry that the values on the channel name."""

    gateway_device_identification: Annotated[
        str, Soap(f"{_DATA}/GatewayDeviceIdentification", bundle="GatewayDeviceIdentification")
    ]
    mbus_device_identification: Annotated[
        str | None, Soap(f"{_DATA}/MbusDeviceIdentification", bundle="MbusDeviceIdentification")
    ] = None
    device_lifecycle_status: Annotated[
        DeviceLifecycleStatus, Soap(f"{_DATA}/DeviceLifecycleStatus", bundle="DeviceLifecycleStatus")
    ]
    channel: Annotated[MbusChannel, Soap(f"{_DATA}/Channel", bundle="Channel")]
    channel_values: MbusChannelValues | None = None


OPERATION = Operation(
    name="SetDeviceLifecycleStatusByChannel",
    request=SetDeviceLifecycleStatusByChannelRequest,
    response=SetDeviceLifecycleStatusByChannelResponse,
    function="SET_DEVICE_LIFECYCLE_STATUS_BY_CHANNEL",
    summary="Set where the M-Bus device on a gateway's channel is in its life.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringManagement",
        operation="SetDeviceLifecycleStatusByChannel",
        wrapper="SetDeviceLifecycleStatusByChannelRequestData",
        device="GatewayDeviceIdentification",
        bundle_action="SetDeviceLifecycleStatusByChannelRequest",
        bundle_response="SetDeviceLifecycleStatusByChannelResponse",
    ),
    examples=(
        SetDeviceLifecycleStatusByChannelRequest(device_lifecycle_status=DeviceLifecycleStatus.IN_USE, channel=1),
    ),
)
