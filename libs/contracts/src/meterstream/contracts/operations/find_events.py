"""FindEvents: what a meter wrote into its event logs."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.event_types import EventType
from meterstream.contracts.shared.periods import in_order
from meterstream.contracts.soap import Soap, SoapBinding


class EventLogCategory(StrEnum):
    """Which log: the profile {7, 0.0.99.98.x.255}, x from 0 to 8 without 2; younger meters have more of them."""

    STANDARD_EVENT_LOG = "STANDARD_EVENT_LOG"
    FRAUD_DETECTION_LOG = "FRAUD_DETECTION_LOG"
    COMMUNICATION_SESSION_LOG = "COMMUNICATION_SESSION_LOG"
    M_BUS_EVENT_LOG = "M_BUS_EVENT_LOG"
    POWER_QUALITY_EVENT_LOG = "POWER_QUALITY_EVENT_LOG"
    AUXILIARY_EVENT_LOG = "AUXILIARY_EVENT_LOG"
    POWER_QUALITY_EXTENDED_EVENT_LOG = "POWER_QUALITY_EXTENDED_EVENT_LOG"
    POWER_QUALITY_THD_EVENT_LOG = "POWER_QUALITY_THD_EVENT_LOG"


class EventLogRange(Record):
    """The part of one log from `begin_date` to `end_date`, both included."""

    category: Annotated[EventLogCategory, Soap("EventLogCategory")]
    begin_date: Annotated[Moment, Soap("From")]
    end_date: Annotated[Moment, Soap("Until")]

    _in_order = in_order("begin_date", "end_date", empty=False)


class FindEventsRequest(OperationRequest):
    """Read the buffer of each log, one after another. An action of a SOAP bundle names one log."""

    logs: Annotated[
        list[EventLogRange], Field(min_length=1, max_length=1000), Soap("FindEventsRequestData", bundle=".")
    ]


class EventDetail(Record):
    """Magnitude or duration of a power quality event, with its unit: 230.5 V."""

    name: Annotated[str, Soap("name")]
    value: Annotated[str, Soap("value")]


class Event(Record):
    """One line of a log: the number that the meter logged, and its name; the session counter where the log has one."""

    timestamp: Annotated[Moment, Soap("timestamp")]
    code: Annotated[int, Soap("eventCode")]
    event_type: Annotated[EventType, Soap("eventType")]
    category: Annotated[EventLogCategory, Soap("EventLogCategory")]
    counter: Annotated[int | None, Soap("eventCounter")] = None
    details: Annotated[list[EventDetail], Soap("eventDetails")] = Field(default_factory=list)


class FindEventsResponse(OperationResponse):
    """The events in the order of the logs asked for, each log in the meter's order."""

    events: Annotated[list[Event], Soap("Events")] = Field(default_factory=list)


OPERATION = Operation(
    name="FindEvents",
    request=FindEventsRequest,
    response=FindEventsResponse,
    function="FIND_EVENTS",
    summary="Read event logs of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringManagement",
        operation="FindEvents",
        bundle_action="FindEventsRequest",
        bundle_response="FindEventsResponse",
    ),
    examples=(
        FindEventsRequest(
            logs=[
                EventLogRange(
                    category=EventLogCategory.STANDARD_EVENT_LOG,
                    begin_date=datetime(2025, 3, 1, tzinfo=UTC),
                    end_date=datetime(2025, 3, 14, tzinfo=UTC),
                ),
            ]
        ),
        FindEventsRequest(
            logs=[
                EventLogRange(
                    category=category,
                    begin_date=datetime(2025, 3, 1, tzinfo=UTC),
                    end_date=datetime(2025, 3, 14, tzinfo=UTC),
                )
                for category in (EventLogCategory.FRAUD_DETECTION_LOG, EventLogCategory.POWER_QUALITY_EVENT_LOG)
            ]
        ),
    ),
)
