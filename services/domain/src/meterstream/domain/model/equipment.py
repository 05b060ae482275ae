"""Whether the registry holds what an association with a meter needs; clients are told so before anything else."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import Target
from meterstream.contracts.records import KeyKind, SecurityLevel
from meterstream.domain.model.records import security_level
from meterstream.domain.model.registers import DESCRIPTIONS, Needs, rows
from meterstream.domain.model.submissions import Submission
from meterstream.domain.model.world import World

_CIPHERED: Final = (KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, KeyKind.E_METER_AUTHENTICATION_KEY)
_NEEDED: Final = MappingProxyType(
    {SecurityLevel.HLS5: _CIPHERED, SecurityLevel.LLS1: (*_CIPHERED, KeyKind.LLS_PASSWORD)}
)


def comes_late(submission: Submission) -> bool:
    """Whether a meter is asked for something that nobody wants any more when it arrives."""
    is_for_a_meter = submission.ask.operation.target is not Target.REGISTRY
    return is_for_a_meter and submission.header.expires_at <= submission.origin.received_at


def equipment_of(header: CommandHeader) -> Needs:
    """What `lacking_key` looks at, beside the device's keys."""
    return rows(DESCRIPTIONS, header.device_identification)


def lacking_key(submission: Submission, world: World) -> PlatformError | None:
    """KEY_NOT_PRESENT (806) where the meter of a late command could not be reached for want of a key."""
    device = world.device(submission.header.device_identification)
    if device is None or device.is_mbus or not comes_late(submission):
        return None
    stored = world.row(DESCRIPTIONS, device.identification)
    if stored is None:
        return None
    held = {key.kind for key in world.keys(device.identification)}
    missing = next((kind for kind in _NEEDED.get(security_level(stored.description), ()) if kind not in held), None)
    if missing is None:
        return None
    return CODES["KEY_NOT_PRESENT"](f"the device has no {missing}", kind=missing, device=device.identification)
