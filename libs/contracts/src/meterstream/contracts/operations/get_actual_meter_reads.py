"""GetActualMeterReads: the energy registers of an electricity meter as they stand now."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import Quantity


class GetActualMeterReadsRequest(OperationRequest):
    """Read clock and energy registers in one association."""


class GetActualMeterReadsResponse(OperationResponse):
    """Total and tariff registers in kWh at the meter's own time; a register that the meter refuses is absent."""

    log_time: Annotated[Moment, Soap("LogTime")]
    active_energy_import: Annotated[Quantity | None, Soap("ActiveEnergyImport")] = None
    active_energy_export: Annotated[Quantity | None, Soap("ActiveEnergyExport")] = None
    active_energy_import_tariff_one: Annotated[Quantity | None, Soap("ActiveEnergyImportTariffOne")] = None
    active_energy_import_tariff_two: Annotated[Quantity | None, Soap("ActiveEnergyImportTariffTwo")] = None
    active_energy_export_tariff_one: Annotated[Quantity | None, Soap("ActiveEnergyExportTariffOne")] = None
    active_energy_export_tariff_two: Annotated[Quantity | None, Soap("ActiveEnergyExportTariffTwo")] = None


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
