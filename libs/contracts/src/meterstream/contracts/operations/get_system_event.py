"""GetSystemEvent: what the platform noticed of a device, by the uid that the notification told."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import CorrelationUid, Moment
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


OPERATION = Operation(
    name="GetSystemEvent",
    request=GetSystemEventRequest,
    response=GetSystemEventResponse,
    function="SYSTEM_EVENT",
    summary="Fetch an event that the platform noticed of a device.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    soap=SoapBinding(service="SmartMeteringMonitoring", operation="GetSystemEvent"),
    examples=(
        GetSystemEventRequest(
            correlation_uid="DemoGridOrg|||E0001000000000001|||20250314041109023|||5be2a8c3-7a54-4d8b-8d0e-0a3a54c6be5e"
        ),
    ),
)
