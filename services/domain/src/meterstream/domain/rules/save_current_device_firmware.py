"""SaveCurrentDeviceFirmware: notes which firmware file a device has now."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.save_current_device_firmware import (
    OPERATION,
    SaveCurrentDeviceFirmwareRequest,
    SaveCurrentDeviceFirmwareResponse,
)
from meterstream.contracts.shared.firmware_files import FirmwareFile, ModuleVersions
from meterstream.domain.model.firmware import (
    FIRMWARES,
    INSTALLED,
    FirmwareRow,
    InstalledRow,
    InstalledRows,
    number_key,
)
from meterstream.domain.model.registers import Needs, rows
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of

_FIELD = "request.installed.firmware"


def save_current_device_firmware(turn: RegistryTurn) -> OperationResponse:
    """Files that the device had before are no longer active, as far as the new one brings the same modules.

    Raises: UNKNOWN_FIRMWARE (701), VALIDATION_ERROR (401).
    """
    request = turn.request
    assert isinstance(request, SaveCurrentDeviceFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device, installed = device_of(turn), request.installed
    file = _file(turn, installed.firmware)
    known = turn.world.row(INSTALLED, device.identification)
    before = known.entries if known is not None else []
    new = InstalledRow(
        firmware=file.number,
        module_versions=file.module_versions,
        installed_at=installed.installed_at or turn.now,
        installed_by=installed.installed_by,
        active=installed.active,
    )
    kept = [_superseded(entry, file) for entry in before] if installed.active else before
    turn.world.put_row(INSTALLED, InstalledRows(device_identification=device.identification, entries=[*kept, new]))
    turn.world.put_row(FIRMWARES, file.model_copy(update={"has_devices": True}))
    return SaveCurrentDeviceFirmwareResponse(recorded_at=turn.now)


def _superseded(entry: InstalledRow, file: FirmwareRow) -> InstalledRow:
    """An earlier file, no longer active where the new one takes its place."""
    mine, its = _modules(entry.module_versions), _modules(file.module_versions)
    if mine and its and not mine & its:
        return entry
    return entry.model_copy(update={"active": False})


def _modules(versions: ModuleVersions) -> set[str]:
    return set(versions.model_dump(exclude_none=True))


def _file(turn: RegistryTurn, named: FirmwareFile) -> FirmwareRow:
    key = _key(named)
    if key is None:
        rule = "number or identification is required"
        raise CODES["VALIDATION_ERROR"](f"{_FIELD}: {rule}", field=_FIELD, rule=rule)
    row = turn.world.row(FIRMWARES, key)
    if row is None or not row.number:
        raise CODES["UNKNOWN_FIRMWARE"](f"{_FIELD}: there is no firmware file {key}", field=_FIELD)
    return row


def _key(named: FirmwareFile) -> str | None:
    return number_key(named.number) if named.number else named.identification


def _needs(header: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, SaveCurrentDeviceFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    named = rows(FIRMWARES, _key(request.installed.firmware)).rows
    return Needs(named + rows(INSTALLED, header.device_identification).rows)


RULE = RegistryRule(OPERATION, save_current_device_firmware, _needs)
