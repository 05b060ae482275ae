"""Activity calendar (class 20) and special days table (class 11): what they make of the tariffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import CosemDateTime, Data, DataType, array, octet_string
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.world.supply import present_tables, touch
from meterstream.simulator.world.tariff import (
    FACTORY_NAME,
    MOST_SPECIAL_DAYS,
    TariffTables,
    check_table,
    elements,
    read_special_day,
    read_tables,
)

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_NAME_ACTIVE, _SEASONS_ACTIVE, _WEEKS_ACTIVE, _DAYS_ACTIVE = 2, 3, 4, 5
_NAME_PASSIVE, _SEASONS, _WEEKS, _DAYS, _ACTIVATION_TIME = 6, 7, 8, 9, 10
_ACTIVATE: Final = 1
_LONGEST_NAME: Final = 8
_LOG: Final = "standard_event_log"
_TARIFF_ACTIVATED, _TARIFF_UPDATED = 9, 19
_MONTH_S: Final = 28 * 86_400
_NOT_SPECIFIED: Final = octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"))

_ENTRIES: Final = 2
_INSERT, _DELETE = 1, 2


@dataclass(slots=True)
class ActiveCalendar:
    """Name of the calendar in force, and when the passive one takes over (seconds of the meter's clock)."""

    name: bytes = FACTORY_NAME
    takes_over: int | None = None


class ActivityCalendar(Behaviour):
    """The passive calendar is written, then activated by method 1 or at the moment that attribute 10 names."""

    methods: ClassVar[Mapping[int, str]] = MappingProxyType({_ACTIVATE: "activate_passive_calendar"})

    def read(self, meter: SimulatedMeter, _item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        tables = present_tables(meter)
        if attribute == _NAME_ACTIVE:
            calendar = meter.peek(ActiveCalendar)
            return octet_string(FACTORY_NAME if calendar is None else calendar.name)
        if attribute in (_SEASONS_ACTIVE, _WEEKS_ACTIVE, _DAYS_ACTIVE):
            return tables[attribute - _SEASONS_ACTIVE]
        return _NOT_SPECIFIED if attribute == _ACTIVATION_TIME else None

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        value = data.value
        if attribute == _NAME_PASSIVE and isinstance(value, bytes):
            return None if 1 <= len(value) <= _LONGEST_NAME else DataAccessResult.OTHER_REASON
        if attribute == _ACTIVATION_TIME and isinstance(value, bytes):
            return self._schedule(meter, item, value, at)
        try:
            check_table(attribute - _SEASONS, data)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        except ValueError:
            return DataAccessResult.OTHER_REASON
        return None

    def invoke(
        self,
        meter: SimulatedMeter,
        item: SimulatedObject,
        _method: int,
        data: Data | None,
        at: int,
    ) -> tuple[ActionResult, Data | None]:
        if data is None or data.type is not DataType.INTEGER:
            return ActionResult.TYPE_UNMATCHED, None
        return (ActionResult.SUCCESS if self._activate(meter, item, at) else ActionResult.OTHER_REASON), None

    def due(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> None:
        """Activate, unless the clock was set back meanwhile."""
        calendar = meter.state(ActiveCalendar)
        if calendar.takes_over is None:
            return
        if meter.seconds(at) >= calendar.takes_over:
            self._activate(meter, item, at)
        else:
            self._plan(meter, item, calendar.takes_over, at)

    def _activate(self, meter: SimulatedMeter, item: SimulatedObject, at: int) -> bool:
        """Take the passive tables over; False where they are no complete calendar."""
        name, seasons, weeks, days = (
            meter.written(item, attribute) for attribute in (_NAME_PASSIVE, _SEASONS, _WEEKS, _DAYS)
        )
        if seasons is None or weeks is None or days is None:
            return False
        tables = TariffTables(seasons, weeks, days, present_tables(meter).special_days)
        try:
            read_tables(tables)
        except (DecodeError, ValueError):
            return False
        calendar = meter.state(ActiveCalendar)
        calendar.name = name.value if name is not None and isinstance(name.value, bytes) else b""
        calendar.takes_over = None
        touch(meter, at, tables)
        meter.log(_LOG, _TARIFF_UPDATED, at)
        meter.log(_LOG, _TARIFF_ACTIVATED, at)
        return True

    def _schedule(self, meter: SimulatedMeter, item: SimulatedObject, value: bytes, at: int) -> DataAccessResult | None:
        try:
            moment = meter.zone.moment(CosemDateTime.from_bytes(value))
        except DecodeError:
            return DataAccessResult.OTHER_REASON
        calendar = meter.state(ActiveCalendar)
        calendar.takes_over = None if moment is None else int(moment)
        if calendar.takes_over is None:
            meter.unplan(item)
        else:
            self._plan(meter, item, calendar.takes_over, at)
        return None

    def _plan(self, meter: SimulatedMeter, item: SimulatedObject, moment: int, at: int) -> None:
        """Look again in a month at the latest: no timer lasts longer, and the clock may have been set."""
        wait = min(max(moment - meter.seconds(at), 0), _MONTH_S)
        meter.plan(item, max(wait * 1000, 1), at)


class SpecialDays(Behaviour):
    """Days that follow another day profile than their weekday's."""

    methods: ClassVar[Mapping[int, str]] = MappingProxyType({_INSERT: "insert", _DELETE: "delete"})

    def write(
        self,
        meter: SimulatedMeter,
        item: SimulatedObject,
        _attribute: int,
        data: Data,
        at: int,
    ) -> DataAccessResult | None:
        return self._keep(meter, item, data, at)

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        index = _index(data, method)
        if data is None or index is None:
            return ActionResult.TYPE_UNMATCHED, None
        entries = elements(present_tables(meter).special_days)
        left = [entry for entry in entries if _index(entry, _INSERT) != index]
        if method == _INSERT:
            left.append(data)
        elif len(left) == len(entries):
            return ActionResult.OTHER_REASON, None
        result = self._keep(meter, item, array(left), at)
        return ActionResult(result.value), None

    def _keep(self, meter: SimulatedMeter, item: SimulatedObject, data: Data, at: int) -> DataAccessResult:
        try:
            entries = elements(data)
            for entry in entries:
                read_special_day(entry)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        except ValueError:
            return DataAccessResult.OTHER_REASON
        if len(entries) > MOST_SPECIAL_DAYS:
            return DataAccessResult.OTHER_REASON
        result = meter.keep(item, _ENTRIES, data)
        if result is DataAccessResult.SUCCESS:
            touch(meter, at, present_tables(meter)._replace(special_days=data))
        return result


def _index(data: Data | None, method: int) -> int | None:
    """Tell the index an entry has (insert), or that is given (delete)."""
    if data is None:
        return None
    if method == _INSERT:
        whole = data.value if data.type is DataType.STRUCTURE else None
        data = whole[0] if isinstance(whole, tuple) and whole else data
    if data.type is not DataType.LONG_UNSIGNED or not isinstance(data.value, int):
        return None
    return data.value
