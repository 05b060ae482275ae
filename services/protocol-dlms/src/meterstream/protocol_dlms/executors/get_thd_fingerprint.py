"""GetThdFingerprint: total harmonic distortion of the currents, by phase and harmonic."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.get_thd_fingerprint import (
    OPERATION,
    GetThdFingerprintRequest,
    GetThdFingerprintResponse,
    ThdFingerprint,
)
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.model.quantities import read_whole, unexpected
from meterstream.protocol_dlms.refusals import read_all, supported

_INSTANTANEOUS: Final = "thd_instantaneous_current_l"
_FINGERPRINT: Final = "thd_instantaneous_current_fingerprint_l"
_COUNTER: Final = "thd_current_over_limit_counter_l"
_U16: Final = 0xFFFF
_MOST_HARMONICS: Final = 64


async def execute(request: GetThdFingerprintRequest, context: Context) -> GetThdFingerprintResponse:  # noqa: ARG001  # the request has no fields
    """Read all of it in one list.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL, DEVICE_REFUSED, ILLEGAL_RESPONSE.
    """
    targets = _targets(context.device)
    supported(context.meter, *targets)
    roles = [target.role for target in targets]
    answers = await read_all(context.meter, targets, [role.upper() for role in roles])
    found = dict(zip(roles, answers, strict=True))
    values: dict[str, object] = {}
    for phase in _phases(context.device):
        values[f"instantaneous_current_l{phase}"] = _number(found, f"{_INSTANTANEOUS}{phase}")
        values[f"fingerprint_l{phase}"] = _harmonics(found, f"{_FINGERPRINT}{phase}")
        values[f"over_limit_counter_l{phase}"] = _number(found, f"{_COUNTER}{phase}")
    return GetThdFingerprintResponse(fingerprint=ThdFingerprint.model_validate(values))


def _phases(device: Device) -> range:
    return range(1, 4 if device.polyphase else 2)


def _targets(device: Device) -> list[At]:
    return [At(f"{prefix}{phase}") for prefix in (_INSTANTANEOUS, _FINGERPRINT, _COUNTER) for phase in _phases(device)]


def _number(found: dict[str, Data], role: str) -> int:
    return read_whole(found[role], role, _U16)


def _harmonics(found: dict[str, Data], role: str) -> list[int]:
    data = found[role]
    if data.type not in (DataType.ARRAY, DataType.COMPACT_ARRAY) or not isinstance(data.value, tuple):
        raise unexpected(role, f"Unexpected data type from Thd Fingerprint: {data.type.name}")
    if len(data.value) > _MOST_HARMONICS:
        raise unexpected(role, f"more than {_MOST_HARMONICS} harmonics")
    return [read_whole(value, role, _U16) for value in data.value]


def foresees(request: GetThdFingerprintRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All of it."""
    return _targets(device)


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
