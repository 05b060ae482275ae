"""ClearAlarmRegister: takes back all alarms of a meter."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import SoapBinding


class ClearAlarmRegisterRequest(OperationRequest):
    """Write 0 to the alarm registers that the meter has, {1, 0.0.97.98.0.255} first; the first refusal ends it."""


class ClearAlarmRegisterResponse(OperationResponse):
    """The meter has cleared its registers; a bit whose cause remains comes back."""


OPERATION = Operation(
    name="ClearAlarmRegister",
    request=ClearAlarmRegisterRequest,
    response=ClearAlarmRegisterResponse,
    function="CLEAR_ALARM_REGISTER",
    summary="Clear the alarms of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="ClearAlarmRegister",
        bundle_action="ClearAlarmRegisterRequest",
        bundle_response="ActionResponse",
        result_text="Clear alarm register was successful",
    ),
    examples=(ClearAlarmRegisterRequest(),),
)
