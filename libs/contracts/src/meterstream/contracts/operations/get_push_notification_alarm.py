"""GetPushNotificationAlarm: what a meter pushed, with its octets, by the uid that the notification told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import CorrelationUid
from meterstream.contracts.events import Event, EventKind
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.soap import Soap, SoapBinding


class GetPushNotificationAlarmRequest(OperationRequest):
    """`correlation_uid` is that of a PUSH_NOTIFICATION_ALARM notification; no request came before it."""

    correlation_uid: Annotated[CorrelationUid, Soap("CorrelationUid")]


class GetPushNotificationAlarmResponse(OperationResponse):
    """The alarms that the meter's message named, in words and each by itself, and its octets as they came."""

    decoded_message: Annotated[str, Soap("decodedMessage")]
    encoded_message: Annotated[bytes, Field(max_length=4096), Soap("encodedMessage")]
    alarms: Annotated[list[AlarmType], Soap("alarm")] = Field(default_factory=list)


def answer(event: Event) -> GetPushNotificationAlarmResponse | None:
    """The response that an event is; None where it is no alarm."""
    if event.kind is not EventKind.ALARM:
        return None
    return GetPushNotificationAlarmResponse(
        decoded_message=", ".join(event.alarms), encoded_message=event.octets, alarms=event.alarms
    )


OPERATION = Operation(
    name="GetPushNotificationAlarm",
    request=GetPushNotificationAlarmRequest,
    response=GetPushNotificationAlarmResponse,
    function="PUSH_NOTIFICATION_ALARM",
    summary="Fetch an alarm that a meter pushed, with the octets of its message.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    from_event=answer,
    soap=SoapBinding(service="SmartMeteringConfiguration", operation="GetPushNotificationAlarm"),
    examples=(GetPushNotificationAlarmRequest(correlation_uid="d3b0a1c65c0a4f5e9f0b2f7c6f1f7d10"),),
)
