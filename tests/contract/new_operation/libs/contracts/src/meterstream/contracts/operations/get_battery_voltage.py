"""GetBatteryVoltage: how much the battery of a meter has left."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import ExactDecimal, Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class GetBatteryVoltageRequest(OperationRequest):
    """Read attribute 2 of register 0.0.96.6.3.255 (class 3, IEC 62056-6-1, battery voltage) `samples` times."""

    samples: Annotated[int, Field(ge=1, le=10), Soap("Samples")] = 1


class GetBatteryVoltageResponse(OperationResponse):
    """The lowest of the values in volts, and when the last one was read."""

    lowest: Annotated[ExactDecimal, Soap("Lowest")]
    read_at: Annotated[Moment, Soap("ReadAt")]


OPERATION = Operation(
    name="GetBatteryVoltage",
    request=GetBatteryVoltageRequest,
    response=GetBatteryVoltageResponse,
    function="GET_BATTERY_VOLTAGE",
    summary="Read the voltage of a meter's battery.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(service="MeterBattery", operation="GetBatteryVoltage"),
    aliases=("ReadBatteryVoltage",),
    examples=(GetBatteryVoltageRequest(samples=3),),
)
