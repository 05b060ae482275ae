"""SetMbusUserKeyByChannel: the user key of whom the registry knows on the channel, or learns to stand there."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_mbus_user_key_by_channel import (
    OPERATION,
    SetMbusUserKeyByChannelRequest,
    SetMbusUserKeyByChannelResponse,
)
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.addressing import OTHER_GATEWAY
from meterstream.domain.model.coupling import couple
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import Departure, Lesson, MeterRule, Subject
from meterstream.domain.rules._keys import hand_over_mbus_key, needs_keys
from meterstream.domain.rules._mbus import needs_of_channel, standing_there


def coupled_there(subject: Subject) -> Sequence[Device]:
    """The M-Bus device on the channel, as coupled, if there is one; whether it still stands there the meter tells."""
    request = subject.request
    assert isinstance(request, SetMbusUserKeyByChannelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    found = subject.world.on_channel(subject.device.identification, request.channel)
    return [] if found is None else [found]


def prepare(departure: Departure) -> Sequence[NewKey]:
    """No key as long as nobody is coupled there: the meter tells first who stands on the channel.

    Raises: KEY_NOT_PRESENT (806).
    """
    return [
        key
        for found in coupled_there(departure.subject)
        for key in hand_over_mbus_key(departure, found.identification, KeyKind.G_METER_ENCRYPTION_KEY)
    ]


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """Whom the channel names, where no key went out."""
    assert isinstance(response, SetMbusUserKeyByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return needs_of_channel(header, response.channel_values) if response.channel_values is not None else Needs()


def learn_place(lesson: Lesson) -> None:
    """A device that stood there without being coupled is coupled now, and its key goes out with the next attempt.

    Raises: UNKNOWN_DEVICE (201), GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE (221), GATEWAY_CHANGED.
    """
    response = lesson.response
    assert isinstance(response, SetMbusUserKeyByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    values = response.channel_values
    if values is None:
        return
    device = standing_there(lesson, values)
    if device is None:
        raise CODES["UNKNOWN_DEVICE"](
            f"Unable to find M-Bus device for M-Bus identification number: {values.identification_number} "
            f"and manufacturer ID: {values.manufacturer}",
            field="request.channel",
            rule="a channel with an M-Bus device of the registry",
        )
    if device.gateway is not None and not device.is_behind(lesson.gateway):
        raise OTHER_GATEWAY("request.channel", device.identification)
    couple(lesson.world, device, lesson.gateway, values.channel, values.primary_address, lesson.observed_at)
    raise CODES["GATEWAY_CHANGED"](
        f"{device.identification} was found on channel {values.channel}; its key goes out with the next attempt",
        device=device.identification,
    )


RULE = MeterRule(
    OPERATION,
    learn=learn_place,
    learns_from=learns_from,
    mbus_devices=coupled_there,
    needs=needs_keys,
    prepare=prepare,
)
