"""DecoupleMbusDeviceByChannel: takes whatever stands there off a channel and empties what the gateway knows of it."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.decouple_mbus_device_by_channel import (
    OPERATION,
    DecoupleMbusDeviceByChannelRequest,
    DecoupleMbusDeviceByChannelResponse,
)
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.mbus import empty_channel, found_empty
from meterstream.protocol_dlms.model.mbus import is_number

_SUCCESSFUL: Final = "Decouple Mbus Device was successful"
_SUCCESSFUL_ANYWAY: Final = (
    "Channel information could not be correctly interpreted. Mbus Device was successful decoupled anyway."
)
"""Clients know both in these words."""


async def execute(request: DecoupleMbusDeviceByChannelRequest, context: Context) -> DecoupleMbusDeviceByChannelResponse:
    """Three exchanges: read, slave_deinstall, empty.

    Raises: NO_MBUS_DEVICE_CHANNEL_FOUND, AccessRefused.
    """
    return _response(await empty_channel(context.meter, request.channel))


async def verify(
    request: DecoupleMbusDeviceByChannelRequest, context: Context
) -> DecoupleMbusDeviceByChannelResponse | None:
    """Whether the channel is empty now; what stood there is not known any more."""
    values = await found_empty(context.meter, request.channel)
    return None if values is None else _response(values)


def _response(before: MbusChannelValues) -> DecoupleMbusDeviceByChannelResponse:
    number = before.identification_number
    text = _SUCCESSFUL if number is None or is_number(number) else _SUCCESSFUL_ANYWAY
    return DecoupleMbusDeviceByChannelResponse(channel_values=before, result_text=text)


EXECUTOR = Executor(OPERATION, execute, verify=verify, writes=True)
