"""Meter role, sans-IO: what a simulator, or a test of the client role, needs."""

from meterstream.dlms.meter.application import DropLine, MeterApplication
from meterstream.dlms.meter.association import MeterAssociation, MeterPhase
from meterstream.dlms.meter.policy import ClientAccess, CounterPolicy, Habits, MeterSecurity, Reaction
from meterstream.dlms.meter.transfers import DEFAULT_TRANSFER_LIMITS, TransferLimits
from meterstream.dlms.security import Level, SecurityKeys

__all__ = [
    "DEFAULT_TRANSFER_LIMITS", "ClientAccess", "CounterPolicy", "DropLine", "Habits", "Level", "MeterApplication",
    "MeterAssociation", "MeterPhase", "MeterSecurity", "Reaction", "SecurityKeys", "TransferLimits",
]  # fmt: skip
