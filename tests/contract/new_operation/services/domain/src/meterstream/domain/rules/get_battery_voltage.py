"""GetBatteryVoltage: more than one sample is for whoever owns the meter."""

from __future__ import annotations

from meterstream.contracts.errors import CODES
from meterstream.contracts.operations.get_battery_voltage import OPERATION, GetBatteryVoltageRequest
from meterstream.domain.model.registry import OWNER
from meterstream.domain.model.rules import MeterRule, Subject


def check_samples(subject: Subject) -> None:
    """Raises UNAUTHORIZED."""
    request = subject.request
    if isinstance(request, GetBatteryVoltageRequest) and request.samples > 1 and OWNER not in subject.groups:
        raise CODES["UNAUTHORIZED"]("request.samples: more than one is for the owner", field="request.samples")


RULE = MeterRule(OPERATION, check=check_samples)
