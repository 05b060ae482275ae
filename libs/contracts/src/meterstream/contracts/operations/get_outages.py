"""GetOutages: when a meter was without power for long."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class GetOutagesRequest(OperationRequest):
    """Read the power failure event log {7, 1.0.99.97.0.255, 2}, all of it."""


class Outage(Record):
    """When power came back, and how many seconds it had been away."""

    end_time: Annotated[Moment, Soap("endTime")]
    duration: Annotated[Annotated[int, Field(ge=0, lt=2**32)] | None, Soap("duration")] = None


class GetOutagesResponse(OperationResponse):
    """The outages in the meter's order."""

    outages: Annotated[list[Outage], Soap("Outages")] = Field(default_factory=list)


OPERATION = Operation(
    name="GetOutages",
    request=GetOutagesRequest,
    response=GetOutagesResponse,
    function="GET_OUTAGES",
    summary="Read the long power outages that a meter has logged.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringBundle",
        operation=None,
        bundle_action="GetOutagesRequest",
        bundle_response="GetOutagesResponse",
    ),
    examples=(GetOutagesRequest(),),
)
