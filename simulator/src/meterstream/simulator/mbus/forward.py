"""The way of an image from the meter to an M-Bus device: hours, and an auxiliary event at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.objects import ObisTemplate
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import CHANNELS, manufacturer_letters
from meterstream.simulator.mbus.firmware import FirmwareOutcome, addressee, check_firmware, version_of
from meterstream.simulator.mbus.telegram import firmware_key

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

VERSION_INFO: Final = ObisTemplate("0.x.24.2.11.255")


def has_addressee(meter: SimulatedMeter, identifier: bytes) -> bool:
    """Tell whether a meter can update M-Bus devices, and has the one an image identifier names."""
    return mbus.is_smr5(meter) and _channel_of(meter, identifier) is not None


def forward(meter: SimulatedMeter, identifier: bytes, octets: bytes, at: int, *, complete: bool) -> bool:
    """Pass an image on; what the device says of it follows in the auxiliary event log. False: nobody takes it."""
    channel = _channel_of(meter, identifier)
    if channel is None or not complete:
        if channel is not None:
            _report(meter, channel, FirmwareOutcome.IMAGE_NOT_COMPLETE, at)
        return False
    found = mbus.touch(meter, channel)
    outcome = check_firmware(octets, found.identity, firmware_key(meter, channel))
    if not (found.polled and found.present):
        outcome = FirmwareOutcome.DATA_RECEIVE_ERROR
    found.outcome = outcome
    found.new_firmware = version_of(octets)
    item = meter.tree.objects.get(VERSION_INFO.logical_name(channel))
    if item is not None:
        meter.plan(item, meter.model.images.forward_ms, at)
    return True


def arrived(meter: SimulatedMeter, channel: int, at: int) -> None:
    """The device has the whole image: it runs it, or says why not."""
    found = mbus.touch(meter, channel)
    if not found.new_firmware:
        return  # another device has come meanwhile
    outcome = FirmwareOutcome(found.outcome)
    if outcome is FirmwareOutcome.SUCCESSFUL:
        found.firmware = found.new_firmware
    found.new_firmware = b""
    _report(meter, channel, outcome, at)


def _report(meter: SimulatedMeter, channel: int, outcome: FirmwareOutcome, at: int) -> None:
    mbus.log_auxiliary(meter, channel, mbus.FIRMWARE | outcome, at)


def _channel_of(meter: SimulatedMeter, identifier: bytes) -> int | None:
    letters, number = addressee(identifier)
    for channel in CHANNELS:
        identity = mbus.look(meter, channel).identity
        if number and identity.identification == number and manufacturer_letters(identity.manufacturer) == letters:
            return channel
    return None
