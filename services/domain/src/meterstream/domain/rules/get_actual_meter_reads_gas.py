"""GetActualMeterReadsGas: which gas meters can be read."""

from __future__ import annotations

from meterstream.contracts.operations.get_actual_meter_reads_gas import OPERATION
from meterstream.domain.model.rules import MeterRule
from meterstream.domain.rules._mbus import GAS_READS

RULE = MeterRule(OPERATION, addressing=GAS_READS)
