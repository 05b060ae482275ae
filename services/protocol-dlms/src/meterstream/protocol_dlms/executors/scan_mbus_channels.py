"""ScanMbusChannels: the short identifiers on the four channels, read as one list."""

from __future__ import annotations

from meterstream.contracts.operations.scan_mbus_channels import (
    OPERATION,
    MbusShortId,
    ScanMbusChannelsRequest,
    ScanMbusChannelsResponse,
    ScannedChannel,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import CLIENT, channel_values, read_clients, targets
from meterstream.protocol_dlms.model.mbus import CHANNELS, SHORT_ID, UNREADABLE_NUMBER, is_number


async def execute(request: ScanMbusChannelsRequest, context: Context) -> ScanMbusChannelsResponse:  # noqa: ARG001  # the request has no fields
    """Read all in one list; a channel that the meter does not have comes without an identifier.

    Raises: AccessRefused, ILLEGAL_RESPONSE.
    """
    meter = context.meter
    found = []
    for channel, answers in zip(CHANNELS, await read_clients(meter, CHANNELS, SHORT_ID), strict=True):
        values = channel_values(meter.profile, channel, answers)
        short_id = None
        if values is not None:
            number = values.identification_number
            short_id = MbusShortId(
                identification_number=number if number is None or is_number(number) else number + UNREADABLE_NUMBER,
                manufacturer=values.manufacturer,
                version=values.version,
                device_type=values.device_type,
            )
        found.append(ScannedChannel(channel=channel, short_id=short_id))
    return ScanMbusChannelsResponse(channels=found)


def foresees(request: ScanMbusChannelsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All of it."""
    return targets(CHANNELS, SHORT_ID) if CLIENT in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
