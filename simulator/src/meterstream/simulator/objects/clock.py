"""Setting a simulated meter's clock: what is accepted, and why not."""

from __future__ import annotations

import time as system_time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import CosemDateTime, Data, DataType
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.world.supply import retouch
from meterstream.simulator.world.tariff import parts
from meterstream.simulator.world.zone import DAYLIGHT_SAVING, Switch, Zone

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_TIME_ZONE, _SAVINGS_BEGIN, _SAVINGS_END, _SAVINGS_ENABLED = 3, 5, 6, 8
_LOG: Final = "standard_event_log"
_CLOCK_UPDATED, _CLOCK_OLD_TIME, _CLOCK_NEW_TIME = 3, 4, 5
_ADJUSTMENT_MS: Final = 60_000
_TO_PRESET_TIME, _PRESET, _SHIFT = 4, 5, 6
_STEPS_MS: Final = {1: 900_000, 2: 900_000, 3: 60_000}
"""Quarter of an hour; measuring period, which is the capture period of the interval profile; minute."""
_PARAMETERS: Final = {_PRESET: DataType.STRUCTURE, _SHIFT: DataType.LONG}
_LONGEST_SHIFT_S: Final = 900


class ClockRule(Enum):
    """How strictly a SET of the time is checked.

    FITTING: the deviation must be the zone's; with the daylight saving bit it must be that of daylight saving and
    the moment must lie in this year's daylight saving period (meters of SMR generations).
    SPECIFIED: any deviation, but there must be one.
    """

    FITTING = "fitting"
    SPECIFIED = "specified"


class ClockSet(NamedTuple):
    """One accepted SET of the time.

    `received` is the fleet's own time, `moment` what the client sent, both in seconds since 1970 (UTC); `deviation`
    in minutes and `status` as sent.
    """

    received: float
    moment: float
    deviation: int
    status: int


def check_clock_set(
    data: Data, zone: Zone, rule: ClockRule, meter_time: float, received: float
) -> ClockSet | DataAccessResult:
    """Decide on a SET of {8, 0.0.1.0.0.255, 2}.

    Only octet-string(12) is taken; a date-time that is not fully specified, or does not fit `rule`, is refused
    with other-reason.
    """
    if data.type is not DataType.OCTET_STRING:
        return DataAccessResult.TYPE_UNMATCHED
    if not isinstance(data.value, bytes) or len(data.value) != 12:
        return DataAccessResult.OTHER_REASON
    value = CosemDateTime.from_bytes(data.value)
    moment = zone.moment(value)
    if moment is None or value.deviation is None:
        return DataAccessResult.OTHER_REASON
    status = value.status or 0
    if rule is ClockRule.FITTING and not _fits(zone, int(moment), value.deviation, status, int(meter_time)):
        return DataAccessResult.OTHER_REASON
    return ClockSet(received, moment, value.deviation, status)


def _fits(zone: Zone, moment: int, deviation: int, status: int, meter_time: int) -> bool:
    if not status & DAYLIGHT_SAVING:
        return deviation == zone.deviation
    if not zone.enabled or deviation != zone.deviation - zone.saving:
        return False
    year = system_time.gmtime(meter_time - zone.deviation * 60).tm_year
    begin, end = zone.daylight_saving_period(year)
    return begin <= moment < end if begin < end else not end <= moment < begin


@dataclass(slots=True)
class PresetTime:
    """What preset_adjusting_time has prepared: a time, and when it may be set; all in seconds of the meter's clock."""

    time: int = 0
    begin: int = 0
    end: int = -1


