"""ClearMBusStatusOnAllChannels: reads the status of all channels, and takes back the bits that are set."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.clear_m_bus_status_on_all_channels import (
    OPERATION,
    ClearMBusStatusOnAllChannelsRequest,
    ClearMBusStatusOnAllChannelsResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import INTEGER_TYPES, Data, double_long_unsigned, integer
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context, Device, Executor, Meter
from meterstream.protocol_dlms.mbus import CLIENT
from meterstream.protocol_dlms.meter import attribute_ref, method_ref
from meterstream.protocol_dlms.model.mbus import CHANNELS
from meterstream.protocol_dlms.refusals import check_objects, told_as

_RESET_ALARM: Final = 4
_MAX_MASK: Final = 0xFFFF_FFFF


async def execute(
    request: ClearMBusStatusOnAllChannelsRequest,  # noqa: ARG001  # the request has no fields
    context: Context,
) -> ClearMBusStatusOnAllChannelsResponse:
    """One list of four reads, one list of masks, a reset for each channel with bits; the first refusal ends it.

    Raises: AccessRefused, ILLEGAL_RESPONSE; OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL before SMR 5.1.
    """
    meter = context.meter
    check_objects(context, "read_mbus_status", "clear_mbus_status", channel=CHANNELS[0])
    for channel in CHANNELS:
        method_ref(meter.profile, Call(CLIENT, _RESET_ALARM, channel))
    answers = await meter.get_list([_status(channel) for channel in CHANNELS])
    bits = {channel: _bits(meter, channel, answer) for channel, answer in zip(CHANNELS, answers, strict=True)}
    items = [(_mask(channel), double_long_unsigned(mask)) for channel, mask in bits.items() if mask]
    for (target, _), result in zip(items, await meter.set_list(items), strict=True):
        await _reset(meter, target, result)
    return ClearMBusStatusOnAllChannelsResponse()


async def _reset(meter: Meter, mask: At, written: DataAccessResult) -> None:
    if written is not DataAccessResult.SUCCESS:
        words = f"Unable to set clear status mask for M-Bus channel {mask.channel}, AccessResultCode="
        raise AccessRefused(written, attribute_ref(meter.profile, mask), words)
    with told_as(f"Call for RESET_ALARM was unsuccessful for M-Bus channel {mask.channel}, MethodResultCode="):
        await meter.action(Call(CLIENT, _RESET_ALARM, mask.channel), integer(0))


def _bits(meter: Meter, channel: int, answer: Data | DataAccessResult) -> int:
    ref = attribute_ref(meter.profile, _status(channel))
    if isinstance(answer, DataAccessResult):
        words = f"DataObject expected to contain a status mask for M-Bus channel {channel} is null: "
        raise AccessRefused(answer, ref, words)
    if answer.type in INTEGER_TYPES and isinstance(answer.value, int) and 0 <= answer.value <= _MAX_MASK:
        return answer.value
    raise error(
        "ILLEGAL_RESPONSE",
        f"DataObject expected to contain a status mask for M-Bus channel {channel} is {answer.type.name}.",
        value=f"read_mbus_status {ref}",
    )


def _status(channel: int) -> At:
    return At("read_mbus_status", channel=channel)


def _mask(channel: int) -> At:
    return At("clear_mbus_status", channel=channel)


def foresees(request: ClearMBusStatusOnAllChannelsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The status of all channels."""
    return [_status(channel) for channel in CHANNELS] if "clear_mbus_status" in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees, writes=True)
