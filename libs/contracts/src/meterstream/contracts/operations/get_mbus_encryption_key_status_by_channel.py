"""GetMbusEncryptionKeyStatusByChannel: how far the user key of the device on a gateway's channel is."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel


class GetMbusEncryptionKeyStatusByChannelRequest(OperationRequest):
    """Read the status {72, 0.x.24.1.0.255, 14} of a channel; not in DSMR 2.2.

    The channel's short identifier is read first: where no device stands there is no key.
    """

    channel: Annotated[MbusChannel, Soap("Channel")]


class GetMbusEncryptionKeyStatusByChannelResponse(OperationResponse):
    """Gateway, channel and the status of the user key there; NO_ENCRYPTION_KEY where no device stands."""

    gateway_device_identification: Annotated[DeviceIdentification, Soap(None, bundle="GatewayDeviceIdentification")]
    channel: Annotated[MbusChannel, Soap(None, bundle="Channel")]
    status: Annotated[EncryptionKeyStatus, Soap("EncryptionKeyStatus")]


OPERATION = Operation(
    name="GetMbusEncryptionKeyStatusByChannel",
    request=GetMbusEncryptionKeyStatusByChannelRequest,
    response=GetMbusEncryptionKeyStatusByChannelResponse,
    function="GET_MBUS_ENCRYPTION_KEY_STATUS_BY_CHANNEL",
    summary="Read the status of the user key on a gateway's channel.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetMbusEncryptionKeyStatusByChannel",
        wrapper="GetMbusEncryptionKeyStatusByChannelRequestData",
        device="GatewayDeviceIdentification",
        bundle_action="GetMbusEncryptionKeyStatusByChannelRequest",
        bundle_response="GetMbusEncryptionKeyStatusByChannelResponse",
    ),
    examples=(GetMbusEncryptionKeyStatusByChannelRequest(channel=1),),
)
