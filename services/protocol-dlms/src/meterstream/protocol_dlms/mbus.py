"""M-Bus clients over the Meter port: who stands on the channels of a gateway, and what is written there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import MbusDevice
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import Data, integer, unsigned
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context, Device, Meter
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.model.mbus import FIELDS, NOBODY, decode, is_number, nobody_there

log = logging.getLogger(__name__)

CLIENT: Final = "mbus_client_setup"
Answers: TypeAlias = Mapping[int, Data | DataAccessResult]
"""By attribute of one M-Bus client."""

_DEINSTALL: Final = 2
_ABSENT: Final = frozenset({DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_UNAVAILABLE})


def targets(channels: Iterable[int], attributes: Sequence[int]) -> list[At]:
    """Attributes of the M-Bus clients, channel by channel."""
    return [At(CLIENT, attribute, channel) for channel in channels for attribute in attributes]


async def read_clients(meter: Meter, channels: Sequence[int], attributes: Sequence[int]) -> list[Answers]:
    """What the meter answers for each channel, read as one list."""
    answers = iter(await meter.get_list(targets(channels, attributes)))
    return [{attribute: next(answers) for attribute in attributes} for _ in channels]


def channel_values(profile: MeterProfile, channel: int, answers: Answers) -> MbusChannelValues | None:
    """What a client says of its channel; None: the meter has no such client.

    Raises: AccessRefused for an attribute that the meter refuses; ILLEGAL_RESPONSE.
    """
    if _absent(answers):
        return None
    found = {FIELDS[attribute]: _value(profile, channel, attribute, answer) for attribute, answer in answers.items()}
    return MbusChannelValues(channel=channel, **found)


async def standing_on(meter: Meter, channel: int) -> MbusChannelValues:
    """The device on a channel.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL; AccessRefused; ILLEGAL_RESPONSE.
    """
    (answers,) = await read_clients(meter, [channel], list(FIELDS))
    values = channel_values(meter.profile, channel, answers)
    if values is None or nobody_there(values):
        raise error("NO_DEVICE_FOUND_ON_CHANNEL", f"no device stands on channel {channel}", channel=channel)
    return checked(values)


def checked(values: MbusChannelValues) -> MbusChannelValues:
    """The values, where their identification number is one. Raises: ILLEGAL_RESPONSE."""
    if values.identification_number is None or is_number(values.identification_number):
        return values
    raise error(
        "ILLEGAL_RESPONSE",
        f"Invalid Channel information in channel {values.channel}",
        value=f"{CLIENT} attribute 6",
        channel=values.channel,
    )


async def write_client(meter: Meter, channel: int, values: Iterable[tuple[int, Data]]) -> None:
    """Write attributes of a client, all of them whatever becomes of the others.

    Raises: AccessRefused that names all that the meter refuses.
    """
    items = [(At(CLIENT, attribute, channel), data) for attribute, data in values]
    results = await meter.set_list(items)
    refused = [
        (target, result)
        for (target, _), result in zip(items, results, strict=True)
        if result is not DataAccessResult.SUCCESS
    ]
    if refused:
        *others, (target, last) = refused
        told = "".join(f"{FIELDS[other.attribute]} {result.name}, " for other, result in others)
        words = f"M-Bus client of channel {channel} was not set: {told}{FIELDS[target.attribute]} "
        raise AccessRefused(last, attribute_ref(meter.profile, target), words)


async def empty_channel(meter: Meter, channel: int) -> MbusChannelValues:
    """Take the device off a channel; what stood there before, as far as it can be told.

    Raises: NO_MBUS_DEVICE_CHANNEL_FOUND; AccessRefused.
    """
    (answers,) = await read_clients(meter, [channel], list(FIELDS))
    if _absent(answers):
        raise error("NO_MBUS_DEVICE_CHANNEL_FOUND", f"the gateway has no channel {channel}", channel=channel)
    before = _as_far_as_told(meter.profile, channel, answers)
    await _deinstall(meter, channel)
    await write_client(meter, channel, NOBODY)
    return before


async def found_empty(meter: Meter, channel: int) -> MbusChannelValues | None:
    """The channel, where a look at it shows that nothing stands there; None: something does, or it cannot be told."""
    (answers,) = await read_clients(meter, [channel], list(FIELDS))
    try:
        values = channel_values(meter.profile, channel, answers)
    except PlatformError:
        return None
    empty = values is not None and not any(values.model_dump(exclude={"channel", "identification_number"}).values())
    return MbusChannelValues(channel=channel) if empty else None


def named_device(device: Device, identification: str) -> MbusDevice:
    """What came with the attempt of an M-Bus device that its request names.

    Raises: TECHNICAL_ERROR.
    """
    found = device.mbus_devices.get(identification)
    if found is None:
        raise error("TECHNICAL_ERROR", f"the attempt does not tell what is known of {identification}")
    return found


def channel_of(context: Context, otherwise: str) -> int:
    """The channel of the M-Bus device that a step is for.

    Raises: VALIDATION_ERROR, in the words `otherwise`.
    """
    if context.device.channel is None:
        raise error("VALIDATION_ERROR", otherwise, field="channel", rule="is set")
    return context.device.channel


async def _deinstall(meter: Meter, channel: int) -> None:
    """slave_deinstall, with integer or, for later editions of the Blue Book, unsigned.

    A meter that refuses it all the same has its attributes emptied nevertheless.
    """
    call = Call(CLIENT, _DEINSTALL, channel)
    for parameter in (integer(0), unsigned(0)):
        try:
            await meter.action(call, parameter)
        except AccessRefused as refusal:
            if refusal.result is ActionResult.TYPE_UNMATCHED:
                continue
            log.warning("slave_deinstall of channel %d: %s", channel, refusal.result.name)
        return
    log.warning("slave_deinstall of channel %d: no type of its parameter is taken", channel)


def _absent(answers: Answers) -> bool:
    return all(isinstance(answer, DataAccessResult) and answer in _ABSENT for answer in answers.values())


def _as_far_as_told(profile: MeterProfile, channel: int, answers: Answers) -> MbusChannelValues:
    found: dict[str, Any] = {}
    for attribute, answer in answers.items():
        try:
            found[FIELDS[attribute]] = _value(profile, channel, attribute, answer)
        except PlatformError as unread:
            log.info("what stood on channel %d is not known: %s", channel, unread.message)
    return MbusChannelValues(channel=channel, **found)


def _value(profile: MeterProfile, channel: int, attribute: int, answer: Data | DataAccessResult) -> Any:
    client = profile.object(CLIENT)
    ref = client.ref(attribute, channel)
    if isinstance(answer, Data):
        return decode(attribute, answer, client.version, f"{client.attributes[attribute].name} {ref}")
    name = FIELDS[attribute].replace("_", " ")
    raise AccessRefused(answer, ref, f"No success retrieving {name} of channel {channel}: AccessResultCode = ")
