"""Transfer of APDUs in pieces below the services, sans-IO, for either role."""

from meterstream.dlms.transfer.general import DEFAULT_GENERAL_LIMITS, GeneralLimits, GeneralStep, GeneralTransfer
from meterstream.dlms.transfer.lines import limits_on

__all__ = ["DEFAULT_GENERAL_LIMITS", "GeneralLimits", "GeneralStep", "GeneralTransfer", "limits_on"]
