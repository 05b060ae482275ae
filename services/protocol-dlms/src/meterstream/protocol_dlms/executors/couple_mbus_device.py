"""CoupleMbusDevice: finds an M-Bus device on the channels of a gateway, or puts it on a free one."""

from __future__ import annotations

from meterstream.contracts.errors import error
from meterstream.contracts.operations.couple_mbus_device import (
    OPERATION,
    CoupleMbusDeviceRequest,
    CoupleMbusDeviceResponse,
)
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, Meter
from meterstream.protocol_dlms.mbus import (
    CLIENT,
    channel_values,
    checked,
    named_device,
    read_clients,
    targets,
    write_client,
)
from meterstream.protocol_dlms.model.mbus import CHANNELS, FIELDS, best_match, encode, is_free, is_on, named_by


async def execute(request: CoupleMbusDeviceRequest, context: Context) -> CoupleMbusDeviceResponse:
    """Read all channels in one list; write to the first free one only where the device stands on none.

    Raises: NO_MBUS_DEVICE_CHANNEL_FOUND when no channel is free; VALIDATION_ERROR when too little is known of the
    device to name it to the meter; AccessRefused; ILLEGAL_RESPONSE.
    """
    device = named_device(context.device, request.mbus_device_identification)
    channels = await _up_to(device, context.meter)
    found = next((values for values in channels if is_on(device, values)), None) or best_match(device, channels)
    if found is None:
        found = await _put(device, channels, context.meter)
    return _response(device, found)


async def verify(request: CoupleMbusDeviceRequest, context: Context) -> CoupleMbusDeviceResponse | None:
    """Whether the device stands on a channel now; raises as execute."""
    device = named_device(context.device, request.mbus_device_identification)
    channels = await _up_to(device, context.meter)
    return _response(device, channels[-1]) if channels and is_on(device, channels[-1]) else None


async def _up_to(device: MbusDevice, meter: Meter) -> list[MbusChannelValues]:
    """The channels up to the one on which the device stands; all where it stands on none."""
    found: list[MbusChannelValues] = []
    for channel, answers in zip(CHANNELS, await read_clients(meter, CHANNELS, list(FIELDS)), strict=True):
        values = channel_values(meter.profile, channel, answers)
        if values is not None:
            found.append(checked(values))
            if is_on(device, values):
                break
    return found


async def _put(device: MbusDevice, channels: list[MbusChannelValues], meter: Meter) -> MbusChannelValues:
    free = next((values for values in channels if is_free(values)), None)
    if free is None:
        raise error("NO_MBUS_DEVICE_CHANNEL_FOUND", "no channel of the gateway is free")
    values = named_by(device, free.channel)
    _check_complete(device, values)
    try:
        encoded = encode(values, meter.profile.object(CLIENT).version)
    except ValueError as wrong:
        raise error("VALIDATION_ERROR", f"{device.device_identification}: {wrong}", rule=str(wrong)) from None
    await write_client(meter, free.channel, encoded.items())
    return values.model_copy(update={"primary_address": values.primary_address or 0})


def _check_complete(device: MbusDevice, values: MbusChannelValues) -> None:
    """A device without primary address is found by its short identifier alone. Raises: VALIDATION_ERROR."""
    missing = [
        field
        for field in FIELDS.values()
        if field != "primary_address" and not values.primary_address and getattr(values, field) is None
    ]
    if missing:
        told = ", ".join(missing)
        raise error("VALIDATION_ERROR", f"{device.device_identification} has no {told}", field=told, rule="is known")


def _response(device: MbusDevice, values: MbusChannelValues) -> CoupleMbusDeviceResponse:
    return CoupleMbusDeviceResponse(mbus_device_identification=device.device_identification, channel_values=values)


def foresees(request: CoupleMbusDeviceRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All channels."""
    return targets(CHANNELS, list(FIELDS)) if CLIENT in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, verify=verify, foresees=foresees, writes=True)
