"""Events as answers to operations that nobody had to ask for: the organisation fetches them by the event's id."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.envelope import CommandHeader, ResultStatus
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Operation, Result
from meterstream.ws_adapter.model.failures import UNKNOWN_UID, WRONG_KIND
from meterstream.ws_adapter.model.progress import CommandKey, Progress

PRIORITY: Final = 9
TELLER: Final = "platform"
"""Who asked, in the header of an answer that nobody asked for."""


def from_event(event: Event, raw: bytes, operation: Operation) -> list[Progress]:
    """A final row for each organisation that may know of the event, which `raw` holds as it was received."""
    return [
        Progress(
            key=CommandKey(organisation, event.event_id),
            operation=operation.name,
            device_identification=event.device_identification,
            priority=PRIORITY,
            created_at=event.occurred_at,
            expires_at=event.recorded_at,
            state=ResultStatus.OK.value,
            attempt=0,
            changed_at=event.recorded_at,
            finished_at=event.recorded_at,
            result=raw,
        )
        for organisation in event.organisations
    ]


def result_of_event(event: Event, operation: Operation, organisation: str) -> Result:
    """The event as the result of an operation.

    Raises: VALIDATION_ERROR where it is none of that operation.
    """
    response = None if operation.from_event is None else operation.from_event(event)
    if response is None:
        raise wrong_kind()
    header = CommandHeader(
        correlation_uid=event.event_id,
        submission_id=event.event_id,
        device_identification=event.device_identification,
        organisation=organisation,
        user=TELLER,
        application="",
        created_at=event.occurred_at,
        priority=PRIORITY,
        expires_at=event.recorded_at,
    )
    return operation.result(
        header=header, status=ResultStatus.OK, attempt=0, finished_at=event.recorded_at, response=response
    )


def wrong_kind() -> PlatformError:
    """The uid names something else of the organisation."""
    return error("VALIDATION_ERROR", WRONG_KIND, field="request.correlation_uid", rule=WRONG_KIND)


def unknown_uid() -> PlatformError:
    """The uid names nothing of the organisation."""
    return error(
        "UNKNOWN_CORRELATION_UID",
        UNKNOWN_UID,
        field="request.correlation_uid",
        rule="names an event of this organisation",
    )
