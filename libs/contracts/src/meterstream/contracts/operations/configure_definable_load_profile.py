"""ConfigureDefinableLoadProfile: what a meter's definable load profile captures, and how often."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.contracts.soap import Soap, SoapBinding


class ConfigureDefinableLoadProfileRequest(OperationRequest):
    """Write capture objects and capture period (seconds), attributes 3 and 4 of {7, 0.1.94.31.6.255}.

    The clock always is the first column, whether it is named or not. New capture objects clear the profile's buffer.
    """

    capture_objects: Annotated[list[ColumnChoice] | None, Soap("CaptureObjects/CaptureObject")] = None
    capture_period: Annotated[int | None, Field(ge=0, lt=2**32), Soap("CapturePeriod")] = None

    @model_validator(mode="after")
    def _has_something_to_set(self) -> Self:
        if not self.capture_objects and self.capture_period is None:
            raise ValueError("needs capture_objects, capture_period, or both")
        return self


class ConfigureDefinableLoadProfileResponse(OperationResponse):
    """The meter has taken what was given."""


OPERATION = Operation(
    name="ConfigureDefinableLoadProfile",
    request=ConfigureDefinableLoadProfileRequest,
    response=ConfigureDefinableLoadProfileResponse,
    function="CONFIGURE_DEFINABLE_LOAD_PROFILE",
    summary="Choose what a meter's definable load profile captures.",
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="ConfigureDefinableLoadProfile",
        wrapper="DefinableLoadProfileConfigurationData",
        bundle_action="ConfigureDefinableLoadProfileRequest",
        bundle_response="ActionResponse",
        result_text="Configure definable load profile was successful",
    ),
    examples=(
        ConfigureDefinableLoadProfileRequest(
            capture_objects=[ColumnChoice(class_id=3, logical_name="1.0.32.7.0.255", attribute=2)]
        ),
        ConfigureDefinableLoadProfileRequest(capture_period=3600),
    ),
)
