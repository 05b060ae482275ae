"""The load curve: cumulative, by tariff, the same for the same meter and moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meterstream.simulator.world.curve import EPOCH, household

HOUR = 3600
DAY = 24 * HOUR
numbers = st.integers(min_value=1, max_value=10**6)
moments = st.integers(min_value=EPOCH - DAY, max_value=EPOCH + 20 * 365 * DAY)


@given(numbers, moments, st.integers(min_value=0, max_value=30 * DAY))
def test_registers_never_fall(number: int, moment: int, later: int) -> None:
    home = household(number)
    for register in (home.imported, home.exported):
        for rate in (1, 2):
            assert 0 <= register(rate, moment) <= register(rate, moment + later)
    assert home.gas(moment) <= home.gas(moment + later)


@given(numbers)
def test_every_week_uses_the_same(number: int) -> None:
    home = household(number)
    week = home.imported(2, EPOCH + 7 * DAY)
    assert abs(home.imported(2, EPOCH + 14 * DAY) - 2 * week) <= 1
    assert 900_000 < (home.imported(1, EPOCH + 7 * DAY) + week) * 52 < 5_000_000


def test_nothing_before_the_installation() -> None:
    home = household(1)
    assert (home.imported(1, EPOCH), home.imported(2, EPOCH - 1), home.gas(0)) == (0, 0, 0)


def test_tariffs_follow_hour_and_weekday() -> None:
    home = household(1)

    def used(rate: int, begin: int, hours: int) -> int:
        return home.imported(rate, begin + hours * HOUR) - home.imported(rate, begin)

    monday = EPOCH + 7 * DAY
    assert used(2, monday, 7) == 0 < used(1, monday, 7)
    assert used(1, monday + 7 * HOUR, 16) == 0 < used(2, monday + 7 * HOUR, 16)
    saturday = monday + 5 * DAY
    assert used(2, saturday, 48) == 0 < used(1, saturday, 48)


def test_evening_uses_more_than_night() -> None:
    home = household(1)
    monday = EPOCH + 7 * DAY
    assert home.import_power(monday + 18 * HOUR) > 3 * home.import_power(monday + 3 * HOUR)


def test_panels_feed_in_by_day_only_and_on_a_third_of_the_roofs() -> None:
    monday = EPOCH + 7 * DAY
    with_panels = [number for number in range(1, 301) if household(number).export_power(monday + 12 * HOUR)]
    assert 70 < len(with_panels) < 130
    assert household(with_panels[0]).export_power(monday) == 0


def test_meters_differ() -> None:
    assert len({household(number).imported(1, EPOCH + DAY * 1000) for number in range(1, 200)}) > 190
