"""FindEvents: event logs {7, 0.0.99.98.x.255, 2} by range, one after another."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.find_events import (
    OPERATION,
    Event,
    EventDetail,
    EventLogCategory,
    EventLogRange,
    FindEventsRequest,
    FindEventsResponse,
)
from meterstream.dlms.data import Data, ProfileColumn
from meterstream.dlms.objects import Column, MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.model.buffer_reading import Period, ProfilePlan
from meterstream.protocol_dlms.model.events import LOGS, event_detail, event_type
from meterstream.protocol_dlms.model.load_profile import Row
from meterstream.protocol_dlms.model.quantities import read_whole, unexpected
from meterstream.protocol_dlms.profiles import read_rows
from meterstream.protocol_dlms.refusals import supported, told_as

_LARGEST: Final = 0xFFFF_FFFF


async def execute(request: FindEventsRequest, context: Context) -> FindEventsResponse:
    """Read the logs in the order of the request; none where the meter's type lacks one of them."""
    supported(context.meter, *(At(LOGS[log.category]) for log in request.logs))
    events: list[Event] = []
    for log in request.logs:
        events += await _read(log, context)
    return FindEventsResponse(events=events)


async def _read(log: EventLogRange, context: Context) -> list[Event]:
    meter, role = context.meter, LOGS[log.category]
    columns = meter.profile.columns(role)
    captured = tuple(ProfileColumn(column.capture_object()) for column in columns)
    plan = ProfilePlan(role, captured, tuple(range(len(captured))))
    with told_as(f"Getting the events for  {log.category} from the meter resulted in: "):
        found = await read_rows(context, At(role), plan, Period(log.begin_date, log.end_date))
    if found.undated:
        raise unexpected(role, f"{found.undated} events have no time")
    return [_event(row, columns, log.category, meter.profile) for row in found.rows]


def _event(row: Row, columns: tuple[Column, ...], category: EventLogCategory, profile: MeterProfile) -> Event:
    """Raises: ILLEGAL_RESPONSE for a cell that is no number."""
    numbers: dict[str, int] = {}
    for column, cell in zip(columns[1:], row.cells[1:], strict=True):
        name = column.role.rpartition("_event_")[2]
        told = "event code" if name == "code" else name
        if not isinstance(cell, Data):
            raise unexpected(column.role, f"eventData value for {told} is not a number")
        numbers[name] = read_whole(cell, column.role, _LARGEST)
    code = numbers["code"]
    return Event(
        timestamp=row.captured_at,
        code=code,
        event_type=event_type(code, profile.name),
        category=category,
        counter=numbers.get("counter"),
        details=_details(code, numbers, columns, profile),
    )


def _details(
    code: int, numbers: dict[str, int], columns: tuple[Column, ...], profile: MeterProfile
) -> list[EventDetail]:
    """Magnitude and duration where the log has them and the event is measured."""
    roles = {column.role.rpartition("_event_")[2]: column.role for column in columns}
    found = (
        event_detail(name, numbers[name], code, roles[name], profile)
        for name in ("magnitude", "duration")
        if name in numbers
    )
    return [detail for detail in found if detail is not None]


EXECUTOR = Executor(OPERATION, execute)
