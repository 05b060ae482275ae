"""Readings that broke off: where the next attempt goes on, and how little is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from wire import context, profile

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_profile_generic_data import GetProfileGenericDataRequest
from meterstream.dlms.data import (
    CLOCK,
    CosemDateTime,
    Data,
    ProfileColumn,
    Selection,
    array,
    double_long_unsigned,
    null,
    structure,
)
from meterstream.protocol_dlms.executors import get_profile_generic_data
from meterstream.protocol_dlms.model.buffer_reading import ROWS_PER_PART, Period, ProfilePlan
from meterstream.protocol_dlms.model.profile_reading import ProfileReading
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.protocol_dlms.unfinished import (
    KEEP_S,
    MOST_KEPT_ROWS,
    MOST_READINGS,
    Unfinished,
    UnfinishedReadings,
    Wanted,
)

QUARTER = timedelta(minutes=15)
BEGIN = datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))
SMR5 = profile("SMR 5.0.0")
BUFFER = SMR5.ref("interval_values_e", 2)
MOMENTS = [BEGIN + number * QUARTER for number in range(2 * ROWS_PER_PART + 10)]
PLAN = ProfilePlan("buffer", (ProfileColumn(CLOCK),), (0,), period_s=900)
Header = Callable[..., Any]


def rows(selection: Selection | None) -> Data:
    assert selection is not None
    parts = selection.parameters.value
    assert isinstance(parts, tuple)
    begin, end = (CosemDateTime.from_data(part).to_datetime() for part in parts[1:3])
    assert begin is not None
    assert end is not None
    return array(structure(CosemDateTime.from_datetime(one).to_data()) for one in MOMENTS if begin <= one <= end)


def meter(drop_after: int | None = None) -> MemoryMeter:
    """A meter of 3010 rows, read in three parts after three attributes that tell of them."""
    about = {3: array([CLOCK.to_data()]), 4: double_long_unsigned(900), 7: null()}
    found = MemoryMeter(SMR5, {BUFFER._replace(attribute=number): value for number, value in about.items()})
    found.values[BUFFER] = rows
    found.drop_after = drop_after
    return found


async def read(found: MemoryMeter, unfinished: Unfinished, end: datetime = MOMENTS[-1]) -> list[datetime | None]:
    request = GetProfileGenericDataRequest(obis="1.0.99.1.0.255", begin_date=BEGIN, end_date=end)
    place = replace(context(found), unfinished=unfinished)
    response = await get_profile_generic_data.execute(request, place)
    return [row.values[0].moment for row in response.rows]


def buffer_reads(found: MemoryMeter) -> int:
    return sum(ref == BUFFER for _, ref, _ in found.asked)


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def kept(now: list[float]) -> UnfinishedReadings:
    return UnfinishedReadings(lambda: now[0])


class TestNextAttempt:
    @pytest.mark.parametrize(("drop_after", "left"), [(4, 3), (5, 2), (6, 1)])
    async def test_goes_on_where_the_line_broke(
        self, kept: UnfinishedReadings, header: Header, drop_after: int, left: int
    ) -> None:
        ours = kept.of(header("EXXXX123456789012"))
        with pytest.raises(PlatformError) as caught:
            await read(meter(drop_after), ours)
        assert caught.value.retryable
        again = meter()
        assert await read(again, kept.of(header("EXXXX123456789012", attempt=2))) == MOMENTS
        assert buffer_reads(again) == left
        assert len(kept) == 0

    async def test_a_line_that_breaks_at_every_part_still_ends(self, kept: UnfinishedReadings, header: Header) -> None:
        ours = kept.of(header("EXXXX123456789012"))
        for drop_after in (5, 5):
            with pytest.raises(PlatformError):
                await read(meter(drop_after), ours)
        assert await read(meter(), ours) == MOMENTS

    @pytest.mark.parametrize(
        ("changed", "end"),
        [
            ({"correlation_uid": "uid-00000000000000002"}, MOMENTS[-1]),
            ({"organisation": "other"}, MOMENTS[-1]),
            ({}, MOMENTS[-2]),
        ],
    )
    async def test_other_requests_and_ranges_begin_anew(
        self, kept: UnfinishedReadings, header: Header, changed: dict[str, str], end: datetime
    ) -> None:
        with pytest.raises(PlatformError):
            await read(meter(5), kept.of(header("EXXXX123456789012")))
        again = meter()
        found = await read(again, kept.of(header("EXXXX123456789012", **changed)), end)
        assert found == [moment for moment in MOMENTS if moment <= end]
        assert buffer_reads(again) == 3

    async def test_what_is_old_is_forgotten(self, kept: UnfinishedReadings, now: list[float], header: Header) -> None:
        ours = kept.of(header("EXXXX123456789012"))
        with pytest.raises(PlatformError):
            await read(meter(5), ours)
        now[0] = KEEP_S + 1
        again = meter()
        assert await read(again, ours) == MOMENTS
        assert buffer_reads(again) == 3


def part_read() -> ProfileReading:
    reading = ProfileReading(PLAN, BEGIN, MOMENTS[-1], None)
    reading.take(rows(reading.selection))
    return reading


WANTED = Wanted(BUFFER, PLAN, Period(BEGIN, MOMENTS[-1]))


def test_their_number_is_bounded(kept: UnfinishedReadings, header: Header) -> None:
    empty = ProfileReading(PLAN, BEGIN, MOMENTS[-1], None)
    owners = [kept.of(header("EXXXX123456789012", organisation=f"o{number}")) for number in range(MOST_READINGS + 5)]
    for owner in owners:
        owner.keep(WANTED, empty)
    assert len(kept) == MOST_READINGS
    assert owners[4].take(WANTED) is None
    assert owners[5].take(WANTED) is empty


def test_so_are_their_rows(kept: UnfinishedReadings, header: Header) -> None:
    reading = part_read()
    count = MOST_KEPT_ROWS // ROWS_PER_PART
    owners = [kept.of(header("EXXXX123456789012", organisation=f"o{number}")) for number in range(count + 3)]
    for owner in owners:
        owner.keep(WANTED, reading)
    assert len(kept) == count
    assert owners[0].take(WANTED) is None


def test_the_old_make_room(kept: UnfinishedReadings, now: list[float], header: Header) -> None:
    first, second = (kept.of(header("EXXXX123456789012", organisation=name)) for name in ("a", "b"))
    first.keep(WANTED, part_read())
    now[0] = KEEP_S + 1
    second.keep(WANTED, part_read())
    assert len(kept) == 1
