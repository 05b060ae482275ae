"""GetFirmwareVersionGas: the simple version information {4, 0.x.24.2.11.255, 2} of a gas meter's channel."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_firmware_version_gas import (
    OPERATION,
    FirmwareVersionGas,
    GetFirmwareVersionGasRequest,
    GetFirmwareVersionGasResponse,
)
from meterstream.dlms.data import DataType
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import channel_of
from meterstream.protocol_dlms.model.quantities import unexpected

_ROLE: Final = "mbus_device_config_simple_version_info"


async def execute(request: GetFirmwareVersionGasRequest, context: Context) -> GetFirmwareVersionGasResponse:  # noqa: ARG001  # the step is for the device that it names
    """Read it.

    Raises: AccessRefused; ILLEGAL_RESPONSE where it is no version;
    OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL before SMR 5.
    """
    profile = context.meter.profile
    if _ROLE not in profile.objects:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            "Simple Version Info not supported by protocol",
            role=_ROLE,
            protocol=profile,
        )
    channel = channel_of(context, "Retrieving firmware version for gas meter. No channel configured.")
    answer = await context.meter.get(At(_ROLE, channel=channel))
    if answer.type is not DataType.OCTET_STRING or not isinstance(answer.value, bytes):
        raise unexpected(f"{_ROLE} channel {channel}", f"expected an octet-string, got {answer.type.name}")
    if not answer.value:
        raise unexpected(f"{_ROLE} channel {channel}", "the gateway knows no version")
    return GetFirmwareVersionGasResponse(version=FirmwareVersionGas(version=answer.value))


def foresees(request: GetFirmwareVersionGasRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The version."""
    return [At(_ROLE, channel=device.channel)] if _ROLE in profile.objects and device.channel is not None else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
