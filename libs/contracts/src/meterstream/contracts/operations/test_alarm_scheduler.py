"""TestAlarmScheduler: lets the meter raise a test alarm at a chosen time."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class TestAlarmType(StrEnum):
    """Which test scheduler: 0.0.15.1.4.255 (SMR 5.1 and later, polyphase) or 0.0.15.2.4.255 (SMR 5.5)."""

    PARTIAL_POWER_OUTAGE = "PARTIAL_POWER_OUTAGE"
    LAST_GASP = "LAST_GASP"


class TestAlarmSchedulerRequest(OperationRequest):
    """Write the execution time {22, test scheduler, 4}; the time must lie in the future when the request arrives."""

    schedule_time: Annotated[Moment, Soap("ScheduleTime")]
    alarm_type: Annotated[TestAlarmType, Soap("AlarmType")]


class TestAlarmSchedulerResponse(OperationResponse):
    """The meter has taken the time."""


OPERATION = Operation(
    name="TestAlarmScheduler",
    request=TestAlarmSchedulerRequest,
    response=TestAlarmSchedulerResponse,
    function="SCHEDULE_TEST_ALARM",
    summary="Schedule a test alarm of the meter.",
    repeatable=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="TestAlarmScheduler",
        wrapper="TestAlarmSchedulerRequestData",
    ),
    examples=(
        TestAlarmSchedulerRequest(
            schedule_time=datetime(2027, 3, 1, 12, 0, tzinfo=UTC), alarm_type=TestAlarmType.LAST_GASP
        ),
    ),
)
