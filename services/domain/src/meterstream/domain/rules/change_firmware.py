"""ChangeFirmware: what is said about a firmware file."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.change_firmware import OPERATION, ChangeFirmwareRequest, ChangeFirmwareResponse
from meterstream.domain.model.firmware import FIRMWARES, number_key
from meterstream.domain.model.registers import Needs, rows
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._firmware import known_file


def change_firmware(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_FIRMWARE (701)."""
    request = turn.request
    assert isinstance(request, ChangeFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    known, new = known_file(turn, request.number, "request.number"), request.firmware
    changes = {
        name: value
        for name in ("description", "push_to_new_devices", "active")
        if (value := getattr(new, name)) is not None
    }
    versions = known.module_versions.model_copy(update=new.module_versions.model_dump(exclude_none=True))
    turn.world.put_row(FIRMWARES, known.model_copy(update=changes | {"module_versions": versions}))
    return ChangeFirmwareResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, ChangeFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return rows(FIRMWARES, number_key(request.number))


RULE = RegistryRule(OPERATION, change_firmware, _needs)
