"""GetPowerQualityProfile: the columns of a data set in every profile of the meter that may capture them."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_power_quality_profile import (
    OPERATION,
    GetPowerQualityProfileRequest,
    GetPowerQualityProfileResponse,
    PowerQualityProfile,
)
from meterstream.contracts.records import ReadingRow
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import Context, Device, Executor
from meterstream.protocol_dlms.model.buffer_reading import Period
from meterstream.protocol_dlms.model.power_quality import periodic_objects
from meterstream.protocol_dlms.model.profile_data import CLOCK_TIME, Captures, analytic_rows, place_of
from meterstream.protocol_dlms.profiles import ABOUT_ROWS, captures_of, read_captured, read_scalers

_PROFILES: Final = ("definable_load_profile", "power_quality_profile_1", "power_quality_profile_2")


async def execute(request: GetPowerQualityProfileRequest, context: Context) -> GetPowerQualityProfileResponse:
    """Read what all profiles capture in one list, all scalers in another, then the rows of each profile.

    A profile that captures nothing of the data set besides the clock is left out and its rows are not read.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL, DEVICE_REFUSED, ILLEGAL_RESPONSE.
    """
    meter = context.meter
    candidates = _candidates(request, context.device, meter.profile)
    profiles = [meter.profile.ref(role, 2) for role in candidates]
    found: list[tuple[AttributeRef, Captures, list[int]]] = []
    for ref, roles, captures in zip(profiles, candidates.values(), await captures_of(meter, profiles), strict=True):
        wanted = _places(captures, roles, request, meter.profile)
        if wanted:
            found.append((ref, captures, wanted))
    scalers = await read_scalers(meter, [captures.columns[place] for _, captures, wanted in found for place in wanted])
    answers, period = [], Period(request.begin_date, request.end_date)
    for ref, captures, wanted in found:
        read = await read_captured(context, captures, wanted, scalers, period)
        answers.append(
            PowerQualityProfile(
                logical_name=str(LogicalName(ref.logical_name)),
                columns=read.columns,
                rows=read.rows,
                profile_type=request.profile_type,
                gaps=read.gaps,
                undated_rows=read.undated,
            )
        )
    return GetPowerQualityProfileResponse(profiles=answers)


def _candidates(
    request: GetPowerQualityProfileRequest, device: Device, profile: MeterProfile
) -> dict[str, frozenset[str]]:
    """Profiles by role, with the roles of the objects of the data set that each may capture."""
    roles = {
        role: periodic_objects(request.profile_type, profile, role, polyphase=device.polyphase) for role in _PROFILES
    }
    found = {role: objects for role, objects in roles.items() if objects}
    if not found:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No PQ profile found in profile {profile.name} version {profile.version}",
        )
    return found


def _places(
    captures: Captures, roles: frozenset[str], request: GetPowerQualityProfileRequest, profile: MeterProfile
) -> list[int]:
    """Columns of the data set, of those that the request selects where it selects; the clock is not among them."""
    selected = request.selected_values
    places = range(len(captures.columns)) if selected is None else [place_of(choice, captures) for choice in selected]
    found: list[int] = []
    for place in places:
        if place is None:
            continue
        column = captures.columns[place]
        known = profile.find(column.class_id, column.logical_name)
        is_clock = (column.class_id, column.attribute, column.data_index) == CLOCK_TIME
        if known is not None and known[0].role in roles and not is_clock:
            found.append(place)
    return found


def foresees(request: GetPowerQualityProfileRequest, device: Device, profile: MeterProfile) -> list[AttributeRef]:
    """What tells the columns, the period and the number of rows of each profile."""
    profiles = [profile.ref(role, 2) for role in _candidates(request, device, profile)]
    return [ref._replace(attribute=attribute) for ref in profiles for attribute in ABOUT_ROWS]


def readings(response: GetPowerQualityProfileResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a number and capture."""
    return [row for one in response.profiles for row in analytic_rows(one.columns, one.rows, profile)]


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
