"""SetDeviceLifecycleStatusByChannel: who stands on the channel; the registry keeps the status of that device."""

from __future__ import annotations

from meterstream.contracts.operations.set_device_lifecycle_status_by_channel import (
    OPERATION,
    SetDeviceLifecycleStatusByChannelRequest,
    SetDeviceLifecycleStatusByChannelResponse,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import CLIENT, standing_on, targets
from meterstream.protocol_dlms.model.mbus import FIELDS


async def execute(
    request: SetDeviceLifecycleStatusByChannelRequest, context: Context
) -> SetDeviceLifecycleStatusByChannelResponse:
    """Read the channel as one list; nothing is written.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL, AccessRefused, ILLEGAL_RESPONSE.
    """
    return SetDeviceLifecycleStatusByChannelResponse(
        gateway_device_identification=context.device.identification,
        device_lifecycle_status=request.device_lifecycle_status,
        channel=request.channel,
        channel_values=await standing_on(context.meter, request.channel),
    )


def foresees(request: SetDeviceLifecycleStatusByChannelRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The channel."""
    return targets([request.channel], list(FIELDS)) if CLIENT in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
