"""DecoupleMbusDeviceByChannel: empties a channel of a gateway."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel


class DecoupleMbusDeviceByChannelRequest(OperationRequest):
    """Read attributes 5 to 9 of the channel's M-Bus client {72, 0.x.24.1.0.255}, invoke method 2 slave_deinstall.

    Then the attributes are emptied, and the registry's device on that channel has no gateway any more.
    """

    channel: Annotated[MbusChannel, Soap("Channel")]


class DecoupleMbusDeviceByChannelResponse(OperationResponse):
    """What was on the channel before, and which device of the registry that is, where it is known.

    `result_text` tells whether the identification number was one.
    """

    mbus_device_identification: Annotated[str | None, Soap("mbusDeviceIdentification")] = None
    channel_values: Annotated[MbusChannelValues, Soap("ChannelElementValues")]
    result_text: Annotated[str | None, Soap("resultString")] = None


OPERATION = Operation(
    name="DecoupleMbusDeviceByChannel",
    request=DecoupleMbusDeviceByChannelRequest,
    response=DecoupleMbusDeviceByChannelResponse,
    function="DECOUPLE_MBUS_DEVICE_BY_CHANNEL",
    summary="Decouple the M-Bus device on a channel from its gateway.",
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringInstallation",
        operation="DecoupleMbusDeviceByChannel",
        wrapper="DecoupleMbusDeviceByChannelRequestData",
        bundle_action="DecoupleMbusDeviceByChannelRequest",
        bundle_response="DecoupleMbusDeviceByChannelResponse",
    ),
    examples=(DecoupleMbusDeviceByChannelRequest(channel=2),),
)
