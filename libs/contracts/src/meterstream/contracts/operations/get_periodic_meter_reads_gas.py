"""GetPeriodicMeterReadsGas: rows of a gas meter's interval, daily or monthly profile, kept by its gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import DeviceIdentification, Moment, Record
from meterstream.contracts.operation import Operation, OperationResponse, Target
from meterstream.contracts.shared.periods import PeriodicReadsRequest, PeriodType
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity


class GetPeriodicMeterReadsGasRequest(PeriodicReadsRequest):
    """Rows with a capture time from `begin_date` to `end_date`, both included.

    Inside a bundle for its gateway `device_identification` names the gas meter; elsewhere the command does.
    """

    device_identification: Annotated[DeviceIdentification | None, Soap(None, bundle="DeviceIdentification")] = None


class PeriodicMeterReadingGas(Record):
    """One profile row: the volume in m3, and when the gas meter captured it, where the profile tells."""

    log_time: Annotated[Moment, Soap("LogTime")]
    consumption: Annotated[Quantity | None, Soap("Consumption")] = None
    capture_time: Annotated[Moment | None, Soap("CaptureTime")] = None
    status: Annotated[list[AmrProfileStatusFlag] | None, Soap("AmrProfileStatusCode/AmrProfileStatusCodeFlag")] = None


class GetPeriodicMeterReadsGasResponse(OperationResponse):
    """The rows in the gateway's order; none where the profile holds none in the range."""

    period_type: Annotated[PeriodType, Soap("PeriodType")]
    meter_reads: Annotated[list[PeriodicMeterReadingGas], Soap("PeriodicMeterReadsGas")] = Field(default_factory=list)


OPERATION = Operation(
    name="GetPeriodicMeterReadsGas",
    request=GetPeriodicMeterReadsGasRequest,
    response=GetPeriodicMeterReadsGasResponse,
    function="REQUEST_PERIODIC_METER_DATA",
    summary="Read rows of the interval, daily or monthly profile of a gas meter.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetPeriodicMeterReadsGas",
        wrapper="PeriodicReadsRequestData",
        bundle_action="GetPeriodicMeterReadsGasRequest",
        bundle_response="PeriodicMeterReadsGasResponse",
    ),
    examples=(
        GetPeriodicMeterReadsGasRequest(
            period_type=PeriodType.INTERVAL,
            begin_date=datetime(2025, 3, 13, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
        ),
        GetPeriodicMeterReadsGasRequest(
            period_type=PeriodType.MONTHLY,
            begin_date=datetime(2025, 1, 1, tzinfo=UTC),
            end_date=datetime(2025, 3, 1, tzinfo=UTC),
            device_identification="G0001000000000017",
        ),
    ),
)
