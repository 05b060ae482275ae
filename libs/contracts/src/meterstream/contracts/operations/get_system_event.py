"""GetSystemEvent: what the platform noticed of a device, by the uid that the notification told."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import CorrelationUid, Moment
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.system_events import SystemEventType
from meterstream.contracts.soap import Soap, SoapBinding


class GetSystemEventRequest(OperationRequest):
    """`correlation_uid` is that of a SYSTEM_EVENT notification; no request came before it."""

    correlation_uid: Annotated[CorrelationUid, Soap("CorrelationUid")]


class GetSystemEventResponse(OperationResponse):
    """The event, its device, and why in words."""

    timestamp: Annotated[Moment, Soap("Timestamp")]
    event_type: Annotated[SystemEventType, Soap("SystemEventType")]
    device_identification: Annotated[str, Soap("DeviceIdentification")]
    reason: Annotated[str, Soap("Reason")]


def answer(event: Event) -> GetSystemEventResponse | None:
    """The response that an event is; None where it is no system event."""
    if event.system_event is None:
        return None
    return GetSystemEventResponse(
        timestamp=event.occurred_at,
        event_type=event.system_event,
        device_identification=event.device_identification,
        reason=event.reason,
    )


OPERATION = Operation(
    name="GetSystemEvent",
    request=GetSystemEventRequest,
    response=GetSystemEventResponse,
    function="SYSTEM_EVENT",
    summary="Fetch an event that the platform noticed of a device.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    from_event=answer,
    soap=SoapBinding(service="SmartMeteringMonitoring", operation="GetSystemEvent"),
    examples=(GetSystemEventRequest(correlation_uid="5be2a8c37a544d8b8d0e0a3a54c6be5e"),),
)
