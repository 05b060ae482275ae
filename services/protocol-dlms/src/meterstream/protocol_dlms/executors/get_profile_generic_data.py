"""GetProfileGenericData: rows of any profile of any meter."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_profile_generic_data import (
    OPERATION,
    RANGE_RULE,
    GetProfileGenericDataRequest,
    GetProfileGenericDataResponse,
)
from meterstream.contracts.records import ReadingRow
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import Context, Device, Executor
from meterstream.protocol_dlms.model.buffer_reading import Entries, Period, Span
from meterstream.protocol_dlms.model.profile_data import Captures, analytic_rows, place_of
from meterstream.protocol_dlms.profiles import ABOUT_ROWS, captures_of, read_captured, read_scalers

_PROFILE_GENERIC: Final = 7


async def execute(request: GetProfileGenericDataRequest, context: Context) -> GetProfileGenericDataResponse:
    """Read what the profile captures, then the scalers that the meter's type does not lay down, then the rows.

    Raises: DEVICE_REFUSED; VALIDATION_ERROR for a selected value that the profile does not capture; ILLEGAL_RESPONSE.
    """
    meter = context.meter
    (captures,) = await captures_of(meter, [_profile(request)])
    wanted = [_place(choice, captures) for choice in request.selected_values] or range(len(captures.columns))
    chosen = [captures.columns[place] for place in wanted]
    found = await read_captured(context, captures, wanted, await read_scalers(meter, chosen), _span(request))
    return GetProfileGenericDataResponse(
        obis=request.obis,
        columns=found.columns,
        rows=found.rows,
        capture_period=captures.period_s,
        gaps=found.gaps,
        undated_rows=found.undated,
    )


def _span(request: GetProfileGenericDataRequest) -> Span:
    if request.from_entry is not None:
        return Entries(request.from_entry, request.to_entry)
    if request.begin_date is None or request.end_date is None:
        raise error("VALIDATION_ERROR", RANGE_RULE, field="begin_date", rule=RANGE_RULE)
    return Period(request.begin_date, request.end_date)


def _profile(request: GetProfileGenericDataRequest) -> AttributeRef:
    return AttributeRef(_PROFILE_GENERIC, LogicalName.parse(request.obis), 2)


def _place(choice: ColumnChoice, captures: Captures) -> int:
    place = place_of(choice, captures)
    if place is None:
        column = f"{choice.class_id}/{choice.logical_name}/{choice.attribute}"
        rule = f"{captures.name} does not capture {column}, data index {choice.data_index}"
        raise error("VALIDATION_ERROR", f"selected_values: {rule}", field="selected_values", rule=rule)
    return place


def foresees(
    request: GetProfileGenericDataRequest,
    device: Device,  # noqa: ARG001  # the port's signature
    profile: MeterProfile,  # noqa: ARG001  # the port's signature
) -> list[AttributeRef]:
    """What tells the columns, the period and the number of rows."""
    return [_profile(request)._replace(attribute=attribute) for attribute in ABOUT_ROWS]


def readings(response: GetProfileGenericDataResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a number and capture."""
    return analytic_rows(response.columns, response.rows, profile)


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
