"""Profiles whose columns the meter tells: what it captures, how its values are told, and where rows are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from meterstream.contracts.records import ReadingRow
from meterstream.contracts.shared.profiles import (
    CapturedColumn,
    CapturedValue,
    ClockStatusFlag,
    ColumnChoice,
    ProfileGap,
    ProfileRow,
)
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.data import (
    NULL,
    AttributeRef,
    CaptureObject,
    Cell,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    NullData,
    ProfileColumn,
)
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.objects import MeterProfile, ScalerUnit
from meterstream.protocol_dlms.model.buffer_reading import ProfilePlan
from meterstream.protocol_dlms.model.captured import NOTHING, reading_rows, registered, scaled, whole
from meterstream.protocol_dlms.model.cosem_text import to_text
from meterstream.protocol_dlms.model.gsm import bit_error_rate, signal_quality
from meterstream.protocol_dlms.model.load_profile import MONTHLY, Row, capture_after, moment_of
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected
from meterstream.protocol_dlms.model.registers import Told, scaler_of, told

CLOCK_TIME: Final = (8, 2, 0)
_MOST_COLUMNS: Final = 256
_LONGEST_PERIOD_S: Final = 0xFFFF_FFFF
_SIGNAL_QUALITY: Final = (47, 6, 3)
_BIT_ERROR_RATE: Final = (47, 6, 4)
_STATUS_BITS: Final = tuple(zip((0, 1, 2, 3, 7), ClockStatusFlag, strict=True))
_SHORTEST_MONTH_S: Final = 28 * 86_400
_MONTH_TOLERANCE: Final = timedelta(days=1)


class Captures(NamedTuple):
    """What a profile captures.

    Attributes:
        buffer: attribute 2 of the profile.
        period_s: attribute 4; None: the meter does not tell.
        entries: rows in use; None: the meter does not tell.
    """

    buffer: AttributeRef
    columns: tuple[CaptureObject, ...]
    period_s: int | None
    entries: int | None

    @property
    def name(self) -> str:
        """In messages."""
        return str(self.buffer)

    @property
    def clock(self) -> int:
        """The place of the clock.

        Raises: ILLEGAL_RESPONSE where there is none: nothing could tell the rows of a range.
        """
        try:
            return clock_place(self.columns)
        except ValueError:
            raise unexpected(self.name, "captures no clock, its rows have no time") from None


def read_captures(buffer: AttributeRef, objects: Data, period: Data | None, entries: Data | None) -> Captures:
    """Attributes 3, 4 and 7 of a profile; None where the meter refuses one.

    Raises: ILLEGAL_RESPONSE.
    """
    name = str(buffer)
    if objects.type not in (DataType.ARRAY, DataType.COMPACT_ARRAY) or not isinstance(objects.value, tuple):
        raise unexpected(name, f"capture objects: expected an array, got {objects.type.name}")
    if not 0 < len(objects.value) <= _MOST_COLUMNS:
        raise unexpected(name, f"{len(objects.value)} capture objects")
    try:
        columns = tuple(CaptureObject.from_data(one) for one in objects.value)
    except DecodeError as failure:
        raise unexpected(name, str(failure)) from failure
    return Captures(buffer, columns, _hint(period, f"{name} capture period"), _hint(entries, f"{name} entries in use"))


def _hint(data: Data | None, what: str) -> int | None:
    number = None if data is None else read_integer(data, what)
    if number is not None and not 0 <= number <= _LONGEST_PERIOD_S:
        raise unexpected(what, "a number outside 0 to 4294967295")
    return number


def place_of(choice: ColumnChoice, captures: Captures) -> int | None:
    """Where a chosen column is; None: the profile does not capture it."""
    wanted = CaptureObject(choice.class_id, LogicalName.parse(choice.logical_name), choice.attribute, choice.data_index)
    return next((place for place, column in enumerate(captures.columns) if column == wanted), None)


class ToldColumn(NamedTuple):
    """A column of the answer; `how` is None where values have no scaler."""

    capture: CaptureObject
    how: Told | None

    @property
    def column(self) -> CapturedColumn:
        """As the contract has it."""
        class_id, logical_name, attribute, data_index = self.capture
        return CapturedColumn(
            class_id=class_id,
            logical_name=str(LogicalName(logical_name)),
            attribute=attribute,
            data_index=data_index,
            unit=Unit.UNDEFINED if self.how is None else self.how.unit,
        )


def plan_of(
    captures: Captures,
    wanted: Iterable[int],
    scalers: Mapping[AttributeRef, ScalerUnit],
    profile: MeterProfile,
    *,
    choose: bool,
) -> tuple[ProfilePlan, list[ToldColumn]]:
    """How a profile is read, and how the columns of its rows are told."""
    places = tuple(sorted({captures.clock, *wanted}))
    hows = {place: _how(captures.columns[place], scalers) for place in places}
    plan = ProfilePlan(
        name=captures.name,
        columns=tuple(_typed(column, hows.get(place)) for place, column in enumerate(captures.columns)),
        wanted=places,
        clock=captures.clock,
        period_s=captures.period_s or _monthly(captures, profile),
        entries=captures.entries,
        choose=choose,
    )
    return plan, [ToldColumn(captures.columns[place], hows[place]) for place in places]


def _how(column: CaptureObject, scalers: Mapping[AttributeRef, ScalerUnit]) -> Told | None:
    ref = scaler_of(column)
    return None if ref is None else told(scalers[ref])


def _typed(column: CaptureObject, how: Told | None) -> ProfileColumn:
    if (column.class_id, column.attribute, column.data_index) == CLOCK_TIME:
        return ProfileColumn(column)
    return ProfileColumn(column, None if how is None else how.scaler, NullData.ABSENT)


def _monthly(captures: Captures, profile: MeterProfile) -> int | None:
    """Period 0 is a month for the billing profiles of the meter's type; others capture on an event."""
    known = profile.find(captures.buffer.class_id, captures.buffer.logical_name)
    return MONTHLY if known is not None and known[0].role.startswith("monthly_") else None


