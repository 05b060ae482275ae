"""AddOrChangeFirmware: a firmware file as it is to be."""

from __future__ import annotations

from typing import Any

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.add_or_change_firmware import (
    OPERATION,
    AddOrChangeFirmwareRequest,
    AddOrChangeFirmwareResponse,
)
from meterstream.contracts.shared.firmware_files import FirmwareFile
from meterstream.domain.model.firmware import FIRMWARES, FirmwareRow
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._firmware import broken, check_digest, file_needs, identification_of, new_row


def add_or_change_firmware(turn: RegistryTurn) -> OperationResponse:
    """Raises: what `new_row` raises."""
    request = turn.request
    assert isinstance(request, AddOrChangeFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    file = request.firmware
    known = turn.world.row(FIRMWARES, identification_of(file))
    _check_digest(file, known)
    row = new_row(turn, file)
    turn.world.put_row(FIRMWARES, row if known is None else row.model_copy(update=_kept(row, known, file)))
    return AddOrChangeFirmwareResponse(recorded_at=turn.now)


def _check_digest(file: FirmwareFile, known: FirmwareRow | None) -> None:
    if file.file is not None:
        check_digest(file, file.file)
    elif file.url is None and file.hash is not None:
        held = known.sha256 if known is not None else None
        if held is None or int(file.hash, 16) != int.from_bytes(held, "big"):
            raise broken("hash", "is not the SHA-256 digest of the contents that the registry has")


def _kept(row: FirmwareRow, known: FirmwareRow, file: FirmwareFile) -> dict[str, Any]:
    """What stays of a file that is changed: contents that are not given, and the identifier that belongs to them."""
    kept: dict[str, Any] = {"number": known.number, "has_devices": known.has_devices}
    if file.created_at is None:
        kept["created_at"] = known.created_at
    is_given = file.file is not None or file.url is not None
    if not is_given:
        kept |= {name: getattr(known, name) for name in ("sha256", "is_mbus", "url", "size")}
    same_contents = known.sha256 is None or not is_given or row.sha256 == known.sha256
    if file.image_identifier is None and same_contents:
        kept["image_identifier"] = known.image_identifier
    return kept


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, AddOrChangeFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return file_needs(request.firmware)


RULE = RegistryRule(OPERATION, add_or_change_firmware, _needs)
