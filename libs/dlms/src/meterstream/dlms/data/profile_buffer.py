"""The buffer of a profile generic as rows of typed values (IEC 62056-6-2, 4.3.6).

Meters compress buffers: null-data stands for the value of the row before, in the clock column for the row before plus
the capture period, and a delta type for a difference from the row before. This undoes it, by column: a column whose
values all have one type, which is nearly every column, costs no step of Python per value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal, localcontext
from enum import Enum
from itertools import chain, repeat
from operator import mul
from typing import Any, Final, NamedTuple, TypeAlias, cast

from meterstream.dlms.data.captures import NextCapture
from meterstream.dlms.data.encoder import NUMBERS
from meterstream.dlms.data.rows import cells as cells_of
from meterstream.dlms.data.selection import CaptureObject
from meterstream.dlms.data.temporal import CosemDateTime
from meterstream.dlms.data.types import DELTA_TYPES, INTEGER_TYPES, Data, DataType, Run, Table
from meterstream.dlms.data.units import EXACT, exact_product, power_of_ten
from meterstream.dlms.errors import ConfigurationError, DecodeError, ProfileBufferError


class NullData(Enum):
    """What null-data means in a column."""

    REPEATED = "the value of the row before"
    CONTINUED = "the clock of the row before plus the capture period"
    ABSENT = "no value"


class ProfileColumn(NamedTuple):
    """A captured attribute and how to read it.

    Attributes:
        scaler: power of ten of the register, from its scaler_unit; None leaves values as they are.
        null_data: None for what the standard says: CONTINUED in the column of a clock, else REPEATED. Some meters
            mean ABSENT, and some leave out capture times of registers as they do the clock.
    """

    capture: CaptureObject
    scaler: int | None = None
    null_data: NullData | None = None


Cell: TypeAlias = CosemDateTime | Decimal | Data | None
"""By column: CosemDateTime of a clock or capture time; Decimal with a scaler; else the value with its COSEM type, such
as a status. None where the meter gave nothing: dont-care, ABSENT, or null-data with no row before it."""

_CLOCK: Final = (8, 2)
# time of a clock; capture time of an extended register; capture and start time of a demand register
_MOMENTS: Final = frozenset({_CLOCK, (4, 5), (5, 6), (5, 7)})
_NULL_DATA: Final = DataType.NULL_DATA
_DONT_CARE: Final = DataType.DONT_CARE
_STRUCTURE: Final = DataType.STRUCTURE
_OCTET_STRING: Final = DataType.OCTET_STRING
_DATE_TIME: Final = DataType.DATE_TIME
_UNSIGNED: Final = DataType.UNSIGNED
# A status has few values: they are made once.
_UNSIGNED_VALUES: Final = [Data(_UNSIGNED, value) for value in range(256)]
_new: Final = tuple.__new__
# By tag: members of an enumeration hash slowly, once per value.
_IS_DELTA: Final = [tag in DELTA_TYPES for tag in range(256)]
_IS_WHOLE: Final = [tag in INTEGER_TYPES - DELTA_TYPES for tag in range(256)]
_REFERS_BACK: Final = [tag in DELTA_TYPES | {_NULL_DATA, _DONT_CARE} for tag in range(256)]


class _Clocks(dict[bytes, CosemDateTime]):
    """Parsed clocks by their octets: meters capture at the same moments, those of one profile are those of thousands.

    A dictionary, because a look-up costs a third of a call of a cached function. Emptied when full.
    """

    MOST: Final = 16_384

    def __missing__(self, octets: bytes) -> CosemDateTime:
        clock = CosemDateTime.from_bytes(octets)
        if len(self) >= self.MOST:
            self.clear()
        self[octets] = clock
        return clock


_clock_of: Final = _Clocks().__getitem__


def profile_rows(
    buffer: Data, columns: Sequence[ProfileColumn], next_capture: NextCapture | None = None
) -> list[tuple[Cell, ...]]:
    """Rows in the meter's order, one cell per column.

    Args:
        buffer: attribute 2 of a profile generic, or what a selection of it gave: array or compact-array of structures;
            null-data is an empty one.
        columns: what the buffer captures, in the buffer's order.
        next_capture: see `every` and `monthly`; None when the profile has no period.
    Raises: ProfileBufferError, which names row and column (both from 0); DecodeError for an impossible scaler;
        ConfigurationError for a column that is CONTINUED and no clock.
    """
    if buffer.type is _NULL_DATA:
        return []
    if buffer.type not in (DataType.ARRAY, DataType.COMPACT_ARRAY):
        raise ProfileBufferError(f"{buffer.type.name} is no buffer")
    rows = cast("tuple[Data, ...]", buffer.value)
    if not rows:
        return []
    if type(rows) is Table and all(len(run.kinds) == len(columns) for run in rows.runs):
        return table_rows(rows.runs, columns, next_capture)
    kinds, bodies = zip(*rows, strict=True)
    if kinds.count(_STRUCTURE) != len(rows):
        number = next(number for number, kind in enumerate(kinds) if kind is not _STRUCTURE)
        raise ProfileBufferError(f"{kinds[number].name} is no row", number)
    widths = list(map(len, bodies))
    if widths.count(len(columns)) != len(rows):
        number = next(number for number, width in enumerate(widths) if width != len(columns))
        raise ProfileBufferError(f"{widths[number]} values in {len(columns)} columns", number)
    table = (
        _column(cells, number, column, next_capture)
        for number, (cells, column) in enumerate(zip(zip(*bodies, strict=True), columns, strict=True))
    )
    return list(zip(*table, strict=True)) if columns else [()] * len(rows)


def table_rows(
    runs: Sequence[Run], columns: Sequence[ProfileColumn], next_capture: NextCapture | None
) -> list[tuple[Cell, ...]]:
    """profile_rows of runs that are as wide as there are columns. Raises: as profile_rows."""
    table = [_column_of_runs(runs, number, column, next_capture) for number, column in enumerate(columns)]
    return list(zip(*table, strict=True))


def _column_of_runs(
    runs: Sequence[Run], number: int, column: ProfileColumn, next_capture: NextCapture | None
) -> Sequence[Cell]:
    kind = runs[0].kinds[number]
    if all(run.kinds[number] is kind for run in runs):
        values = runs[0].columns[number] if len(runs) == 1 else tuple(chain(*(run.columns[number] for run in runs)))
        plain = _plain_column(kind, values, number, column, _cells(kind, values))
        if plain is not None:
            return plain
    everything = chain(*(_cells(run.kinds[number], run.columns[number]) for run in runs))
    return _mixed_column(tuple(everything), number, column, next_capture)


def _cells(kind: DataType, values: Sequence[Any]) -> Iterable[Data]:
    return map(_UNSIGNED_VALUES.__getitem__, values) if kind is _UNSIGNED else cells_of(kind, values)


def _column(
    cells: tuple[Data, ...], number: int, column: ProfileColumn, next_capture: NextCapture | None
) -> Sequence[Cell]:
    kinds, values = zip(*cells, strict=True)
    if kinds.count(kinds[0]) == len(kinds):
        plain = _plain_column(kinds[0], values, number, column, cells)
        if plain is not None:
            return plain
    return _mixed_column(cells, number, column, next_capture)


def _plain_column(
    kind: DataType, values: Sequence[Any], number: int, column: ProfileColumn, cells: Iterable[Data]
) -> Sequence[Cell] | None:
    """A column whose values all are of `kind`; `cells` are the same values, looked at only where they are the answer.

    None where each value has to be looked at: see _mixed_column, which also finds the row of a bad one.
    Raises: DecodeError for an impossible scaler; ConfigurationError.
    """
    moments = _has_moments(column, number)
    if column.scaler is not None:
        unit = power_of_ten(column.scaler)
        if _IS_WHOLE[kind]:
            with localcontext(EXACT):  # half the time of EXACT.multiply
                return list(map(mul, repeat(unit), values))
        return None
    if moments:
        if kind is _OCTET_STRING or kind is _DATE_TIME:
            with suppress(DecodeError):
                return list(map(_clock_of, values))
        return None
    return None if _REFERS_BACK[kind] else tuple(cells)


def _mixed_column(
    cells: tuple[Data, ...], number: int, column: ProfileColumn, next_capture: NextCapture | None
) -> Sequence[Cell]:
    """Any column. Raises: as profile_rows."""
    moments = _has_moments(column, number)
    if column.scaler is not None:
        return _scaled(cells, number, column, power_of_ten(column.scaler))
    if moments:
        return _moments(cells, number, column, next_capture)
    return [None if cell is None or cell.type is _DONT_CARE else cell for cell in _told(cells, number, column)]


def _has_moments(column: ProfileColumn, number: int) -> bool:
    moments = column.scaler is None and column.capture.data_index == 0 and _attribute(column) in _MOMENTS
    if column.null_data is NullData.CONTINUED and not moments:
        raise ConfigurationError(f"column {number} is no clock that could continue")
    return moments


def _attribute(column: ProfileColumn) -> tuple[int, int]:
    return column.capture.class_id, column.capture.attribute


def _told(cells: tuple[Data, ...], number: int, column: ProfileColumn) -> Iterator[Data | None]:
    """Values with null-data and deltas put back to what they stand for."""
    absent = column.null_data is NullData.ABSENT
    former: Data | None = None
    for row, cell in enumerate(cells):
        if cell.type is _NULL_DATA:
            yield None if absent else former
            continue
        former = _sum(former, cell, row, number) if _IS_DELTA[cell.type] else cell
        yield former


def _sum(former: Data | None, delta: Data, row: int, number: int) -> Data:
    if former is None:
        raise ProfileBufferError(f"{delta.type.name} without a value before it", row, number)
    bounds = _BOUNDS[former.type]
    if bounds is None:
        raise ProfileBufferError(f"{delta.type.name} after {former.type.name}", row, number)
    value: int = former[1] + delta[1]  # type: ignore[assignment,operator] # whole numbers by their types
    if not bounds[0] <= value <= bounds[1]:
        raise ProfileBufferError(f"{delta.type.name} leads out of {former.type.name}", row, number)
    return _new(Data, (former.type, value))


def _bounds(tag: int) -> tuple[int, int] | None:
    if not _IS_WHOLE[tag]:
        return None
    number = NUMBERS[DataType(tag)]
    values = 1 << 8 * number.size
    return (-values // 2, values // 2 - 1) if number.format[1:].islower() else (0, values - 1)


_BOUNDS: Final = [_bounds(tag) for tag in range(256)]


def _scaled(cells: tuple[Data, ...], number: int, column: ProfileColumn, unit: Decimal) -> list[Cell]:
    amounts: list[Cell] = []
    former, amount = None, None
    for row, cell in enumerate(_told(cells, number, column)):
        if cell is not former:
            former, amount = cell, None if cell is None else _amount(cell, unit, row, number)
        amounts.append(amount)
    return amounts


def _amount(cell: Data, unit: Decimal, row: int, number: int) -> Decimal | None:
    kind, value = cell
    if kind is _DONT_CARE:
        return None
    if _IS_WHOLE[kind]:
        return exact_product(value, unit)  # type: ignore[arg-type] # a whole number by its type
    if isinstance(value, float):
        amount = Decimal(repr(value))
        if amount.is_finite():
            return exact_product(amount, unit)
    raise ProfileBufferError(f"{kind.name} is no number to scale", row, number)


def _moments(
    cells: tuple[Data, ...], number: int, column: ProfileColumn, next_capture: NextCapture | None
) -> list[Cell]:
    null_data = column.null_data or (NullData.CONTINUED if _attribute(column) == _CLOCK else NullData.REPEATED)
    moments: list[Cell] = []
    former: CosemDateTime | None = None
    for row, (kind, value) in enumerate(cells):
        if kind is _OCTET_STRING or kind is _DATE_TIME:
            former = _at(row, number, _clock_of, value)
        elif kind is _DONT_CARE:
            former = None
        elif kind is not _NULL_DATA:
            raise ProfileBufferError(f"{kind.name} is no date-time", row, number)
        elif null_data is NullData.CONTINUED and former is not None:
            if next_capture is None:
                raise ProfileBufferError("the clock is left out and the profile has no capture period", row, number)
            former = _at(row, number, next_capture, former)
        elif null_data is NullData.ABSENT:
            moments.append(None)
            continue
        moments.append(former)
    return moments


def _at(row: int, number: int, step: Callable[..., CosemDateTime], value: object) -> CosemDateTime:
    try:
        return step(value)
    except DecodeError as error:
        raise ProfileBufferError(str(error), row, number) from error
