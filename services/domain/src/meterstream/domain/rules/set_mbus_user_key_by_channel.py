"""SetMbusUserKeyByChannel: the user key of whom the registry knows on the channel."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import CODES
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations.set_mbus_user_key_by_channel import OPERATION, SetMbusUserKeyByChannelRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import Departure, MeterRule, Subject
from meterstream.domain.rules._keys import hand_over_mbus_key, needs_keys


def standing_there(subject: Subject) -> Sequence[Device]:
    """The M-Bus device on the channel, as coupled; whether it still stands there the meter tells.

    Raises: UNKNOWN_DEVICE (201).
    """
    request = subject.request
    assert isinstance(request, SetMbusUserKeyByChannelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    found = subject.world.on_channel(subject.device.identification, request.channel)
    if found is None:
        raise CODES["UNKNOWN_DEVICE"](
            f"request.channel: no M-Bus device is coupled on channel {request.channel} of "
            f"{subject.device.identification}",
            field="request.channel",
            rule="a channel with a coupled M-Bus device",
        )
    return [found]


def prepare(departure: Departure) -> Sequence[NewKey]:
    """Raises: UNKNOWN_DEVICE (201), KEY_NOT_PRESENT (806)."""
    (found,) = standing_there(departure.subject)
    return hand_over_mbus_key(departure, found.identification, KeyKind.G_METER_ENCRYPTION_KEY)


RULE = MeterRule(OPERATION, mbus_devices=standing_there, needs=needs_keys, prepare=prepare)
