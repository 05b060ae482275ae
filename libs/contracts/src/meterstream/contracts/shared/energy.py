"""Energy registers of an electricity meter (IEC 62056-6-1, C = 1 and 2; D = 8; E = 0 to 2)."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.soap import Soap
from meterstream.contracts.types import Quantity


class EnergyReading(Record):
    """Totals and tariff registers in kWh at one time; what the meter does not tell is absent."""

    log_time: Annotated[Moment, Soap("LogTime")]
    active_energy_import: Annotated[Quantity | None, Soap("ActiveEnergyImport")] = None
    active_energy_export: Annotated[Quantity | None, Soap("ActiveEnergyExport")] = None
    active_energy_import_tariff_one: Annotated[Quantity | None, Soap("ActiveEnergyImportTariffOne")] = None
    active_energy_import_tariff_two: Annotated[Quantity | None, Soap("ActiveEnergyImportTariffTwo")] = None
    active_energy_export_tariff_one: Annotated[Quantity | None, Soap("ActiveEnergyExportTariffOne")] = None
    active_energy_export_tariff_two: Annotated[Quantity | None, Soap("ActiveEnergyExportTariffTwo")] = None
