"""GetActualMeterReads: the energy registers of an electricity meter as they stand now."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.energy import EnergyReading
from meterstream.contracts.soap import SoapBinding


class GetActualMeterReadsRequest(OperationRequest):
    """Read clock and energy registers in one association."""


class GetActualMeterReadsResponse(EnergyReading, OperationResponse):
    """Total and tariff registers in kWh at the meter's own time; a register that the meter refuses is absent."""


OPERATION = Operation(
    name="GetActualMeterReads",
    request=GetActualMeterReadsRequest,
    response=GetActualMeterReadsResponse,
    function="REQUEST_ACTUAL_METER_DATA",
    summary="Read the energy registers of an electricity meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetActualMeterReads",
        bundle_action="GetActualMeterReadsRequest",
        bundle_response="ActualMeterReadsResponse",
    ),
    examples=(GetActualMeterReadsRequest(),),
)
