"""TestAlarmScheduler: execution time {22, test scheduler, 4} of a test alarm."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from meterstream.contracts.operations.test_alarm_scheduler import (
    OPERATION,
    TestAlarmSchedulerRequest,
    TestAlarmSchedulerResponse,
    TestAlarmType,
)
from meterstream.dlms.data import CosemDateTime, array, octet_string, structure
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.refusals import check_objects, told_as

_SCHEDULERS: Final = {
    TestAlarmType.PARTIAL_POWER_OUTAGE: "phase_outage_test",
    TestAlarmType.LAST_GASP: "last_gasp_test",
}
_EXECUTION_TIME: Final = 4


async def execute(request: TestAlarmSchedulerRequest, context: Context) -> TestAlarmSchedulerResponse:
    """Write the moment in the meter's local time, to the second; day of the week open."""
    role = _SCHEDULERS[request.alarm_type]
    check_objects(context, role)
    local = request.schedule_time.astimezone(context.device.zone or UTC).replace(microsecond=0)
    octets = CosemDateTime.from_datetime(local).to_bytes()
    date, time = octets[:5], octets[5:9]
    with told_as("AccessResultCode for scheduleTestAlarm: "):
        await context.meter.set(At(role, _EXECUTION_TIME), array([structure(octet_string(time), octet_string(date))]))
    return TestAlarmSchedulerResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
