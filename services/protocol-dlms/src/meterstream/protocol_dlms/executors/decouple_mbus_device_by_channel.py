"""DecoupleMbusDeviceByChannel: takes whatever stands there off a channel and empties what the gateway knows of it."""

from __future__ import annotations

from meterstream.contracts.operations.decouple_mbus_device_by_channel import (
    OPERATION,
    DecoupleMbusDeviceByChannelRequest,
    DecoupleMbusDeviceByChannelResponse,
)
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.mbus import empty_channel, found_empty


async def execute(request: DecoupleMbusDeviceByChannelRequest, context: Context) -> DecoupleMbusDeviceByChannelResponse:
    """Three exchanges: read, slave_deinstall, empty.

    Raises: NO_MBUS_DEVICE_CHANNEL_FOUND, AccessRefused.
    """
    return DecoupleMbusDeviceByChannelResponse(channel_values=await empty_channel(context.meter, request.channel))


async def verify(
    request: DecoupleMbusDeviceByChannelRequest, context: Context
) -> DecoupleMbusDeviceByChannelResponse | None:
    """Whether the channel is empty now; what stood there is not known any more."""
    values = await found_empty(context.meter, request.channel)
    return None if values is None else DecoupleMbusDeviceByChannelResponse(channel_values=values)


EXECUTOR = Executor(OPERATION, execute, verify=verify, writes=True)
