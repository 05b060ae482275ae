"""Setting a simulated meter's clock: what is accepted, and why not."""

from __future__ import annotations

import time as system_time
from enum import Enum
from typing import NamedTuple

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import CosemDateTime, Data, DataType
from meterstream.simulator.zone import DAYLIGHT_SAVING, Zone


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
