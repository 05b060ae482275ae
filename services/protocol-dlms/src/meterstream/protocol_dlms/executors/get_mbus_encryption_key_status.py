"""GetMbusEncryptionKeyStatus: attribute 14 of the M-Bus client of a device's channel."""

from __future__ import annotations

from meterstream.contracts.operations.get_mbus_encryption_key_status import (
    OPERATION,
    GetMbusEncryptionKeyStatusRequest,
    GetMbusEncryptionKeyStatusResponse,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import CLIENT, channel_of
from meterstream.protocol_dlms.model.mbus import KEY_STATUS, key_status


async def execute(request: GetMbusEncryptionKeyStatusRequest, context: Context) -> GetMbusEncryptionKeyStatusResponse:  # noqa: ARG001  # the step is for the device that it names
    """Read it.

    Raises: AccessRefused, ILLEGAL_RESPONSE; OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL for DSMR 2.2.
    """
    channel = channel_of(context, "Retrieving the encryption key status of an M-Bus device. No channel configured.")
    return GetMbusEncryptionKeyStatusResponse(
        mbus_device_identification=context.device.identification,
        status=key_status(await context.meter.get(At(CLIENT, KEY_STATUS, channel)), channel),
    )


def foresees(request: GetMbusEncryptionKeyStatusRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The status."""
    known = CLIENT in profile.objects and KEY_STATUS in profile.object(CLIENT).attributes
    return [At(CLIENT, KEY_STATUS, device.channel)] if known and device.channel is not None else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