def told_rows(rows: Iterable[Row], columns: Sequence[ToldColumn], zone: tzinfo | None) -> list[ProfileRow]:
    """Rows in the words of the contract.

    Raises: ILLEGAL_RESPONSE for a value that is of no use.
    """
    tellers = [_teller(column, zone) for column in columns]
    clock = clock_place(one.capture for one in columns)
    told: list[ProfileRow] = []
    for row in rows:
        values = [tell(cell) for tell, cell in zip(tellers, row.cells, strict=True)]
        values[clock] = CapturedValue(moment=row.captured_at)
        told.append(ProfileRow(values=values, clock_status=_flags(row.cells[clock])))
    return told


def clock_place(columns: Iterable[CaptureObject]) -> int:
    """The place of the clock. Raises: ValueError."""
    for place, column in enumerate(columns):
        if (column.class_id, column.attribute, column.data_index) == CLOCK_TIME:
            return place
    raise ValueError("no clock")


def _flags(clock: Cell) -> list[ClockStatusFlag]:
    status = clock.status if isinstance(clock, CosemDateTime) else None
    return [flag for bit, flag in _STATUS_BITS if (status or 0) >> bit & 1]


def _teller(column: ToldColumn, zone: tzinfo | None) -> Callable[[Cell], CapturedValue]:
    """How the values of a column are told."""
    class_id, logical_name, attribute, data_index = column.capture
    if (class_id, attribute, data_index) == CLOCK_TIME:
        return lambda _: NOTHING  # the time of the row is known
    what, how = str(AttributeRef(class_id, logical_name, attribute)), column.how
    if (class_id, attribute, data_index) == _SIGNAL_QUALITY:
        return lambda cell: CapturedValue(text=signal_quality(cell if isinstance(cell, Data) else NULL).value)
    if (class_id, attribute, data_index) == _BIT_ERROR_RATE:
        return lambda cell: CapturedValue(integer=bit_error_rate(cell if isinstance(cell, Data) else NULL))

    def tell(cell: Cell) -> CapturedValue:
        match cell:
            case Decimal():
                return scaled(cell, how, what)
            case None:
                return NOTHING
            case CosemDateTime():
                return CapturedValue(moment=moment_of(cell, zone))
            case Data(value=bool(flag)):
                return whole(int(flag), what)
            case Data(value=int() | float()):
                return registered(cell, None, what)
        return CapturedValue(text=to_text(cell))

    return tell


def gaps_in(rows: Sequence[Row], period_s: int | None, zone: tzinfo | None) -> list[ProfileGap]:
    """Where captures are missing between rows; a row that is late by half a period is not missing."""
    if period_s is None:
        return []
    tolerance = timedelta(seconds=period_s / 2) if period_s else _MONTH_TOLERANCE
    shortest = timedelta(seconds=period_s or _SHORTEST_MONTH_S)
    after = capture_after(period_s, zone)
    gaps: list[ProfileGap] = []
    for former, latter in pairwise(sorted(row.captured_at for row in rows)):
        if latter - former <= shortest:
            continue
        local = former if zone is None else former.astimezone(zone)
        due = moment_of(after(CosemDateTime.from_datetime(local)), zone)
        if due is not None and latter > due + tolerance:
            gaps.append(ProfileGap(after=former, before=latter))
    return gaps


def analytic_rows(
    columns: Sequence[CapturedColumn], rows: Iterable[ProfileRow], profile: MeterProfile
) -> list[ReadingRow]:
    """Rows for analytics: one a number and capture; `status` has the flags of the clock."""
    clock = clock_place(CaptureObject(column.class_id, b"", column.attribute, column.data_index) for column in columns)
    quantities = [_quantity(column, profile) for column in columns]
    found: list[ReadingRow] = []
    for row in rows:
        captured_at = row.values[clock].moment
        if captured_at is not None:
            named = zip(quantities, columns, row.values, strict=True)
            values = [(quantity, column.logical_name, column.unit, value) for quantity, column, value in named]
            found += reading_rows(values, captured_at, [flag.value for flag in row.clock_status])
    return found


def _quantity(column: CapturedColumn, profile: MeterProfile) -> str:
    """Role of the captured object, or its logical name; what else than its value is captured follows."""
    known = profile.find(column.class_id, LogicalName.parse(column.logical_name))
    name = column.logical_name
    if known is not None:
        item, channel = known
        name = item.role if channel is None else f"{item.role}@{channel}"
    if column.attribute != 2 or column.data_index:
        name += f".{column.attribute}"
    return f"{name}.{column.data_index}" if column.data_index else name
