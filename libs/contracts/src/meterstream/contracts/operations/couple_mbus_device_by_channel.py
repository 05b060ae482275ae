"""CoupleMbusDeviceByChannel: takes over the M-Bus device that a gateway has found on a channel."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel


class CoupleMbusDeviceByChannelRequest(OperationRequest):
    """Read who is on the channel, {72, 0.x.24.1.0.255} attributes 5 to 9; nothing is written to the gateway.

    The registry's device of that identification number and manufacturer becomes the gateway's.
    """

    channel: Annotated[MbusChannel, Soap("Channel")]


class CoupleMbusDeviceByChannelResponse(OperationResponse):
    """What is on the channel, and which device of the registry that is."""

    channel_values: Annotated[MbusChannelValues, Soap("ChannelElementValues")]
    mbus_device_identification: str | None = None


OPERATION = Operation(
    name="CoupleMbusDeviceByChannel",
    request=CoupleMbusDeviceByChannelRequest,
    response=CoupleMbusDeviceByChannelResponse,
    function="COUPLE_MBUS_DEVICE_BY_CHANNEL",
    summary="Couple the M-Bus device on a channel with its gateway.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringInstallation",
        operation="CoupleMbusDeviceByChannel",
        wrapper="CoupleMbusDeviceByChannelRequestData",
        bundle_action="CoupleMbusDeviceByChannelRequest",
        bundle_response="CoupleMbusDeviceByChannelResponse",
    ),
    examples=(CoupleMbusDeviceByChannelRequest(channel=2),),
)
