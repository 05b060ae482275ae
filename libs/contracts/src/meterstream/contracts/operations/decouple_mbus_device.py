"""DecoupleMbusDevice: takes an M-Bus device off the channel of its gateway."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap, SoapBinding


class DecoupleMbusDeviceRequest(OperationRequest):
    """Read attributes 5 to 9 of the channel's M-Bus client {72, 0.x.24.1.0.255}, invoke method 2 slave_deinstall.

    Then the attributes are emptied. A device that is on no channel is left as it is.
    """

    mbus_device_identification: Annotated[DeviceIdentification, Soap("MbusDeviceIdentification")]


class DecoupleMbusDeviceResponse(OperationResponse):
    """The device, and what was on its channel before; nothing where it was on none."""

    mbus_device_identification: str | None = None
    channel_values: MbusChannelValues | None = None


OPERATION = Operation(
    name="DecoupleMbusDevice",
    request=DecoupleMbusDeviceRequest,
    response=DecoupleMbusDeviceResponse,
    function="DECOUPLE_MBUS_DEVICE",
    summary="Decouple an M-Bus device from its gateway.",
    soap=SoapBinding(service="SmartMeteringInstallation", operation="DecoupleMbusDevice"),
    examples=(DecoupleMbusDeviceRequest(mbus_device_identification="G0001000000000017"),),
    aliases=("DeCoupleMbusDevice",),
)
