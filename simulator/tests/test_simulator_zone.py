"""The meter's own zone against the tz database, and days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms.data import CosemDateTime
from meterstream.simulator.world.zone import Switch, Zone

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def _seconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def test_equals_the_tz_database_hour_by_hour() -> None:
    zone = Zone()
    moment = datetime(2017, 1, 1, tzinfo=UTC)
    while moment.year < 2033:
        local = moment.astimezone(AMSTERDAM)
        seconds = int(moment.timestamp())
        assert zone.octets(seconds) == CosemDateTime.from_datetime(local).to_bytes(), local
        start = local.replace(hour=0, minute=0, second=0, fold=0)
        assert zone.day_start(seconds) == int(start.timestamp()), local
        assert zone.month_start(seconds) == int(start.replace(day=1).timestamp()), local
        moment += timedelta(hours=7)


def test_days_of_23_and_25_hours() -> None:
    zone = Zone()
    march, october = _seconds(2026, 3, 29, 12), _seconds(2026, 10, 25, 12)
    assert zone.day_start(march) - zone.previous_day(zone.day_start(march)) == 24 * 3600
    assert zone.day_start(march + 86400) - zone.day_start(march) == 23 * 3600
    assert zone.day_start(october + 86400) - zone.day_start(october) == 25 * 3600
    assert zone.previous_month(zone.month_start(october)) == zone.month_start(_seconds(2026, 9, 15))


def test_moments_are_read_back() -> None:
    zone = Zone()
    for moment in (_seconds(2026, 1, 5, 8, 1, 2), _seconds(2026, 7, 5, 8, 1, 2), _seconds(2026, 10, 25, 1, 30)):
        assert zone.moment(CosemDateTime.from_bytes(zone.octets(moment, 25))) == moment + 0.25


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((2026, 7, 15, None, 12, 0, 0, 0, None, None), _seconds(2026, 7, 15, 10)),
        ((2026, 1, 15, None, 12, 0, None, None, None, None), _seconds(2026, 1, 15, 11)),
        ((2026, 1, 15, None, 12, 0, 0, 0, 0, 0), _seconds(2026, 1, 15, 12)),
        ((None, 1, 15, None, 12, 0, 0, 0, -60, 0), None),
        ((2026, 2, 30, None, 12, 0, 0, 0, -60, 0), None),
        ((2026, 13, 1, None, 12, 0, 0, 0, -60, 0), None),
        ((2026, 1, 15, None, 24, 0, 0, 0, -60, 0), None),
        ((2026, 1, 15, None, 12, 0, 61, 0, -60, 0), None),
    ],
)
def test_open_and_impossible_parts(parts: tuple[int | None, ...], expected: int | None) -> None:
    assert Zone().moment(CosemDateTime(*parts)) == expected


def test_without_daylight_saving() -> None:
    zone = Zone(enabled=False)
    assert zone.deviation_at(_seconds(2026, 7, 15)) == -60


def test_south_of_the_equator_daylight_saving_spans_the_new_year() -> None:
    begin, end = bytes.fromhex("FFFF0AFE0702000000FDA800"), bytes.fromhex("FFFF04FE0703000000FD6C80")
    zone = Zone(deviation=-600, begin=begin, end=end)
    assert zone.is_daylight_saving(_seconds(2026, 1, 15))
    assert not zone.is_daylight_saving(_seconds(2026, 7, 15))
    assert zone.is_daylight_saving(_seconds(2026, 12, 15))


def test_a_switch_on_a_fixed_day() -> None:
    switch = Switch.parse(bytes.fromhex("FFFF0401FF02000000FFC400"))
    assert switch.moment(2026) == _seconds(2026, 4, 1, 1)


@pytest.mark.parametrize(
    "octets", ["FFFF", "FFFF0DFE0702000000FFC400", "FFFF03FEFF02000000FFC400", "FFFF03FE0702000000800000"]
)
def test_switches_of_no_known_form(octets: str) -> None:
    with pytest.raises(ValueError, match=r"switch|deviation|12 octets"):
        Switch.parse(bytes.fromhex(octets))
