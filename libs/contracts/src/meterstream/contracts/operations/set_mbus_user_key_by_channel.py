"""SetMbusUserKeyByChannel: gives the M-Bus device on a gateway's channel a new user key."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel


class SetMbusUserKeyByChannelRequest(OperationRequest):
    """Read the identity of the device on the channel, {72, 0.x.24.1.0.255} attributes 5 to 9, and find it in the
    registry; then make a user key and send it as SetKeyOnGMeter does.

    A device that the registry knows on no channel is coupled on this one by a first attempt, which fails with
    GATEWAY_CHANGED for another to go on.
    """

    channel: Annotated[MbusChannel, Soap("Channel")]


class SetMbusUserKeyByChannelResponse(OperationResponse):
    """The gateway has taken the key; whether the device has, GetMbusEncryptionKeyStatusByChannel tells.

    `channel_values` between worker and registry: who stands there, for whom there was no key yet.
    """

    channel_values: MbusChannelValues | None = None


OPERATION = Operation(
    name="SetMbusUserKeyByChannel",
    request=SetMbusUserKeyByChannelRequest,
    response=SetMbusUserKeyByChannelResponse,
    function="SET_MBUS_USER_KEY_BY_CHANNEL",
    summary="Give the M-Bus device on a gateway's channel a new user key.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetMbusUserKeyByChannel",
        wrapper="SetMbusUserKeyByChannelRequestData",
        bundle_action="SetMbusUserKeyByChannelRequest",
        bundle_response="ActionResponse",
        result_text="Setting M-Bus User key by channel was successful",
    ),
    examples=(SetMbusUserKeyByChannelRequest(channel=2),),
)
