"""What happens on the M-Bus channels of a meter: devices come, go and are swapped, report trouble, fall silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.objects import ObisTemplate
from meterstream.simulator.mbus.device import CHANNELS, MbusIdentity, Medium, identity_of
from meterstream.simulator.mbus.keys import MbusKeys
from meterstream.simulator.mbus.state import (
    HOUR_S,
    KEY_IN_USE,
    VALVE_OPEN,
    MbusChannel,
    MbusState,
    Reading,
    next_turn,
    planned_channel,
    planned_channels,
    reading_at,
)

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

COMMUNICATION_ERROR: Final = 0
COMMUNICATION_OK: Final = 1
REPLACE_BATTERY: Final = 2
FRAUD_ATTEMPT: Final = 3
CLOCK_ADJUSTED: Final = 4
NEW_DEVICE: Final = 5
PERMANENT_ERROR: Final = 6
DEAD_BATTERY: Final = 7

KEY_SENT: Final = 0x80A0
KEY_ACKNOWLEDGED: Final = 0x80A1
STATUS_BIT: Final = 0x8080
FIRMWARE: Final = 0x1000

CLOCK_SYNC_ERROR: Final = 8
OPTICAL_PORT_ENABLED: Final = 16
NEW_KEY_ACCEPTED: Final = 17
NEW_KEY_REJECTED: Final = 18

_CLIENT: Final = ObisTemplate("0.x.24.1.0.255")
_EVENT_LOG: Final = "mbus_event_log"
_AUXILIARY_LOG: Final = "auxiliary_event_log"
_ALARM_REGISTER: Final = "alarm_register_1"
_ALARM_AUXILIARY: Final = 3
_ALARM_COMMUNICATION: Final = 16
_ALARM_FRAUD: Final = 20
_ALARM_NEW_DEVICE: Final = 24
_REMOVED_CONFIGURATION: Final = 99
_STATUS_BITS: Final = 32
_STATUS_EVENTS: Final = {0: REPLACE_BATTERY, 3: FRAUD_ATTEMPT, 4: FRAUD_ATTEMPT, 5: FRAUD_ATTEMPT, 6: FRAUD_ATTEMPT,
                         11: PERMANENT_ERROR}  # fmt: skip


# --- looking ---


def is_smr5(meter: SimulatedMeter) -> bool:
    """Tell whether M-Bus devices of a meter follow SMR 5: GCM keys, M-Bus client of version 1."""
    return meter.model.profile.version.startswith("5")


def look(meter: SimulatedMeter, channel: int) -> MbusChannel:
    """Give a channel to look at; `touch` gives one that may be changed."""
    state = meter.peek(MbusState)
    if state is not None and state.channels:
        return state.channels[channel - 1]
    return planned_channel(meter.model.mbus.plan, meter.number, channel, is_smr5(meter))


def touch(meter: SimulatedMeter, channel: int) -> MbusChannel:
    """Give a channel to be changed."""
    state = meter.state(MbusState)
    if not state.channels:
        state.channels = planned_channels(meter.model.mbus.plan, meter.number, smr5=is_smr5(meter))
    return state.channels[channel - 1]


def reading(meter: SimulatedMeter, channel: int, at: int, period: int = HOUR_S) -> Reading:
    """Tell what the register of a channel shows at a moment, present or past; `period` in seconds."""
    return reading_at(look(meter, channel), at, meter.clock_offset_ms, period)


def factory_keys(meter: SimulatedMeter, channel: int) -> MbusKeys:
    """Give the keys that the device on a channel left the factory with."""
    return meter.model.mbus_keys(look(meter, channel).identification)


# --- events ---


def log_event(meter: SimulatedMeter, channel: int, kind: int, at: int) -> None:
    """Write an M-Bus event: codes 100 to 107 for channel 1, ten higher for each next one."""
    meter.log(_EVENT_LOG, 90 + 10 * channel + kind, at)


def log_auxiliary(meter: SimulatedMeter, channel: int, code: int, at: int) -> None:
    """Write an auxiliary event where the meter has that log, and raise its alarm; `code` is that of channel 1."""
    if _AUXILIARY_LOG in meter.tree.by_role:
        meter.log(_AUXILIARY_LOG, code | channel - 1 << 8, at)
        _raise(meter, _ALARM_AUXILIARY, at)


def report(meter: SimulatedMeter, channel: int, bit: int, at: int) -> None:
    """Let the device set a bit of its status: 0 battery low, 3 to 6 tampering, 11 hardware error, and so on.

    Raises:
        ValueError: no such channel or bit, or no device there.
    """
    _check_device(meter, channel)
    if not 0 <= bit < _STATUS_BITS:
        raise ValueError(f"bit {bit} of the M-Bus status is outside 0 to {_STATUS_BITS - 1}")
    found = touch(meter, channel)
    found.status |= 1 << bit
    found.alarm = found.status & 0xFF
    log_auxiliary(meter, channel, STATUS_BIT + bit, at)
    kind = _STATUS_EVENTS.get(bit)
    if kind is not None:
        log_event(meter, channel, kind, at)
    if kind == FRAUD_ATTEMPT:
        _raise(meter, _ALARM_FRAUD + channel - 1, at)


# --- devices come and go ---


def install(meter: SimulatedMeter, medium: Medium, at: int, channel: int | None = None) -> int:
    """A new device makes itself known: it takes a free channel, is logged and raises the alarm of that channel.

    Returns:
        The channel.

    Raises:
        ValueError: the channel, or every one, is taken.
    """
    if channel is None:
        channel = next((each for each in CHANNELS if look(meter, each).is_free), 0)
        if not channel:
            raise ValueError(f"meter {meter.number} has a device on every M-Bus channel")
    _check(channel)
    if not look(meter, channel).is_free:
        raise ValueError(f"meter {meter.number} has a device on M-Bus channel {channel}")
    _discover(meter, channel, medium, at)
    return channel


def swap(meter: SimulatedMeter, channel: int, at: int, medium: Medium | None = None) -> MbusIdentity:
    """Another device takes the place of the one on a channel, as after a visit of a mechanic.

    Args:
        medium: None: that of the present one.

    Returns:
        Who the new one is.

    Raises:
        ValueError: no such channel, or neither a medium nor a device there that has one.
    """
    _check(channel)
    medium = medium or look(meter, channel).identity.medium
    if medium is None:
        raise ValueError(f"meter {meter.number} has no device on M-Bus channel {channel}")
    return _discover(meter, channel, medium, at)


def vanish(meter: SimulatedMeter, channel: int, at: int, *, present: bool = False) -> None:
    """The device on a channel can no longer be heard, or again; the meter notices at the next reading.

    Raises:
        ValueError: no such channel, or no device there.
    """
    _check_device(meter, channel)
    touch(meter, channel).present = present
    expect_reading(meter, channel, at)


def _discover(meter: SimulatedMeter, channel: int, medium: Medium, at: int) -> MbusIdentity:
    found = touch(meter, channel)
    found.generation += 1
    identity = identity_of(medium, meter.number, channel, found.generation, smr5=is_smr5(meter))
    new_device(found, identity)
    found.primary_address = 0
    found.start(identity, at)
    log_event(meter, channel, NEW_DEVICE, at)
    _raise(meter, _ALARM_NEW_DEVICE + channel - 1, at)
    return identity


def new_device(channel: MbusChannel, identity: MbusIdentity) -> None:
    """Let a channel hold a device as the factory made it; the meter has no key of it."""
    channel.name(identity)
    channel.key_status = channel.status = channel.alarm = channel.key_counter = 0
    channel.meter_key = channel.device_key = channel.firmware_key = channel.optical_port_key = None
    channel.firmware = channel.new_firmware = b""
    channel.valve = VALVE_OPEN


# --- what clients do ---


def register(meter: SimulatedMeter, channel: int, identity: MbusIdentity, at: int) -> None:
    """Let the M-Bus client hold a short id, and read the device that has it from now on.

    A device is another one when its number or its type is; a version or manufacturer put right changes nothing else.
    """
    found = touch(meter, channel)
    if identity == found.identity and (found.polled or found.is_free):
        return
    span = found.span
    if span is not None and (span.identification, span.device_type) == (identity.identification, identity.device_type):
        found.name(identity)
        span.manufacturer, span.version = identity.manufacturer, identity.version
        return
    new_device(found, identity)
    if identity.medium is None or not identity.identification:
        found.stop(at)
        found.polled = False
    elif meter.model.mbus.strangers:
        found.start(identity, at)


def take_up(meter: SimulatedMeter, channel: int, at: int) -> None:
    """Read the device again whose short id the client still holds."""
    found = touch(meter, channel)
    identity = found.identity
    new_device(found, identity)
    found.start(identity, at)


def deinstall(meter: SimulatedMeter, channel: int, at: int) -> None:
    """Stop reading the device on a channel: it loses address and keys; its short id stays until it is overwritten."""
    found = touch(meter, channel)
    found.stop(at)
    found.polled = False
    found.primary_address = found.key_status = 0
    found.meter_key = None


def configuration(channel: MbusChannel) -> int:
    """Give attribute 13: the security mode of the telegrams (5: AES-128-CBC, 9: AES-128-GCM); 99 without a device."""
    if not channel.polled:
        return _REMOVED_CONFIGURATION
    mode = 9 if channel.version == 0x50 else 5
    return mode << 8 if channel.key_status == KEY_IN_USE else 0


# --- readings that tell whether both sides have one key ---


def client_of(meter: SimulatedMeter, channel: int) -> SimulatedObject | None:
    """Find the M-Bus client of a channel."""
    return meter.tree.objects.get(_CLIENT.logical_name(channel))


def expect_reading(meter: SimulatedMeter, channel: int, at: int) -> None:
    """Let the next reading in turn show whether the meter still understands the device."""
    item = client_of(meter, channel)
    if item is not None:
        meter.plan(item, next_turn(at, meter.clock_offset_ms, HOUR_S) - at, at)


def read_in_turn(meter: SimulatedMeter, channel: int, at: int) -> None:
    """Read a device: the meter understands it, or notices that it does not."""
    found = touch(meter, channel)
    if found.polled:
        _read(meter, channel, found, at)


def capture(meter: SimulatedMeter, channel: int, at: int) -> bool:
    """Read a device out of turn; false: it does not answer, or the meter cannot make sense of it."""
    read_in_turn(meter, channel, at)
    found = touch(meter, channel)
    if not found.is_readable:
        return False
    found.captured = at
    return True


def _read(meter: SimulatedMeter, channel: int, found: MbusChannel, at: int) -> None:
    span = found.span
    if span is None:
        return
    if found.is_readable:
        if found.key_status:
            found.key_status = KEY_IN_USE
        if span.is_silent:
            span.speak(at)
            log_event(meter, channel, COMMUNICATION_OK, at)
    elif not span.is_silent:
        span.fall_silent(at)
        log_event(meter, channel, COMMUNICATION_ERROR, at)
        _raise(meter, _ALARM_COMMUNICATION + channel - 1, at)


def _raise(meter: SimulatedMeter, bit: int, at: int) -> None:
    """Set a bit of alarm register 1, where the meter's protocol has it."""
    if _ALARM_REGISTER in meter.tree.by_role:
        meter.raise_alarm(1, bit, at)


def _check(channel: int) -> None:
    if channel not in CHANNELS:
        raise ValueError(f"M-Bus channel {channel} is outside 1 to 4")


def _check_device(meter: SimulatedMeter, channel: int) -> None:
    _check(channel)
    if look(meter, channel).is_free:
        raise ValueError(f"meter {meter.number} has no device on M-Bus channel {channel}")
