"""DecoupleMbusDevice: takes an M-Bus device off its channel and empties what the gateway knows of it."""

from __future__ import annotations

from meterstream.contracts.operations.decouple_mbus_device import (
    OPERATION,
    DecoupleMbusDeviceRequest,
    DecoupleMbusDeviceResponse,
)
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.mbus import empty_channel, found_empty, named_device


async def execute(request: DecoupleMbusDeviceRequest, context: Context) -> DecoupleMbusDeviceResponse:
    """Three exchanges: read, slave_deinstall, empty; none where the device is on no channel.

    Raises: NO_MBUS_DEVICE_CHANNEL_FOUND, AccessRefused.
    """
    channel = named_device(context.device, request.mbus_device_identification).channel
    if channel is None:
        return DecoupleMbusDeviceResponse()
    return DecoupleMbusDeviceResponse(channel_values=await empty_channel(context.meter, channel))


async def verify(request: DecoupleMbusDeviceRequest, context: Context) -> DecoupleMbusDeviceResponse | None:
    """Whether the channel is empty now; what stood there is not known any more."""
    channel = named_device(context.device, request.mbus_device_identification).channel
    if channel is None:
        return DecoupleMbusDeviceResponse()
    values = await found_empty(context.meter, channel)
    return None if values is None else DecoupleMbusDeviceResponse(channel_values=values)


EXECUTOR = Executor(OPERATION, execute, verify=verify, writes=True)
