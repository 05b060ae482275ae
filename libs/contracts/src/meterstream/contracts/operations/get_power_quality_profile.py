"""GetPowerQualityProfile: rows of the profiles that hold power quality, the public or the private columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.cosem import LogicalName
from meterstream.contracts.shared.periods import in_order
from meterstream.contracts.shared.profiles import (
    CapturedColumn,
    ColumnChoice,
    PowerQualityProfileType,
    ProfileGap,
    ProfileRow,
)
from meterstream.contracts.soap import Soap, SoapBinding


class GetPowerQualityProfileRequest(OperationRequest):
    """Rows from `begin_date` to `end_date`, both included, of every profile with columns of `profile_type`.

    Profiles are the definable load profile {7, 0.1.94.31.6.255} and, SMR 5, power quality 1 {7, 1.0.99.1.1.255}
    and 2 {7, 1.0.99.1.2.255}. `selected_values` narrows the columns; the clock is always there.
    """

    profile_type: Annotated[PowerQualityProfileType, Soap("ProfileType")]
    begin_date: Annotated[Moment, Soap("BeginDate")]
    end_date: Annotated[Moment, Soap("EndDate")]
    selected_values: Annotated[
        Annotated[list[ColumnChoice], Field(max_length=1000)] | None, Soap("SelectedValues/CaptureObject")
    ] = None

    _in_order = in_order("begin_date", "end_date")


class PowerQualityProfile(Record):
    """One profile: its columns and its rows in the meter's order; gaps and undated rows as GetProfileGenericData."""

    logical_name: Annotated[LogicalName, Soap("LogicalName", shape="obis")]
    columns: Annotated[list[CapturedColumn], Soap("CaptureObjects/CaptureObject")]
    rows: Annotated[list[ProfileRow], Soap("ProfileEntries/ProfileEntry")] = Field(default_factory=list)
    profile_type: Annotated[PowerQualityProfileType, Soap("ProfileType")]
    gaps: list[ProfileGap] = Field(default_factory=list)
    undated_rows: int = 0


class GetPowerQualityProfileResponse(OperationResponse):
    """The profiles of the meter that have columns of the type."""

    profiles: Annotated[list[PowerQualityProfile], Soap("PowerQualityProfileDatas")]


OPERATION = Operation(
    name="GetPowerQualityProfile",
    request=GetPowerQualityProfileRequest,
    response=GetPowerQualityProfileResponse,
    function="GET_PROFILE_GENERIC_DATA",
    summary="Read rows of the power quality profiles of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetPowerQualityProfile",
        bundle_action="GetPowerQualityProfileRequest",
        bundle_response="GetPowerQualityProfileResponse",
    ),
    examples=(
        GetPowerQualityProfileRequest(
            profile_type=PowerQualityProfileType.PUBLIC,
            begin_date=datetime(2025, 3, 13, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
            selected_values=[ColumnChoice(class_id=3, logical_name="1.0.32.24.0.255", attribute=2)],
        ),
        GetPowerQualityProfileRequest(
            profile_type=PowerQualityProfileType.PRIVATE,
            begin_date=datetime(2025, 3, 13, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
        ),
    ),
)
