"""SetClockConfiguration: time zone and daylight saving time of a meter's clock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.date_time import CosemDateTime
from meterstream.contracts.soap import Soap, SoapBinding


class SetClockConfigurationRequest(OperationRequest):
    """Write attributes 3, 5, 6 and 8 of the clock {8, 0.0.1.0.0.255}.

    `time_zone_offset`: minutes to add to the local normal time for UTC, -60 for UTC+1. Begin and end of daylight
    saving time are local times, wildcards included: FFFF03FE0702000000FFC400 is the last Sunday of March at 2.
    """

    time_zone_offset: Annotated[int, Field(ge=-720, le=720), Soap("TimeZoneOffset")]
    daylight_savings_begin: Annotated[CosemDateTime, Soap("DaylightSavingsBegin")]
    daylight_savings_end: Annotated[CosemDateTime, Soap("DaylightSavingsEnd")]
    daylight_savings_enabled: Annotated[bool, Soap("DaylightSavingsEnabled")] = True


class SetClockConfigurationResponse(OperationResponse):
    """The meter has taken all four."""


OPERATION = Operation(
    name="SetClockConfiguration",
    request=SetClockConfigurationRequest,
    response=SetClockConfigurationResponse,
    function="SET_CLOCK_CONFIGURATION",
    summary="Set time zone and daylight saving time of a meter's clock.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetClockConfiguration",
        wrapper="SetClockConfigurationData",
        bundle_action="SetClockConfigurationRequest",
        bundle_response="ActionResponse",
        result_text="Set clock configuration was successful",
    ),
    examples=(
        SetClockConfigurationRequest(
            time_zone_offset=-60,
            daylight_savings_begin=bytes.fromhex("FFFF03FE0702000000FFC400"),
            daylight_savings_end=bytes.fromhex("FFFF0AFE0703000000FF8880"),
        ),
    ),
)
