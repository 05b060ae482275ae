"""ActualPowerQuality: present values of the registers that describe power quality."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.profiles import CapturedValue, PowerQualityProfileType
from meterstream.contracts.shared.units import Unit
from meterstream.contracts.soap import Soap, SoapBinding


class ActualPowerQualityRequest(OperationRequest):
    """Read clock {8, 0.0.1.0.0.255, 2} and every register of `profile_type` that the meter's type has, attribute 2."""

    profile_type: Annotated[PowerQualityProfileType, Soap("ProfileType")]


class PowerQualityObject(Record):
    """What was read: the name of the object in the platform's object model, and the unit of its value."""

    name: Annotated[str, Soap("Name")]
    unit: Annotated[Unit, Soap("unit")] = Unit.UNDEFINED


class ActualPowerQualityResponse(OperationResponse):
    """Objects and their values, in the same order; the clock is the first of them."""

    objects: Annotated[
        list[PowerQualityObject], Soap("ActualPowerQualityData/PowerQualityObjects/PowerQualityObject")
    ] = Field(default_factory=list)
    values: Annotated[list[CapturedValue], Soap("ActualPowerQualityData/PowerQualityValues/PowerQualityValue")] = Field(
        default_factory=list
    )


OPERATION = Operation(
    name="ActualPowerQuality",
    request=ActualPowerQualityRequest,
    response=ActualPowerQualityResponse,
    function="GET_ACTUAL_POWER_QUALITY",
    summary="Read the present power quality registers of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="ActualPowerQuality",
        bundle_action="GetActualPowerQualityRequest",
        bundle_response="ActualPowerQualityResponse",
    ),
    examples=(ActualPowerQualityRequest(profile_type=PowerQualityProfileType.PUBLIC),),
    aliases=("GetActualPowerQuality",),
)
