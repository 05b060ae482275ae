"""Passive calendar of a meter: the tables of class 20 (Blue Book, activity calendar, attributes 6 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.operations.set_activity_calendar import DayProfile, Season, WeekProfile
from meterstream.dlms.data import Data, LogicalName, array, long_unsigned, octet_string, structure, unsigned

_SCRIPTS: Final = LogicalName.parse("0.0.10.0.100.255")
"""The tariffication script table, in which a script selector counts."""


def season_table(seasons: Sequence[Season]) -> Data:
    """Attribute 7: name, start and week of each season."""
    return array(
        structure(_name(season.name), octet_string(season.start), _name(season.week.name)) for season in seasons
    )


def week_table(seasons: Sequence[Season]) -> Data:
    """Attribute 8: each week once, in the order of the seasons, with the days Monday to Sunday."""
    weeks: dict[str, WeekProfile] = {}
    for season in seasons:
        weeks.setdefault(season.week.name, season.week)
    return array(structure(_name(name), *(unsigned(day.day_id) for day in week.days)) for name, week in weeks.items())


def day_table(seasons: Sequence[Season]) -> Data:
    """Attribute 9: each day once, in the order of the weeks, with what it switches and when."""
    days: dict[int, DayProfile] = {}
    for season in seasons:
        for day in season.week.days:
            days.setdefault(day.day_id, day)
    return array(structure(unsigned(number), _actions(day)) for number, day in days.items())


def _actions(day: DayProfile) -> Data:
    return array(
        structure(octet_string(action.start_time), octet_string(_SCRIPTS), long_unsigned(action.script_selector))
        for action in day.actions
    )


def _name(digit: str) -> Data:
    """Names of seasons and weeks travel as one octet: "1" is 01."""
    return octet_string(bytes((int(digit),)))
