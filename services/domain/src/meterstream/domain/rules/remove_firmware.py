"""RemoveFirmware: takes a firmware file out of the registry; its contents go once no other file has them."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.remove_firmware import OPERATION, RemoveFirmwareRequest, RemoveFirmwareResponse
from meterstream.domain.model.firmware import FIRMWARES, number_key
from meterstream.domain.model.registers import Needs, rows
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._firmware import known_file


def remove_firmware(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_FIRMWARE (701), EXISTING_FIRMWARE_DEVICEFIRMWARE (703)."""
    request = turn.request
    assert isinstance(request, RemoveFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    known = known_file(turn, request.number, "request.number")
    if known.has_devices:
        message = f"request.number: devices have or had firmware file {known.identification}"
        raise CODES["EXISTING_FIRMWARE_DEVICEFIRMWARE"](message, field="request.number")
    turn.world.remove_row(FIRMWARES, known.identification)
    return RemoveFirmwareResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, RemoveFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return rows(FIRMWARES, number_key(request.number))


RULE = RegistryRule(OPERATION, remove_firmware, _needs)
