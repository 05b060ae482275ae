"""SynchronizeTime: sets the meter's clock to now, in a time zone of the caller's choice."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import ZoneName


class SynchronizeTimeRequest(OperationRequest):
    """Set the clock {8, 0.0.1.0.0.255, 2} to now; local time, deviation and daylight saving follow `time_zone`."""

    time_zone: Annotated[ZoneName, Soap("TimeZone")] = "Europe/Amsterdam"


class SynchronizeTimeResponse(OperationResponse):
    """The moment that was written to the clock."""

    set_to: Moment


OPERATION = Operation(
    name="SynchronizeTime",
    request=SynchronizeTimeRequest,
    response=SynchronizeTimeResponse,
    function="SYNCHRONIZE_TIME",
    summary="Set the meter's clock to the present time.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="SynchronizeTime",
        wrapper="SynchronizeTimeRequestData",
        bundle_action="SynchronizeTimeRequest",
        bundle_response="ActionResponse",
        result_text="Synchronizing time was successful",
    ),
    examples=(SynchronizeTimeRequest(time_zone="Europe/Amsterdam"),),
)
