"""SetThdConfiguration: when a meter reports total harmonic distortion."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding

_Seconds = Annotated[int, Field(ge=0, lt=2**32)]
_Percent = Annotated[int, Field(ge=0, lt=2**16)]


class SetThdConfigurationRequest(OperationRequest):
    """Write the five limits, all in one list; SMR 5.2 and later.

    Value threshold {3, 1.0.11.35.124.255, 2} and hysteresis {3, 0.1.94.31.21.255, 2} in %; minimum durations
    {3, 0.1.94.31.22.255, 2} and {3, 0.1.94.31.23.255, 2} and time threshold {3, 1.0.11.44.124.255, 2} in seconds.
    """

    min_duration_normal_to_over: Annotated[_Seconds, Soap("MinDurationNormalToOver")]
    min_duration_over_to_normal: Annotated[_Seconds, Soap("MinDurationOverToNormal")]
    time_threshold: Annotated[_Seconds, Soap("TimeThreshold")]
    value_hysteresis: Annotated[_Percent, Soap("ValueHysteresis")]
    value_threshold: Annotated[_Percent, Soap("ValueThreshold")]


class SetThdConfigurationResponse(OperationResponse):
    """The meter has taken all five."""


OPERATION = Operation(
    name="SetThdConfiguration",
    request=SetThdConfigurationRequest,
    response=SetThdConfigurationResponse,
    function="SET_THD_CONFIGURATION",
    summary="Set when a meter reports total harmonic distortion.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetThdConfiguration",
        wrapper="SetThdConfigurationRequestData",
        bundle_action="SetThdConfigurationRequest",
        bundle_response="ActionResponse",
        result_text="THD Configuration was successful",
    ),
    examples=(
        SetThdConfigurationRequest(
            min_duration_normal_to_over=1200,
            min_duration_over_to_normal=1080,
            time_threshold=96000,
            value_hysteresis=5,
            value_threshold=50,
        ),
    ),
)
