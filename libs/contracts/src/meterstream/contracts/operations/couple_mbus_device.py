"""CoupleMbusDevice: puts an M-Bus device of the registry on a channel of its gateway."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding


class CoupleMbusDeviceRequest(OperationRequest):
    """Look for the device on the channels of the gateway, {72, 0.x.24.1.0.255} attributes 5 to 9, x from 1 to 4.

    Where none matches, its short identifier is written to the first empty channel. `force` takes the device from the
    gateway with which it is coupled.
    """

    mbus_device_identification: Annotated[DeviceIdentification, Soap("MbusDeviceIdentification")]
    force: Annotated[bool, Soap("Force")] = False


class CoupleMbusDeviceResponse(OperationResponse):
    """The device, and the channel on which it is now."""

    mbus_device_identification: Annotated[str, Soap("MbusDeviceIdentification")]
    channel_values: Annotated[MbusChannelValues, Soap("ChannelElementValues")]


OPERATION = Operation(
    name="CoupleMbusDevice",
    request=CoupleMbusDeviceRequest,
    response=CoupleMbusDeviceResponse,
    function="COUPLE_MBUS_DEVICE",
    summary="Couple an M-Bus device with a gateway.",
    soap=SoapBinding(service="SmartMeteringInstallation", operation="CoupleMbusDevice"),
    examples=(
        CoupleMbusDeviceRequest(mbus_device_identification="G0001000000000017"),
        CoupleMbusDeviceRequest(mbus_device_identification="G0001000000000017", force=True),
    ),
)
