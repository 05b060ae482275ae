"""AddFirmware: a new firmware file."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.add_firmware import OPERATION, AddFirmwareRequest, AddFirmwareResponse
from meterstream.domain.model.firmware import FIRMWARES
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._firmware import FIELD, check_digest, file_needs, identification_of, new_row


def add_firmware(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_FIRMWARE (701) without contents, EXISTING_FIRMWARE (702), and what `new_row` raises."""
    request = turn.request
    assert isinstance(request, AddFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    file = request.firmware
    identification = identification_of(file)
    if turn.world.row(FIRMWARES, identification) is not None:
        message = f"there is a firmware file {identification}"
        raise CODES["EXISTING_FIRMWARE"](message, field=f"{FIELD}.identification")
    if file.file is not None:
        check_digest(file, file.file)
    elif file.url is None:
        raise CODES["UNKNOWN_FIRMWARE"](f"{FIELD}.file: the contents are missing", field=f"{FIELD}.file")
    turn.world.put_row(FIRMWARES, new_row(turn, file))
    return AddFirmwareResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, AddFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return file_needs(request.firmware)


RULE = RegistryRule(OPERATION, add_firmware, _needs)
