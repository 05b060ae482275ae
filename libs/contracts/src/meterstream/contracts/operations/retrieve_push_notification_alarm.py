"""RetrievePushNotificationAlarm: what a meter pushed, by the uid that the notification told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import CorrelationUid
from meterstream.contracts.events import Event, EventKind
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.soap import Soap, SoapBinding


class RetrievePushNotificationAlarmRequest(OperationRequest):
    """`correlation_uid` is that of a PUSH_NOTIFICATION_ALARM notification; no request came before it."""

    correlation_uid: Annotated[CorrelationUid, Soap("CorrelationUid")]


class RetrievePushNotificationAlarmResponse(OperationResponse):
    """The meter, and the alarms that its message named; they are not read from the alarm register."""

    device_identification: Annotated[str, Soap("DeviceIdentification")]
    alarms: Annotated[list[AlarmType], Soap("AlarmRegister/AlarmTypes")] = Field(default_factory=list)


def answer(event: Event) -> RetrievePushNotificationAlarmResponse | None:
    """The response that an event is; None where it is no alarm."""
    if event.kind is not EventKind.ALARM:
        return None
    return RetrievePushNotificationAlarmResponse(device_identification=event.device_identification, alarms=event.alarms)


OPERATION = Operation(
    name="RetrievePushNotificationAlarm",
    request=RetrievePushNotificationAlarmRequest,
    response=RetrievePushNotificationAlarmResponse,
    function="PUSH_NOTIFICATION_ALARM",
    summary="Fetch an alarm that a meter pushed.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    from_event=answer,
    soap=SoapBinding(service="SmartMeteringMonitoring", operation="RetrievePushNotificationAlarm", device=None),
    examples=(RetrievePushNotificationAlarmRequest(correlation_uid="d3b0a1c65c0a4f5e9f0b2f7c6f1f7d10"),),
)
