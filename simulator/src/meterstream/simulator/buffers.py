"""Profile buffers: rows made up on demand from the meter's clock, with selective access by range and by entry."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    BY_ENTRY,
    BY_RANGE,
    CLOCK,
    CaptureObject,
    CosemDateTime,
    Data,
    DataType,
    Selection,
    array,
    null,
    octet_string,
    structure,
)
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.layout import CAPTURE_OBJECTS, CAPTURE_PERIOD, PROFILE_ENTRIES
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.values import Reader, meter_seconds
from meterstream.simulator.world.curve import EPOCH
from meterstream.simulator.world.events import EventRow, rows_of
from meterstream.simulator.world.zone import Zone

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import ObjectTree, SimulatedObject

_DAY: Final = 86400
_EXTENDED_REGISTER, _CAPTURE_TIME = 4, 5
_FOREVER: Final = 1 << 62
_ALL: Final = (0, None)
_LOG_ENTRIES: Final = 100
_PROFILE_ENTRIES: Final = 960
_MOST: Final = 100_000
"""Seconds or rows, whatever the control interface says."""


@dataclass(frozen=True, slots=True)
class BufferRules:
    """Habits in which makes of meters differ.

    Attributes:
        columns: a range may select columns; otherwise such a request is refused with other-reason.
        by_entry: selector 2 is served; otherwise it is refused with other-reason.
        null_clock: the clock column is null-data where a row follows the one before by exactly one period.
        ranges: ranges are heeded; otherwise every request is answered with the whole buffer.
        row_before: an answer to a range begins with the row before it.
        to_exclusive: a row captured at the end of a range is left out.
        null_capture_time: so is the capture time of an M-Bus device, as `null_clock` says of the clock.
        refill: a profile whose columns a client has chosen anew has rows of the time before; otherwise it is empty
            until the next capture.
    """

    columns: bool = True
    by_entry: bool = False
    null_clock: bool = False
    ranges: bool = True
    row_before: bool = False
    to_exclusive: bool = False
    null_capture_time: bool = False
    refill: bool = False


@dataclass(slots=True)
class Cleared:
    """When profiles were cleared, by logical name, in seconds of the meter's clock; rows up to then are gone."""

    moments: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Window:
    """Which rows and columns are wanted; times in seconds of the meter's clock, `entries` and `places` from, to."""

    first: int = 0
    last: int = _FOREVER
    columns: tuple[CaptureObject, ...] | None = None
    entries: tuple[int, int | None] = _ALL
    places: tuple[int, int | None] = _ALL


def read_buffer(
    meter: SimulatedMeter, item: SimulatedObject, at: int, selection: Selection | None, rules: BufferRules
) -> Data | DataAccessResult:
    """Answer GET of a buffer (attribute 2) at a moment in milliseconds of the fleet's clock.

    Both limits of a range are inclusive; columns come in the profile's order, unknown ones are left out.
    """
    try:
        window = _window(meter, selection, rules)
    except DecodeError:
        return DataAccessResult.TYPE_UNMATCHED
    if window is None:
        return DataAccessResult.OTHER_REASON
    if item.role.endswith("_log"):
        return _log_rows(meter, item, at, window)
    columns = capture_columns(meter, item)
    wanted = [column for column in columns if window.columns is None or column in window.columns]
    wanted = wanted[slice(*window.places)]
    readers = [_column_reader(meter, column) for column in wanted]
    times = _wanted_times(_row_times(meter, item, at), window, rules)
    offset = meter.clock_offset_ms
    rows = [[read(meter, time * 1000 - offset) for read in readers] for time in times]
    for place, column in enumerate(wanted):
        if (rules.null_clock and column == CLOCK) or (rules.null_capture_time and _is_capture_time(column)):
            _leave_out(rows, place, meter.zone, _period(meter, item))
    return array(structure(*row) for row in rows)


