"""GetMbusEncryptionKeyStatus: which M-Bus devices can be asked about; in bundles a missing channel counts first."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.operations.get_mbus_encryption_key_status import OPERATION
from meterstream.domain.model.rules import MeterRule
from meterstream.domain.rules._mbus import MBUS_ONLY

RULE = MeterRule(OPERATION, addressing=MBUS_ONLY, addressing_in_bundle=replace(MBUS_ONLY, channel_first=True))
