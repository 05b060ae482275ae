"""SetActivityCalendar: seasons, weeks and days of the tariff, and the calendar's activation."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.date_time import CosemDateTime, CosemTime
from meterstream.contracts.soap import Soap, SoapBinding

MOST_SEASONS: Final = 4
MOST_WEEKS: Final = 4
MOST_DAYS: Final = 4

_Digit = Annotated[str, StringConstraints(pattern=r"^[0-9]$")]


class DayProfileAction(Record):
    """From `start_time` on the script of this number holds: 1 and 2 choose the tariff rate."""

    start_time: Annotated[CosemTime, Soap("StartTime")]
    script_selector: Annotated[int, Field(ge=0, le=65535), Soap("ScriptSelector")]


class DayProfile(Record):
    """A day of the tariff; the same `day_id` always has the same actions."""

    day_id: Annotated[int, Field(ge=0, le=255), Soap("DayId")]
    actions: Annotated[list[DayProfileAction], Field(min_length=1), Soap("DaySchedule/DayProfileAction")]


class WeekProfile(Record):
    """A week of the tariff, named by one digit; the same name always has the same days."""

    name: Annotated[_Digit, Soap("WeekProfileName")]
    monday: Annotated[DayProfile, Soap("Monday")]
    tuesday: Annotated[DayProfile, Soap("Tuesday")]
    wednesday: Annotated[DayProfile, Soap("Wednesday")]
    thursday: Annotated[DayProfile, Soap("Thursday")]
    friday: Annotated[DayProfile, Soap("Friday")]
    saturday: Annotated[DayProfile, Soap("Saturday")]
    sunday: Annotated[DayProfile, Soap("Sunday")]

    @property
    def days(self) -> tuple[DayProfile, ...]:
        """Monday to Sunday."""
        return (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)


class Season(Record):
    """A season, named by one digit, and the week that holds from its start, wildcards included, to the next one's."""

    name: Annotated[_Digit, Soap("SeasonProfileName")]
    start: Annotated[CosemDateTime, Soap("SeasonStart")]
    week: Annotated[WeekProfile, Soap("WeekProfile")]


def _fits_the_meter(seasons: list[Season]) -> list[Season]:
    """What seasons, weeks and days have to be for the passive calendar, which holds each week and day once."""
    if len({season.name for season in seasons}) < len(seasons):
        raise ValueError("Not all seasons have a unique name")
    weeks: dict[str, WeekProfile] = {}
    days: dict[int, DayProfile] = {}
    for season in seasons:
        if weeks.setdefault(season.week.name, season.week) != season.week:
            raise ValueError("Weekprofiles with same name have different day profiles")
        for day in season.week.days:
            if days.setdefault(day.day_id, day) != day:
                raise ValueError("Dayprofiles with same dayid have different switching points")
    if len(weeks) > MOST_WEEKS:
        raise ValueError(f"Maximum number of weeks supported ({MOST_WEEKS}) is exceeded: {len(weeks)}")
    if len(days) > MOST_DAYS:
        raise ValueError(f"Maximum number of days supported ({MOST_DAYS}) is exceeded: {len(days)}")
    return seasons


Seasons = Annotated[list[Season], Field(min_length=1, max_length=MOST_SEASONS), AfterValidator(_fits_the_meter)]
"""One to four seasons with at most four different weeks and four different days."""


class SetActivityCalendarRequest(OperationRequest):
    """Write the passive calendar {20, 0.0.13.0.0.255} attributes 6 to 9, then activate it with method 1.

    `activate_passive_calendar_time` changes nothing: the meter activates at once.
    """

    calendar_name: Annotated[str, StringConstraints(min_length=1, max_length=8), Soap("ActivityCalendar/CalendarName")]
    activate_passive_calendar_time: Annotated[CosemDateTime, Soap("ActivityCalendar/ActivatePassiveCalendarTime")]
    seasons: Annotated[Seasons, Soap("ActivityCalendar/SeasonProfile/Season")]


class SetActivityCalendarResponse(OperationResponse):
    """The calendar is active."""


def _example() -> SetActivityCalendarRequest:
    def day(number: int, *switches: tuple[int, int]) -> DayProfile:
        actions = [
            DayProfileAction(start_time=bytes((hour, 0, 0, 0)), script_selector=script) for hour, script in switches
        ]
        return DayProfile(day_id=number, actions=actions)

    working, free = day(0, (0, 1), (7, 2), (23, 1)), day(1, (0, 1))
    week = WeekProfile(
        name="1",
        monday=working,
        tuesday=working,
        wednesday=working,
        thursday=working,
        friday=working,
        saturday=free,
        sunday=free,
    )
    return SetActivityCalendarRequest(
        calendar_name="CAL2027A",
        activate_passive_calendar_time=bytes.fromhex("FFFFFFFFFFFFFFFFFF800000"),
        seasons=[Season(name="1", start=bytes.fromhex("FFFF0401FF00000000FF8880"), week=week)],
    )


OPERATION = Operation(
    name="SetActivityCalendar",
    request=SetActivityCalendarRequest,
    response=SetActivityCalendarResponse,
    function="SET_ACTIVITY_CALENDAR",
    summary="Write a meter's activity calendar and activate it.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetActivityCalendar",
        wrapper="ActivityCalendarData",
        bundle_action="SetActivityCalendarRequest",
        bundle_response="ActionResponse",
        result_text="Set Activity Calendar Result is OK",
    ),
    examples=(_example(),),
)