def entries_in_use(meter: SimulatedMeter, item: SimulatedObject, at: int) -> int:
    """Count the rows of a buffer."""
    if item.role.endswith("_log"):
        return len(_logged(meter, item, at))
    return len(_row_times(meter, item, at))


def capture_columns(meter: SimulatedMeter, item: SimulatedObject) -> tuple[CaptureObject, ...]:
    """List the columns a profile has now: those a client has chosen, or those it came with."""
    written = meter.written(item, CAPTURE_OBJECTS)
    if written is None:
        return item.columns
    try:
        return tuple(column for column in decode_columns(written) if is_known_column(meter.tree, column))
    except DecodeError:  # what the control interface has put there
        return item.columns


def decode_columns(data: Data) -> tuple[CaptureObject, ...]:
    """Read an array of capture objects.

    Raises:
        DecodeError: anything else.
    """
    if data.type is not DataType.ARRAY or not isinstance(data.value, tuple):
        raise DecodeError("capture objects come as an array")
    return tuple(CaptureObject.from_data(element) for element in data.value)


def is_known_column(tree: ObjectTree, column: CaptureObject) -> bool:
    """Tell whether a meter has what a column names."""
    item = tree.objects.get(column.logical_name)
    return item is not None and item.class_id == column.class_id and column.attribute in item.attributes


def _window(meter: SimulatedMeter, selection: Selection | None, rules: BufferRules) -> _Window | None:
    """Read the access parameters; None: a form this meter does not serve."""
    if selection is None or not rules.ranges:
        return _Window()
    parts = selection.parameters.value
    if not isinstance(parts, tuple) or len(parts) != 4:
        raise DecodeError("access parameters are a structure of four")
    if selection.selector == BY_RANGE:
        return _range(meter.zone, parts, rules)
    if selection.selector == BY_ENTRY and rules.by_entry:
        return _entries(parts)
    return None


