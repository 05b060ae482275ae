"""Objects that configure a meter: configuration object, administrative status, randomisation, test schedulers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import DataAccessResult, ReadResult
from meterstream.dlms.data import CosemDateTime, Data, DataType, octet_string
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.world.supply import present_tables
from meterstream.simulator.world.tariff import elements, parts, read_tables

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_FRAUD_LOG: Final = "fraud_detection_event_log"
_QUALITY_LOG: Final = "power_quality_event_log"
_CONFIGURATION_CHANGED: Final = 47
_FLAGS: Final = 16
_STATUSES: Final = range(3)
_EXECUTION_TIME: Final = 4
_MONTH_S: Final = 28 * 86_400
_RANDOMISATION: Final = (DataType.DOUBLE_LONG_UNSIGNED, DataType.LONG_UNSIGNED, DataType.LONG_UNSIGNED)


class ConfigurationObject(Behaviour):
    """16 flags, before SMR 5 with the GPRS operation mode; every change is logged."""

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        flags = data
        if data.type is DataType.STRUCTURE:
            try:
                _, flags = parts(data, DataType.ENUM, DataType.BIT_STRING)
            except DecodeError:
                return DataAccessResult.TYPE_UNMATCHED
        if not isinstance(flags.value, str) or len(flags.value) != _FLAGS:
            return DataAccessResult.OTHER_REASON
        result = meter.keep(item, attribute, data)
        if result is DataAccessResult.SUCCESS:
            meter.log(_FRAUD_LOG, _CONFIGURATION_CHANGED, at)
        return result


class AdministrativeStatus(Behaviour):
    """0 undefined, 1 off, 2 on."""

    def write(
        self, _meter: SimulatedMeter, _item: SimulatedObject, _attribute: int, data: Data, _at: int
    ) -> DataAccessResult | None:
        return None if data.value in _STATUSES else DataAccessResult.OTHER_REASON


class RandomisationSettings(Behaviour):
    """structure{start window in seconds, multiplication factor, number of retries}."""

    def write(
        self, _meter: SimulatedMeter, _item: SimulatedObject, _attribute: int, data: Data, _at: int
    ) -> DataAccessResult | None:
        try:
            parts(data, *_RANDOMISATION)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        return None


class ActiveTariff(Behaviour):
    """The rate in force, as two octets: 0001 low, 0002 normal."""

    def read(self, meter: SimulatedMeter, _item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute != 2:
            return None
        rate = read_tables(present_tables(meter)).rate_at(meter.zone, meter.seconds(at))
        return octet_string(bytes((0, rate)))


class TestScheduler(Behaviour):
    """A single action schedule (class 22) that makes the meter raise a test alarm at one moment of its clock.

    Args:
        register, bit: of the alarm.
        code: of the event in the power quality log.
    """

    __test__ = False

    def __init__(self, register: int, bit: int, code: int) -> None:
        self._register = register
        self._bit = bit
        self._code = code

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        try:
            moments = [_moment(meter, element) for element in elements(data)]
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        if len(moments) > 1 or None in moments:
            return DataAccessResult.OTHER_REASON
        result = meter.keep(item, attribute, data)
        if result is DataAccessResult.SUCCESS:
            meter.unplan(item)
            self._plan(meter, item, at)
        return result

    def due(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> None:
        """Raise the alarm, unless the clock was set back meanwhile; the schedule has then been executed."""
        if not self._plan(meter, item, at):
            meter.log(_QUALITY_LOG, self._code, at)
            meter.raise_alarm(self._register, self._bit, at)

    def _plan(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> bool:
        """Plan what lies ahead; no timer lasts longer than a month, and the clock may be set until then."""
        written = meter.written(item, _EXECUTION_TIME)
        try:
            moments = [_moment(meter, element) for element in elements(written)] if written is not None else []
        except DecodeError:  # what the control interface has put there
            return False
        ahead = [moment - meter.seconds(at) for moment in moments if moment is not None]
        if not ahead or ahead[0] <= 0:
            return False
        meter.plan(item, min(ahead[0], _MONTH_S) * 1000, at)
        return True


def _moment(meter: SimulatedMeter, element: Data) -> int | None:
    """Read structure{time os(4), date os(5)} in the meter's zone; None: no single moment.

    Raises:
        DecodeError: another form.
    """
    time, date = parts(element, DataType.OCTET_STRING, DataType.OCTET_STRING)
    time_octets, date_octets = time.value, date.value
    if not isinstance(time_octets, bytes) or not isinstance(date_octets, bytes):
        raise DecodeError("time and date are octets")
    if len(time_octets) != 4 or len(date_octets) != 5:
        return None
    value = CosemDateTime.from_bytes(date_octets + time_octets + bytes.fromhex("8000FF"))
    moment = meter.zone.moment(value)
    return None if moment is None else int(moment)