class ClockBehaviour(Behaviour):
    """Setting time and zone, and the methods that adjust the time (Blue Book 4.5.1)."""

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {
            1: "adjust_to_quarter",
            2: "adjust_to_measuring_period",
            3: "adjust_to_minute",
            4: "adjust_to_preset_time",
            5: "preset_adjusting_time",
            6: "shift_time",
        }
    )

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        if attribute in (_TIME_ZONE, _SAVINGS_BEGIN, _SAVINGS_END, _SAVINGS_ENABLED):
            return _set_zone(meter, item, attribute, data, at)
        decision = check_clock_set(
            data, meter.zone, meter.model.clock_rule, (at + meter.clock_offset_ms) / 1000, at / 1000
        )
        if isinstance(decision, DataAccessResult):
            return decision
        move_clock(meter, round(decision.moment * 1000), at)
        meter.last_clock_set = decision
        meter.clock_sets += 1
        meter.model.stats.clock_sets += 1
        return DataAccessResult.SUCCESS

    def invoke(
        self, meter: SimulatedMeter, _item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        if data is None or data.type is not _PARAMETERS.get(method, DataType.INTEGER):
            return ActionResult.TYPE_UNMATCHED, None
        if method == _PRESET:
            return _preset(meter, data), None
        shown = at + meter.clock_offset_ms
        if method == _TO_PRESET_TIME:
            preset = meter.peek(PresetTime)
            if preset is None or not preset.begin <= shown // 1000 <= preset.end:
                return ActionResult.OTHER_REASON, None
            to = preset.time * 1000
        elif method == _SHIFT:
            seconds = data.value if isinstance(data.value, int) else 0
            if abs(seconds) > _LONGEST_SHIFT_S:
                return ActionResult.OTHER_REASON, None
            to = shown + seconds * 1000
        else:
            step = _STEPS_MS[method]
            to = (shown + step // 2) // step * step
        move_clock(meter, to, at)
        return ActionResult.SUCCESS, None


def move_clock(meter: SimulatedMeter, to: int, at: int) -> None:
    """Let the meter's clock show `to` (milliseconds since 1970) at a moment, and log it.

    A correction of less than a minute is one event; a larger one is logged with the old and with the new time.
    """
    correction = abs(to - at - meter.clock_offset_ms) < _ADJUSTMENT_MS
    if not correction:
        meter.log(_LOG, _CLOCK_OLD_TIME, at)
    meter.clock_offset_ms = to - at
    retouch(meter, at)
    meter.log(_LOG, _CLOCK_UPDATED if correction else _CLOCK_NEW_TIME, at)


def _preset(meter: SimulatedMeter, data: Data) -> ActionResult:
    """Take structure{preset time, begin and end of the interval in which it may be set}, octet-strings(12)."""
    try:
        values = parts(data, *[DataType.OCTET_STRING] * 3)
        moments = [meter.zone.moment(CosemDateTime.from_data(value)) for value in values]
    except DecodeError:
        return ActionResult.TYPE_UNMATCHED
    time, begin, end = moments
    if time is None or begin is None or end is None:
        return ActionResult.OTHER_REASON
    preset = meter.state(PresetTime)
    preset.time, preset.begin, preset.end = int(time), int(begin), int(end)
    return ActionResult.SUCCESS


def _set_zone(meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int) -> DataAccessResult:
    zone = meter.zone
    try:
        if attribute == _TIME_ZONE:
            zone = Zone(_integer(data, range(-720, 841)), zone.saving, zone.enabled, zone.begin, zone.end)
        elif attribute == _SAVINGS_BEGIN:
            zone = Zone(zone.deviation, zone.saving, zone.enabled, _switch(data), zone.end)
        elif attribute == _SAVINGS_END:
            zone = Zone(zone.deviation, zone.saving, zone.enabled, zone.begin, _switch(data))
        else:
            zone = Zone(zone.deviation, zone.saving, data.value is True, zone.begin, zone.end)
    except ValueError:
        return DataAccessResult.OTHER_REASON
    result = meter.keep(item, attribute, data)
    if result is DataAccessResult.SUCCESS:
        meter.zone = zone
        retouch(meter, at)
    return result


def _integer(data: Data, allowed: range) -> int:
    if not isinstance(data.value, int) or data.value not in allowed:
        raise ValueError("out of range")
    return data.value


def _switch(data: Data) -> bytes:
    octets = data.value if isinstance(data.value, bytes) else b""
    Switch.parse(octets)
    return octets