def _range(zone: Zone, parts: tuple[Data, ...], rules: BufferRules) -> _Window | None:
    restricting, first, last, selected = parts
    columns = decode_columns(selected)
    if CaptureObject.from_data(restricting) != CLOCK or (columns and not rules.columns):
        return None
    begin, end = zone.moment(CosemDateTime.from_data(first)), zone.moment(CosemDateTime.from_data(last))
    return _Window(
        first=0 if begin is None else -int(-begin // 1),
        last=_FOREVER if end is None else int(end),
        columns=columns or None,
    )


def _entries(parts: tuple[Data, ...]) -> _Window:
    """Entries and columns count from 1; `to` 0 is the last one."""
    numbers = [part.value for part in parts]
    first, last, first_column, last_column = (number if isinstance(number, int) else -1 for number in numbers)
    if min(first, first_column) < 1 or min(last, last_column) < 0:
        raise DecodeError("entries and columns count from 1")
    return _Window(entries=(first - 1, last or None), places=(first_column - 1, last_column or None))


def _row_times(meter: SimulatedMeter, item: SimulatedObject, at: int) -> Sequence[int]:
    """List when the rows of a buffer were captured, in seconds of the meter's clock, oldest first."""
    now = meter_seconds(meter, at)
    entries = _count(meter, item, PROFILE_ENTRIES, _PROFILE_ENTRIES)
    period = _period(meter, item)
    cleared = meter.peek(Cleared)
    begin = EPOCH if cleared is None else max(EPOCH, cleared.moments.get(item.logical_name, 0) + 1)
    if period and period != _DAY:
        newest = now // period * period
        oldest = max(newest - (entries - 1) * period, begin)
        return range(-(-oldest // period) * period, newest + 1, period)
    back = _days(meter.zone, now) if period else _months(meter.zone, now)
    held = [time for _, time in zip(range(entries), takewhile(lambda time: time >= begin, back), strict=False)]
    return held[::-1]


def _wanted_times(held: Sequence[int], window: _Window, rules: BufferRules) -> Sequence[int]:
    if window.entries is not _ALL:
        return held[slice(*window.entries)]
    begin = bisect_left(held, window.first)
    end = bisect_left(held, window.last) if rules.to_exclusive else bisect_right(held, window.last)
    if rules.row_before and begin and window.first:
        begin -= 1
    return held[begin:end]


def _is_capture_time(column: CaptureObject) -> bool:
    return (column.class_id, column.attribute) == (_EXTENDED_REGISTER, _CAPTURE_TIME)


def _leave_out(rows: list[list[Data]], place: int, zone: Zone, period: int) -> None:
    """Replace date-times by null-data where they are the one before plus the period; months have no fixed one."""
    before: float | None = None
    for row in rows:
        moment = zone.moment(CosemDateTime.from_data(row[place]))
        if period and before is not None and moment == before + period:
            row[place] = null()
        before = moment


def _days(zone: Zone, now: int) -> Iterator[int]:
    time = zone.day_start(now)
    while True:
        yield time
        time = zone.previous_day(time)


def _months(zone: Zone, now: int) -> Iterator[int]:
    time = zone.month_start(now)
    while True:
        yield time
        time = zone.previous_month(time)


def _period(meter: SimulatedMeter, item: SimulatedObject) -> int:
    return _count(meter, item, CAPTURE_PERIOD, 0)


def _count(meter: SimulatedMeter, item: SimulatedObject, attribute: int, default: int) -> int:
    written = meter.written(item, attribute)
    if written is not None and isinstance(written.value, int):
        return min(max(written.value, 0), _MOST)
    laid_down = item.definition.attributes[attribute].value
    if isinstance(laid_down, int):
        return laid_down
    value = item.attributes[attribute].read(meter, 0).value
    return value if isinstance(value, int) and value else default


def _column_reader(meter: SimulatedMeter, column: CaptureObject) -> Reader:
    read = _attribute_reader(meter, column)
    if not column.data_index:
        return read

    def element(meter: SimulatedMeter, at: int) -> Data:
        whole = read(meter, at).value
        return whole[column.data_index - 1] if isinstance(whole, tuple) and column.data_index <= len(whole) else null()

    return element


def _attribute_reader(meter: SimulatedMeter, column: CaptureObject) -> Reader:
    """Ask the behaviour of an object first, where it has a say at all."""
    item = meter.tree.objects[column.logical_name]
    attribute = item.attributes[column.attribute]
    if type(item.behaviour).read is Behaviour.read:
        return attribute.read

    def read(view: SimulatedMeter, at: int) -> Data:
        value = item.behaviour.read(meter, item, attribute.number, at)
        if value is None:
            return attribute.read(view, at)
        return null() if isinstance(value, DataAccessResult) else value

    return read


def _logged(meter: SimulatedMeter, item: SimulatedObject, at: int) -> Sequence[EventRow]:
    return rows_of(meter, item.role, log_entries(meter, item), at)


def log_entries(meter: SimulatedMeter, item: SimulatedObject) -> int:
    """Tell how many rows an event log keeps."""
    return _count(meter, item, PROFILE_ENTRIES, _LOG_ENTRIES)


def _log_rows(meter: SimulatedMeter, item: SimulatedObject, at: int, window: _Window) -> Data:
    """Write clock, event code and further columns, which are 0 where an event has no value for them."""
    columns = item.columns
    kinds = [meter.tree.objects[column.logical_name].attributes[column.attribute].type for column in columns]
    rows = []
    for time, *numbers in [row for row in _logged(meter, item, at) if window.first <= row[0] <= window.last][
        slice(*window.entries)
    ]:
        numbers += [0] * (len(kinds) - 1 - len(numbers))
        plain = (Data(kind, number) for kind, number in zip(kinds[1:], numbers, strict=True))
        values = [octet_string(meter.zone.octets(time)), *plain]
        chosen = zip(columns, values, strict=True)
        cells = [value for column, value in chosen if window.columns is None or column in window.columns]
        rows.append(structure(*cells[slice(*window.places)]))
    return array(rows)
