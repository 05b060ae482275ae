"""FindStoredEvents: events that the platform stored about devices, as the core service's FindEvents. No contact with
the meter; its own event logs are read by FindEvents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import DeviceIdentification, Moment
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.paging import Page, PageNumber, PageSize
from meterstream.contracts.shared.periods import in_order
from meterstream.contracts.shared.stored_events import StoredEvent, StoredEventType
from meterstream.contracts.soap import Soap, SoapBinding

_Text = Annotated[str, StringConstraints(max_length=255)]


class FindStoredEventsRequest(OperationRequest):
    """A page of events from `begin` to `end`, newest first; every given part must fit.

    `description` is compared as it stands, `description_starts_with` with the beginning.
    """

    device_identification: Annotated[DeviceIdentification | None, Soap("DeviceIdentification")] = None
    description: Annotated[_Text | None, Soap("Description")] = None
    description_starts_with: Annotated[_Text | None, Soap("DescriptionStartsWith")] = None
    begin: Annotated[Moment | None, Soap("From")] = None
    end: Annotated[Moment | None, Soap("Until")] = None
    page_size: Annotated[PageSize, Soap("PageSize")] = 25
    page: Annotated[PageNumber, Soap("Page")] = 0
    event_types: Annotated[Annotated[list[StoredEventType], Field(max_length=100)] | None, Soap("EventTypes")] = None

    _in_order = in_order("begin", "end")


class FindStoredEventsResponse(OperationResponse):
    """The events of the page, and which page of how many it is."""

    events: Annotated[list[StoredEvent], Soap("Events")]
    page: Annotated[Page, Soap("Page")]


OPERATION = Operation(
    name="FindStoredEvents",
    request=FindStoredEventsRequest,
    response=FindStoredEventsResponse,
    function="GET_EVENTS",
    summary="Find events that the platform stored about devices.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("events", "devices/{device_identification}/events"),
    needs_known_device=False,
    soap=SoapBinding(service="CoreDeviceManagement", operation="FindEvents", device=None),
    examples=(
        FindStoredEventsRequest(
            device_identification="E0000000000000001", event_types=[StoredEventType.ALARM_NOTIFICATION]
        ),
    ),
)
