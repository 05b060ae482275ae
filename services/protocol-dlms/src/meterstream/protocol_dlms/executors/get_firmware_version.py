"""GetFirmwareVersion: the active firmware identifiers of an electricity meter, read as one list."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_firmware_version import (
    OPERATION,
    FirmwareModuleType,
    FirmwareVersion,
    GetFirmwareVersionRequest,
    GetFirmwareVersionResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, Executor
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.model.quantities import unexpected

_MODULES: Final = {
    "active_firmware_identifier": FirmwareModuleType.ACTIVE_FIRMWARE,
    "module_active_firmware_identifier": FirmwareModuleType.MODULE_ACTIVE_FIRMWARE,
    "communication_module_active_firmware_identifier": FirmwareModuleType.COMMUNICATION_MODULE_ACTIVE_FIRMWARE,
    "mbus_driver_active_firmware_identifier": FirmwareModuleType.M_BUS_DRIVER_ACTIVE_FIRMWARE,
}
_ABSENT: Final = frozenset({DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_UNAVAILABLE})
_FIRST_PRINTABLE: Final = 0x20
_DELETE: Final = 0x7F


async def execute(request: GetFirmwareVersionRequest, context: Context) -> GetFirmwareVersionResponse:  # noqa: ARG001  # the request has no fields
    """One version per module that the meter has; a module that it has not is left out.

    Raises: AccessRefused where an identifier is refused for another reason, or the meter has none of them.
    """
    profile = context.meter.profile
    targets = _targets(profile)
    versions: list[FirmwareVersion] = []
    missing: AccessRefused | None = None
    for target, answer in zip(targets, await context.meter.get_list(targets), strict=True):
        if isinstance(answer, Data):
            if (text := _text(answer, target.role)) is not None:
                versions.append(FirmwareVersion(version=text, module_type=_MODULES[target.role]))
            continue
        refusal = AccessRefused(answer, attribute_ref(profile, target))
        if answer not in _ABSENT:
            raise refusal
        missing = missing or refusal
    if not versions:
        raise missing or unexpected("active_firmware_identifier", "the meter tells no firmware version")
    return GetFirmwareVersionResponse(versions=versions)


def _targets(profile: MeterProfile) -> list[At]:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL."""
    targets = [At(role) for role in _MODULES if role in profile.objects]
    if not targets:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No address found for ACTIVE_FIRMWARE_IDENTIFIER in protocol {profile}",
        )
    return targets


def _text(data: Data, role: str) -> str | None:
    """ASCII without control characters; None for null-data.

    Raises: ILLEGAL_RESPONSE.
    """
    match data.value:
        case None if data.type is DataType.NULL_DATA:
            return None
        case bytes() if data.type is DataType.OCTET_STRING:
            text = data.value.decode("ascii", errors="replace")
        case str() if data.type is DataType.VISIBLE_STRING:
            text = data.value
        case _:
            raise unexpected(role, f"expected an octet-string, got {data.type.name}")
    return "".join(letter for letter in text if _FIRST_PRINTABLE <= ord(letter) != _DELETE)


def foresees(request: GetFirmwareVersionRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The identifiers that the protocol version has."""
    return [At(role) for role in _MODULES if role in profile.objects]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
