"""ReadAlarmRegister: which alarms of a meter are raised."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.soap import Soap, SoapBinding


class ReadAlarmRegisterRequest(OperationRequest):
    """Read the alarm registers that the meter has, {1, 0.0.97.98.0.255} to {1, 0.0.97.98.2.255}."""


class ReadAlarmRegisterResponse(OperationResponse):
    """The alarms whose bit is set, lowest bit of the first register first."""

    alarms: Annotated[list[AlarmType], Soap("AlarmTypes")] = Field(default_factory=list)


OPERATION = Operation(
    name="ReadAlarmRegister",
    request=ReadAlarmRegisterRequest,
    response=ReadAlarmRegisterResponse,
    function="READ_ALARM_REGISTER",
    summary="Read the alarms that a meter has raised.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="ReadAlarmRegister",
        bundle_action="ReadAlarmRegisterRequest",
        bundle_response="ReadAlarmRegisterResponse",
    ),
    examples=(ReadAlarmRegisterRequest(),),
)
