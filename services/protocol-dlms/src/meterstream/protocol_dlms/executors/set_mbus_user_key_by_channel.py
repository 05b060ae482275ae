"""SetMbusUserKeyByChannel: hands its user key to whatever M-Bus device stands on a channel."""

from __future__ import annotations

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operations.set_mbus_user_key_by_channel import (
    OPERATION,
    SetMbusUserKeyByChannelRequest,
    SetMbusUserKeyByChannelResponse,
)
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.protocol_dlms.executor import Context, Device, Executor
from meterstream.protocol_dlms.executors._mbus_keys import set_user_key
from meterstream.protocol_dlms.mbus import standing_on


async def execute(request: SetMbusUserKeyByChannelRequest, context: Context) -> SetMbusUserKeyByChannelResponse:
    """Return once the gateway has taken the key, or with who stands there where the registry knows nobody.

    Raises: UNKNOWN_DEVICE where nobody stands on the channel, or another one than the registry knows there.
    """
    try:
        values = await standing_on(context.meter, request.channel)
    except PlatformError as failure:
        if failure.code.name != "NO_DEVICE_FOUND_ON_CHANNEL":
            raise
        raise _unknown(MbusChannelValues(channel=request.channel)) from failure
    there = [known for known in context.device.mbus_devices.values() if known.channel == request.channel]
    if not there:
        return SetMbusUserKeyByChannelResponse(channel_values=values)
    for known in there:
        if _is(known, values):
            device = Device(known.device_identification, channel=request.channel)
            await set_user_key(device, context)
            return SetMbusUserKeyByChannelResponse()
    raise _unknown(values)


def _is(known: MbusDevice, values: MbusChannelValues) -> bool:
    return (known.identification_number, known.manufacturer) == (values.identification_number, values.manufacturer)


def _unknown(values: MbusChannelValues) -> PlatformError:
    return error(
        "UNKNOWN_DEVICE",
        f"Unable to find M-Bus device for M-Bus identification number: {values.identification_number} "
        f"and manufacturer ID: {values.manufacturer}",
        channel=values.channel,
    )


EXECUTOR = Executor(OPERATION, execute, writes=True)
