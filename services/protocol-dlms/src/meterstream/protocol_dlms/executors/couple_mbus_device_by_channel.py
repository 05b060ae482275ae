"""CoupleMbusDeviceByChannel: who stands on a channel; the registry knows which of its devices that is."""

from __future__ import annotations

from meterstream.contracts.operations.couple_mbus_device_by_channel import (
    OPERATION,
    CoupleMbusDeviceByChannelRequest,
    CoupleMbusDeviceByChannelResponse,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import CLIENT, standing_on, targets
from meterstream.protocol_dlms.model.mbus import FIELDS


async def execute(request: CoupleMbusDeviceByChannelRequest, context: Context) -> CoupleMbusDeviceByChannelResponse:
    """Read the channel as one list; nothing is written.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL, AccessRefused, ILLEGAL_RESPONSE.
    """
    return CoupleMbusDeviceByChannelResponse(channel_values=await standing_on(context.meter, request.channel))


def foresees(request: CoupleMbusDeviceByChannelRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The channel."""
    return targets([request.channel], list(FIELDS)) if CLIENT in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
