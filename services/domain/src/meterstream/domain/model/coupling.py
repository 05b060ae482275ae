"""Which M-Bus device stands on which channel of which gateway, as answers of meters tell it.

An observation counts unless something later is known of the device, or of the channel. Records of the gateways that it
concerns get a new revision, so that whatever is asked next waits for them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from meterstream.domain.model.registry import Device
from meterstream.domain.model.world import Overtaken, World

CHANNELS: Final = 4
"""M-Bus channels of a gateway."""


def couple(
    world: World, device: Device, gateway: str, channel: int, primary_address: int | None, observed_at: datetime
) -> None:
    """The device stands on a channel of `gateway`; whatever the registry knew there does not any more."""
    host = world.device(gateway)
    others = [other for other in world.behind(gateway) if other.channel == channel and other != device]
    if host is None or any(_is_known_later(one, observed_at) for one in (device, *others)):
        return
    for other in others:
        world.put_device(_cleared(other, observed_at))
    moved = replace(
        device,
        gateway=host.gateway,
        channel=channel,
        mbus_identity=device.mbus_name,
        stored_mbus_facts=replace(device.stored_mbus_facts, primary_address=primary_address, coupled_at=observed_at),
    )
    world.put_device(moved)
    if device.gateway is not None and not device.is_behind(gateway):
        _revise(world, device.gateway.identification)
    if others or _place(moved) != _place(device):
        world.revise(gateway)


def decouple(world: World, device: Device, observed_at: datetime) -> None:
    """The device was seen on no channel."""
    if not _is_known_later(device, observed_at):
        forget_place(world, device, observed_at)


def forget_place(world: World, device: Device, moment: datetime) -> Device:
    """The registry knows no gateway of the device any more, whatever it knew before; the device as it is then."""
    cleared = _cleared(device, moment)
    world.put_device(cleared)
    if device.gateway is not None:
        _revise(world, device.gateway.identification)
    return cleared


def clear_channel(world: World, gateway: str, channel: int, observed_at: datetime) -> None:
    """No device stands on the channel."""
    for device in world.behind(gateway):
        if device.channel == channel:
            decouple(world, device, observed_at)


def _is_known_later(device: Device, observed_at: datetime) -> bool:
    return device.stored_mbus_facts.coupled_at is not None and device.stored_mbus_facts.coupled_at > observed_at


def _cleared(device: Device, observed_at: datetime) -> Device:
    facts = replace(device.stored_mbus_facts, primary_address=None, coupled_at=observed_at)
    return replace(device, gateway=None, channel=None, mbus_identity=None, stored_mbus_facts=facts)


def _place(device: Device) -> tuple[str | None, int | None, str | None]:
    return device.gateway.identification if device.gateway else None, device.channel, device.mbus_identity


def _revise(world: World, gateway: str) -> None:
    """The record of a former gateway loses a channel.

    Raises: Overtaken where the device was coupled with it after the devices of this batch were looked for.
    """
    if world.trace_of(gateway) is None:
        raise Overtaken(gateway)
    if world.device(gateway) is not None:
        world.revise(gateway)
