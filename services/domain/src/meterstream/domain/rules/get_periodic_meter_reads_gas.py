"""GetPeriodicMeterReadsGas: which gas meters have a profile that can be read."""

from __future__ import annotations

from meterstream.contracts.operations.get_periodic_meter_reads_gas import OPERATION
from meterstream.domain.model.rules import MeterRule
from meterstream.domain.rules._mbus import PROFILE_READS

RULE = MeterRule(OPERATION, addressing=PROFILE_READS)
