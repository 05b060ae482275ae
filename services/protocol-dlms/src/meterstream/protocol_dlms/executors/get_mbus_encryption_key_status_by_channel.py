"""GetMbusEncryptionKeyStatusByChannel: attribute 14 of a channel's M-Bus client, and whether anybody stands there."""

from __future__ import annotations

from meterstream.contracts.operations.get_mbus_encryption_key_status_by_channel import (
    OPERATION,
    GetMbusEncryptionKeyStatusByChannelRequest,
    GetMbusEncryptionKeyStatusByChannelResponse,
)
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import CLIENT, channel_values, targets
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.model.mbus import DEVICE_TYPE, KEY_STATUS, MANUFACTURER, key_status, nobody_there


async def execute(
    request: GetMbusEncryptionKeyStatusByChannelRequest, context: Context
) -> GetMbusEncryptionKeyStatusByChannelResponse:
    """Read manufacturer, device type and status as one list; where no device stands there is no key.

    Raises: AccessRefused, ILLEGAL_RESPONSE; OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL for DSMR 2.2.
    """
    profile, channel = context.meter.profile, request.channel
    manufacturer, device_type, status = await context.meter.get_list(_targets(channel))
    values = channel_values(profile, channel, {MANUFACTURER: manufacturer, DEVICE_TYPE: device_type})
    found = EncryptionKeyStatus.NO_ENCRYPTION_KEY
    if values is not None and not nobody_there(values):
        if isinstance(status, DataAccessResult):
            raise AccessRefused(status, attribute_ref(profile, At(CLIENT, KEY_STATUS, channel)))
        found = key_status(status, channel)
    return GetMbusEncryptionKeyStatusByChannelResponse(
        gateway_device_identification=context.device.identification, channel=channel, status=found
    )


def _targets(channel: int) -> list[At]:
    return targets([channel], [MANUFACTURER, DEVICE_TYPE, KEY_STATUS])


def foresees(request: GetMbusEncryptionKeyStatusByChannelRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All of it."""
    known = CLIENT in profile.objects and KEY_STATUS in profile.object(CLIENT).attributes
    return _targets(request.channel) if known else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
