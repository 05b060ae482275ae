"""SetAlarmNotifications: which alarms a meter pushes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.soap import Soap, SoapBinding


class AlarmNotification(Record):
    """One alarm, and whether the meter pushes it."""

    alarm_type: Annotated[AlarmType, Soap("AlarmType")]
    enabled: Annotated[bool, Soap("Enabled")]


def _each_once(notifications: list[AlarmNotification]) -> list[AlarmNotification]:
    if len({one.alarm_type for one in notifications}) < len(notifications):
        raise ValueError("names an alarm twice")
    return notifications


class SetAlarmNotificationsRequest(OperationRequest):
    """Read the alarm filters {1, 0.0.97.98.10.255, 2}, .11 (SMR 5.2) and .12 (SMR 5.5), change these bits, write.

    Alarms of a filter that the meter does not have are passed over; what is not named stays as it is.
    """

    notifications: Annotated[
        list[AlarmNotification],
        Field(min_length=1),
        AfterValidator(_each_once),
        Soap("AlarmNotifications/AlarmNotification"),
    ]


class SetAlarmNotificationsResponse(OperationResponse):
    """The meter holds the alarms as asked."""


OPERATION = Operation(
    name="SetAlarmNotifications",
    request=SetAlarmNotificationsRequest,
    response=SetAlarmNotificationsResponse,
    function="SET_ALARM_NOTIFICATIONS",
    summary="Choose which alarms a meter pushes.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetAlarmNotifications",
        wrapper="SetAlarmNotificationsRequestData",
        bundle_action="SetAlarmNotificationsRequest",
        bundle_response="ActionResponse",
        result_text="Set alarm notifications was successful",
    ),
    examples=(
        SetAlarmNotificationsRequest(
            notifications=[
                AlarmNotification(alarm_type=AlarmType.POWER_UP, enabled=True),
                AlarmNotification(alarm_type=AlarmType.CLOCK_INVALID, enabled=False),
            ]
        ),
    ),
)
