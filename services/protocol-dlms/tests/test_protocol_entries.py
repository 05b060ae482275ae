"""Entries of a buffer by their number: what is asked for, and what becomes of the answers of all makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    BY_ENTRY,
    CLOCK,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    ProfileColumn,
    Selection,
    array,
    double_long_unsigned,
    entry_descriptor,
    null,
    structure,
)
from meterstream.protocol_dlms.model.buffer_reading import ROWS_PER_PART, ProfilePlan
from meterstream.protocol_dlms.model.entry_reading import EntryReading

FIRST = datetime(2025, 3, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
IN_USE = 2 * ROWS_PER_PART + 10
REGISTERS = [CaptureObject(3, LogicalName.parse(f"1.0.{number}.8.0.255"), 2) for number in (1, 2, 3)]
COLUMNS = tuple(ProfileColumn(capture) for capture in (REGISTERS[0], CLOCK, REGISTERS[1], REGISTERS[2]))


def plan(*wanted: int, entries: int | None = None) -> ProfilePlan:
    return ProfilePlan("profile", COLUMNS, wanted, clock=1, period_s=900, entries=entries)


def buffer(first: int, last: int, columns: slice = slice(None)) -> Data:
    """Entries as a meter sends them; the register in column n has n * 100,000 and the number of the entry."""

    def row(number: int) -> Data:
        moment = CosemDateTime.from_datetime(FIRST + number * QUARTER)
        cells = [
            double_long_unsigned(number),
            moment.to_data(),
            *(double_long_unsigned(n * 100_000 + number) for n in (2, 3)),
        ]
        return structure(*cells[columns])

    return array(row(number) for number in range(first, min(last, IN_USE) + 1))


def numbers(reading: EntryReading) -> Sequence[int]:
    """Of the entries that were read."""
    return [(row.captured_at - FIRST) // QUARTER for row in reading.rows.rows]


def asked(reading: EntryReading) -> tuple[int, ...]:
    """From and to entry, from and to column."""
    assert reading.selection is not None
    assert reading.selection.selector == BY_ENTRY
    parts = reading.selection.parameters.value
    assert isinstance(parts, tuple)
    return tuple(part.value for part in parts)  # type: ignore[misc]  # all four are numbers


def test_neighbouring_columns_are_asked_for_and_those_between_dropped() -> None:
    reading = EntryReading(plan(1, 3), 3, 4, UTC)
    assert reading.selection == Selection(BY_ENTRY, entry_descriptor(3, 4, 2, 4))
    reading.take(buffer(3, 4, slice(1, 4)))
    assert reading.done
    assert [row.cells[1] for row in reading.rows.rows] == [double_long_unsigned(300_003), double_long_unsigned(300_004)]


def test_parts_until_the_meter_has_no_more() -> None:
    reading = EntryReading(plan(0, 1, 2, 3), 1, None, UTC)
    seen = []
    while not reading.done:
        first, last, *_ = asked(reading)
        seen.append((first, last))
        reading.take(buffer(first, last))
    assert seen == [(1, 1500), (1501, 3000), (3001, 4500)]
    assert numbers(reading) == list(range(1, IN_USE + 1))


def test_known_entries_in_use_bound_what_is_asked_for() -> None:
    assert asked(EntryReading(plan(0, 1, 2, 3, entries=20), 15, None, UTC))[:2] == (15, 20)
    assert asked(EntryReading(plan(0, 1, 2, 3, entries=20), 15, 17, UTC))[:2] == (15, 17)
    assert EntryReading(plan(0, 1, 2, 3, entries=20), 21, None, UTC).done


def test_less_and_less_is_asked_of_the_meter() -> None:
    reading = EntryReading(plan(0, 1), 3, 4, UTC)
    assert asked(reading) == (3, 4, 1, 2)
    assert reading.refuse(DataAccessResult.OTHER_REASON)
    assert asked(reading) == (3, 4, 1, 0)
    assert reading.refuse(DataAccessResult.OTHER_REASON)
    assert reading.selection is None
    assert not reading.refuse(DataAccessResult.OTHER_REASON)
    assert reading.begun
    reading.take(buffer(1, 10))
    assert reading.done
    assert numbers(reading) == [3, 4]


def test_a_refusal_of_the_object_is_final() -> None:
    assert not EntryReading(plan(0, 1), 3, 4, UTC).refuse(DataAccessResult.READ_WRITE_DENIED)


def test_a_meter_that_takes_no_notice_of_the_numbers() -> None:
    reading = EntryReading(plan(0, 1, 2, 3), 3, 4, UTC)
    reading.take(buffer(1, 10))
    assert reading.done
    assert numbers(reading) == [3, 4]


def test_all_columns_where_some_were_asked_for() -> None:
    reading = EntryReading(plan(0, 1), 3, 4, UTC)
    reading.take(buffer(3, 4))
    assert reading.done
    assert [row.cells[0] for row in reading.rows.rows] == [double_long_unsigned(3), double_long_unsigned(4)]
    assert numbers(reading) == [3, 4]


def test_rows_without_time_are_counted() -> None:
    reading = EntryReading(plan(0, 1), 1, 1, UTC)
    reading.take(array([structure(double_long_unsigned(1), null())]))
    assert (reading.rows.rows, reading.rows.undated) == ([], 1)


def test_rows_of_another_shape() -> None:
    reading = EntryReading(plan(0, 1), 1, 1, UTC)
    shape = array([structure(null(), null(), null())])
    reading.take(shape)
    reading.take(shape)
    with pytest.raises(PlatformError, match="rows have neither 2 nor 4 columns"):
        reading.take(shape)
