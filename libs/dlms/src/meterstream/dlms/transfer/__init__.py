"""Transfer of APDUs in pieces below the services, sans-IO, for either role."""

from meterstream.dlms.transfer.general import DEFAULT_GENERAL_LIMITS, GeneralLimits, GeneralStep, GeneralTransfer

__all__ = ["DEFAULT_GENERAL_LIMITS", "GeneralLimits", "GeneralStep", "GeneralTransfer"]
