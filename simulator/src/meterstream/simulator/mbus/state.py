"""What a meter knows of its M-Bus channels, and what it has read from them up to any moment.

A device is there from a moment on until it goes or another takes its place; while it cannot be read there is a gap.
Registers and profiles follow from these spans and from the household's consumption; no reading is stored. Moments are
milliseconds of the fleet's clock unless they are said to be seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from meterstream.simulator.mbus.device import CHANNELS, MbusIdentity, MBusPlan, Medium, consumed, identity_of, medium_of
from meterstream.simulator.world.curve import mixed

OPEN: Final = -1
HOUR_S: Final = 3600
FIVE_MINUTES_S: Final = 300
KEY_IN_USE: Final = 4
VALVE_CLOSED, VALVE_OPEN, VALVE_READY = 0, 1, 2

_MAX_SPANS: Final = 8
_MAX_GAPS: Final = 16
_FIRST_ADDRESS: Final = 9
_START_SALT: Final = 0x5741
_START_SPREAD: Final = 100_000


@dataclass(slots=True)
class MbusSpan:
    """One device while it was on a channel.

    Attributes:
        gaps: from, until: it could not be read.
        shut: from, until: its valve let nothing through.
    """

    identification: int = 0
    manufacturer: int = 0
    version: int = 0
    device_type: int = 0
    since: int = 0
    until: int = OPEN
    gaps: list[tuple[int, int]] = field(default_factory=list)
    shut: list[tuple[int, int]] = field(default_factory=list)

    @property
    def identity(self) -> MbusIdentity:
        return MbusIdentity(self.identification, self.manufacturer, self.version, self.device_type)

    @property
    def is_silent(self) -> bool:
        """Tell whether the last gap has no end yet."""
        return _is_open(self.gaps)

    @property
    def is_shut(self) -> bool:
        """Tell whether the valve is closed."""
        return _is_open(self.shut)

    def covers(self, moment: int) -> bool:
        return self.since <= moment and (self.until == OPEN or moment < self.until)

    def fall_silent(self, moment: int) -> None:
        self.gaps = _begun(self.gaps, moment)

    def speak(self, moment: int) -> None:
        self.gaps = _ended(self.gaps, moment)

    def close_valve(self, moment: int) -> None:
        self.shut = _begun(self.shut, moment)

    def open_valve(self, moment: int) -> None:
        self.shut = _ended(self.shut, moment)


def _is_open(intervals: list[tuple[int, int]]) -> bool:
    return bool(intervals) and intervals[-1][1] == OPEN


def _begun(intervals: list[tuple[int, int]], moment: int) -> list[tuple[int, int]]:
    return intervals if _is_open(intervals) else [*intervals, (moment, OPEN)][-_MAX_GAPS:]


def _ended(intervals: list[tuple[int, int]], moment: int) -> list[tuple[int, int]]:
    return [*intervals[:-1], (intervals[-1][0], moment)] if _is_open(intervals) else intervals


@dataclass(slots=True)
class MbusChannel:
    """One channel: what the M-Bus client of the meter holds, and what the device behind it holds.

    Attributes:
        primary_address to device_type: attributes 5 to 9, the identification number as its eight digits read.
        polled: the meter reads the device.
        present: the device is there to be read.
        generation: how many devices the simulator has put here before.
        key_status: attribute 14.
        meter_key, device_key: user key on either side; None: the one from the factory.
        firmware_key, optical_port_key: of the device; None: from the factory; 16 zeros close the optical port.
        key_counter: last key change counter the device has taken.
        status: of the device, as the register of M-Bus status shows it.
        alarm: attribute 12, kept until it is reset.
        captured: the last reading out of turn.
        firmware: simple version info; empty: that of the factory.
        new_firmware, outcome: version of an image on its way to the device, and what the device will say of it.
        valve: control state of the device's valve: 0 closed, 1 open, 2 ready to be opened by hand.
    """

    primary_address: int = 0
    identification: int = 0
    manufacturer: int = 0
    version: int = 0
    device_type: int = 0
    polled: bool = False
    present: bool = False
    generation: int = 0
    key_status: int = 0
    meter_key: bytes | None = field(default=None, repr=False)
    device_key: bytes | None = field(default=None, repr=False)
    firmware_key: bytes | None = field(default=None, repr=False)
    optical_port_key: bytes | None = field(default=None, repr=False)
    key_counter: int = 0
    status: int = 0
    alarm: int = 0
    captured: int = 0
    firmware: bytes = b""
    new_firmware: bytes = b""
    outcome: int = 0
    valve: int = VALVE_OPEN
    spans: list[MbusSpan] = field(default_factory=list)

    @property
    def identity(self) -> MbusIdentity:
        return MbusIdentity(self.identification, self.manufacturer, self.version, self.device_type)

    @property
    def span(self) -> MbusSpan | None:
        """The device that is there now."""
        return self.spans[-1] if self.spans and self.spans[-1].until == OPEN else None

    @property
    def is_free(self) -> bool:
        """Tell whether nothing is registered here."""
        return not (self.identification or self.manufacturer or self.device_type)

    def name(self, identity: MbusIdentity) -> None:
        """Let the client hold a short id."""
        self.identification, self.manufacturer, self.version, self.device_type = identity

    def start(self, identity: MbusIdentity, moment: int) -> None:
        """A device is there from a moment on, and read at once."""
        self.stop(moment)
        self.spans = [*self.spans, MbusSpan(*identity, since=moment)][-_MAX_SPANS:]
        self.captured = moment
        self.present = self.polled = True

    def stop(self, moment: int) -> None:
        """The device that was there is no longer read."""
        span = self.span
        if span is not None:
            span.until = moment
            if span.since == moment:
                self.spans.pop()

    @property
    def is_readable(self) -> bool:
        """Tell whether the meter can make sense of what the device sends."""
        if not (self.present and self.polled):
            return False
        if not self.key_status:
            return self.device_key is None
        return self.meter_key == self.device_key


@dataclass(slots=True)
class MbusState:
    """The four channels, once one of them is no longer as planned."""

    channels: list[MbusChannel] = field(default_factory=list)


@lru_cache(maxsize=4096)
def planned_channel(plan: MBusPlan, number: int, channel: int, smr5: bool) -> MbusChannel:
    """Give a channel as a meter has it from the start; shared, so `thaw` it before any change."""
    medium = plan.medium(number, channel)
    if medium is None:
        return MbusChannel()
    identity = identity_of(medium, number, channel, 0, smr5=smr5)
    made = MbusChannel(_FIRST_ADDRESS + channel - 1, *identity, polled=True, present=True, key_status=KEY_IN_USE)
    made.spans.append(MbusSpan(*identity))
    return made


def planned_channels(plan: MBusPlan, number: int, *, smr5: bool) -> list[MbusChannel]:
    """Give the four channels as a meter has them from the start, free to be changed."""
    return [thaw(planned_channel(plan, number, channel, smr5)) for channel in CHANNELS]


def thaw(channel: MbusChannel) -> MbusChannel:
    """Copy a channel."""
    return replace(channel, spans=[replace(span) for span in channel.spans])


class Reading(NamedTuple):
    """What the meter has read from a device last.

    Attributes:
        span: None: there is no device it could read.
        captured: when, seconds since 1970 (UTC); None: never.
        valid: the device answered when it was asked last.
    """

    span: MbusSpan | None = None
    captured: int | None = None
    valid: bool = True

    @property
    def medium(self) -> Medium | None:
        """What the device measures."""
        return None if self.span is None else medium_of(self.span.device_type)

    def value(self, number: int, index: int) -> int:
        """Give the register in its scaler and unit, for a meter of that number and a channel."""
        if self.span is None or self.captured is None:
            return 0
        return _register(self.span, number, index, self.captured)


NO_READING: Final = Reading()


def reading_at(channel: MbusChannel, at: int, offset: int, period: int) -> Reading:
    """Tell what the register of a channel shows at a moment.

    Args:
        offset: what the meter's clock is ahead of the fleet's, in milliseconds.
        period: the device is read at every multiple of it, in seconds of the meter's clock.
    """
    asked = last_turn(at, offset, period)
    if asked < channel.captured <= at:
        asked = channel.captured
    for span in reversed(channel.spans):
        if span.covers(asked):
            break
    else:
        return NO_READING
    if medium_of(span.device_type) is None:
        return NO_READING
    for begin, end in span.gaps:
        if begin <= asked and (end == OPEN or asked < end):
            answered = max(last_turn(begin - 1, offset, period), span.since)
            return Reading(span, answered // 1000, False)
    return Reading(span, asked // 1000)


def last_turn(at: int, offset: int, period: int) -> int:
    """Give the last moment, at or before another, at which devices were read in turn."""
    return at - (at + offset) % (period * 1000)


def next_turn(at: int, offset: int, period: int) -> int:
    """Give the first moment after another at which devices are read in turn."""
    return last_turn(at, offset, period) + period * 1000


def _register(span: MbusSpan, number: int, index: int, second: int) -> int:
    """Count on from what the device showed when it came; one that was always there began with the household."""
    medium = medium_of(span.device_type)
    if medium is None:
        return 0
    used = consumed(medium, number, index, second)
    if span.since:
        used += mixed(span.identification, _START_SALT) % _START_SPREAD
        used -= consumed(medium, number, index, span.since // 1000)
    for begin, end in span.shut:
        until = second if end == OPEN else min(second, end // 1000)
        if begin // 1000 < until:
            used -= consumed(medium, number, index, until) - consumed(medium, number, index, begin // 1000)
    return used & 0xFFFF_FFFF
