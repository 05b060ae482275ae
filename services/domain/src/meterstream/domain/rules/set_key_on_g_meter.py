"""SetKeyOnGMeter: which M-Bus devices a key can be sent to."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterstream.contracts.operations.set_key_on_g_meter import OPERATION
from meterstream.domain.model.addressing import NO_GATEWAY
from meterstream.domain.model.rules import MeterRule
from meterstream.domain.rules._mbus import MBUS_ONLY

IN_BUNDLE: Final = replace(MBUS_ONLY, no_gateway=replace(NO_GATEWAY, code="VALIDATION_ERROR"))
"""Clients know 401 here where a single request gets 220."""

RULE = MeterRule(OPERATION, addressing=MBUS_ONLY, addressing_in_bundle=IN_BUNDLE)
