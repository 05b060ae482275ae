"""Which refusals clients of the SOAP contract expect as a result, not in answer to their request.

The contract checks organisation, device, authorisation and schema while the client waits. What the registry says of
M-Bus devices, models and firmware it tells after the acknowledgement.
"""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import PlatformError
from meterstream.ws_adapter.model.failures import ToldByPlatform

_DOMAIN: Final = "DOMAIN"
_LATER: Final = frozenset(
    {
        "INACTIVE_DEVICE",
        "NO_MBUS_DEVICE_CHANNEL_FOUND",
        "GIVEN_MBUS_DEVICE_ALREADY_COUPLED",
        "ALL_MBUS_CHANNELS_OCCUPIED",
        "NO_MATCHING_MBUS_DEVICE_FOUND",
        "NO_DEVICE_FOUND_ON_CHANNEL",
        "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE",
        "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE",
        "MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER",
        "UNKNOWN_DEVICEMODEL",
        "UNKNOWN_FIRMWARE",
        "FIRMWARE_DOES_NOT_SUPPORT_DEVICE_MODEL",
    }
)
_OF_THE_COMMAND: Final = "header.device_identification"


def acknowledged_uid(failure: PlatformError) -> str | None:
    """The correlation uid with which a refusal is to be acknowledged; None where the client is told it at once."""
    if not isinstance(failure, ToldByPlatform) or failure.record.component != _DOMAIN:
        return None
    code, details = failure.record.code, failure.record.details
    another_device = code == "UNKNOWN_DEVICE" and details.get("field") != _OF_THE_COMMAND
    not_such_a_device = code == "VALIDATION_ERROR" and "device" in details
    return failure.correlation_uid if code in _LATER or another_device or not_such_a_device else None
