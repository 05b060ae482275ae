"""GetPeriodicMeterReads: rows of an electricity meter's interval, daily or monthly profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from meterstream.contracts.operation import Operation, OperationResponse
from meterstream.contracts.shared.energy import EnergyReading
from meterstream.contracts.shared.periods import PeriodicReadsRequest, PeriodType
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import AmrProfileStatusFlag


class GetPeriodicMeterReadsRequest(PeriodicReadsRequest):
    """Rows with a capture time from `begin_date` to `end_date`, both included."""


class PeriodicMeterReading(EnergyReading):
    """One profile row in kWh: totals in an interval profile, tariff registers in the others."""

    status: Annotated[list[AmrProfileStatusFlag] | None, Soap("AmrProfileStatusCode/AmrProfileStatusCodeFlag")] = None


class GetPeriodicMeterReadsResponse(OperationResponse):
    """The rows in the meter's order; none where the profile holds none in the range."""

    period_type: Annotated[PeriodType, Soap("PeriodType")]
    meter_reads: Annotated[list[PeriodicMeterReading], Soap("PeriodicMeterReads")]


OPERATION = Operation(
    name="GetPeriodicMeterReads",
    request=GetPeriodicMeterReadsRequest,
    response=GetPeriodicMeterReadsResponse,
    function="REQUEST_PERIODIC_METER_DATA",
    summary="Read rows of the interval, daily or monthly profile of an electricity meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetPeriodicMeterReads",
        wrapper="PeriodicReadsRequestData",
        bundle_action="GetPeriodicMeterReadsRequest",
        bundle_response="PeriodicMeterReadsResponse",
    ),
    examples=(
        GetPeriodicMeterReadsRequest(
            period_type=PeriodType.DAILY,
            begin_date=datetime(2025, 3, 11, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
        ),
    ),
)
