"""What has flowed through a meter by rate, once its tariffs or its disconnector have been touched.

A household's use is a function of time alone (`curve`). Meters that still have the factory's calendar and have always
been connected need nothing more; others keep a list of segments, each with the units counted before it began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from meterstream.simulator.world.curve import factory_units, used_units
from meterstream.simulator.world.tariff import FACTORY, TariffTables, read_tables
from meterstream.simulator.world.zone import Zone

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

_MOST_SEGMENTS: Final = 64
_State = TypeVar("_State")

Units = tuple[int, int, int, int]
"""Import low, import normal, export low, export normal, in weight-seconds of the curve."""


class HasState(Protocol):
    """A meter that may have state."""

    def peek(self, kind: type[_State]) -> _State | None: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which nothing was touched.

    Attributes:
        start: in seconds of the fleet's clock.
        tables: None: the factory's, which need neither zone nor clock of the meter.
        offset: what the meter's clock was ahead, in seconds.
        before: units counted up to `start`.
    """

    start: int = 0
    connected: bool = True
    tables: TariffTables | None = None
    zone: Zone = field(default_factory=Zone)
    offset: int = 0
    before: Units = (0, 0, 0, 0)

    def units(self, time: int, since: int, units: Units) -> Units:
        """Count units up to a time in this segment, going on from what was counted up to `since` in it."""
        if not self.connected:
            return units
        if self.tables is None:
            counted = zip(units, factory_units(time), factory_units(since), strict=True)
            return _units([before + now - then for before, now, then in counted])
        values = list(units)
        calendar = read_tables(self.tables)
        for begin, end, rate in calendar.spans(self.zone, since + self.offset, time + self.offset):
            imported, exported = used_units(end - self.offset)
            imported_before, exported_before = used_units(begin - self.offset)
            values[rate - 1] += imported - imported_before
            values[rate + 1] += exported - exported_before
        return _units(values)


@dataclass(slots=True)
class Supply:
    """Segments, oldest first; before the first one nothing had been touched.

    `last` is the latest count (segment, time, units): rows of a buffer are asked for in their order, and each goes on
    from the one before instead of counting all days of the segment again.
    """

    segments: list[Segment] = field(default_factory=list)
    last: tuple[Segment, int, Units] | None = field(default=None, init=False, repr=False, compare=False)

    def units(self, time: int) -> Units:
        """Count units up to a time in seconds of the fleet's clock."""
        for segment in reversed(self.segments):
            if segment.start <= time:
                return self._count(segment, time)
        return factory_units(time)

    def _count(self, segment: Segment, time: int) -> Units:
        since, units = segment.start, segment.before
        if self.last is not None and self.last[0] is segment and self.last[1] <= time:
            _, since, units = self.last
        if time == since:
            return units
        units = segment.units(time, since, units)
        self.last = segment, time, units
        return units

    def connected(self, time: int) -> bool:
        """Tell whether current could flow at a time."""
        for segment in reversed(self.segments):
            if segment.start <= time:
                return segment.connected
        return True

    def begin(self, segment: Segment) -> None:
        """Add a segment; one that begins at the same time or later is replaced, the oldest of too many is forgotten."""
        self.segments = [each for each in self.segments if each.start < segment.start]
        self.segments.append(segment)
        del self.segments[:-_MOST_SEGMENTS]


def units_at(meter: HasState, time: int) -> Units:
    """Count what has flowed through a meter up to a time in seconds of the fleet's clock."""
    supply = meter.peek(Supply)
    return factory_units(time) if supply is None else supply.units(time)


def is_connected(meter: HasState, time: int) -> bool:
    """Tell whether current could flow through a meter at a time in seconds of the fleet's clock."""
    supply = meter.peek(Supply)
    return supply is None or supply.connected(time)


def touch(meter: SimulatedMeter, at: int, tables: TariffTables | None = None, *, connected: bool | None = None) -> None:
    """Begin a segment: with other tables, connected or disconnected, or only with another clock or zone."""
    supply, time = meter.state(Supply), at // 1000
    last = supply.segments[-1] if supply.segments else Segment()
    supply.begin(
        Segment(
            start=time,
            connected=last.connected if connected is None else connected,
            tables=last.tables if tables is None else (None if tables == FACTORY else tables),
            zone=meter.zone,
            offset=meter.clock_offset_ms // 1000,
            before=supply.units(time),
        )
    )


def retouch(meter: SimulatedMeter, at: int) -> None:
    """Begin a segment where tariffs depend on the meter's clock, which is about to change or has changed."""
    supply = meter.peek(Supply)
    if supply is not None and supply.segments and supply.segments[-1].tables is not None:
        touch(meter, at)


def present_tables(meter: HasState) -> TariffTables:
    """Give the tables in force."""
    supply = meter.peek(Supply)
    last = supply.segments[-1].tables if supply is not None and supply.segments else None
    return last or FACTORY


def _units(values: list[int]) -> Units:
    low, normal, export_low, export_normal = values
    return low, normal, export_low, export_normal
