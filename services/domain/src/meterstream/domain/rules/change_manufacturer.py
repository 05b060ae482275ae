"""ChangeManufacturer: another name of a manufacturer."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.change_manufacturer import (
    OPERATION,
    ChangeManufacturerRequest,
    ChangeManufacturerResponse,
)
from meterstream.domain.model.registers import MANUFACTURERS, Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import known_manufacturer, manufacturer_needs


def change_manufacturer(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_MANUFACTURER (501)."""
    request = turn.request
    assert isinstance(request, ChangeManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    new = request.manufacturer
    known = known_manufacturer(turn, new.code, "request.manufacturer.code")
    changed = known.model_copy(update={"name": new.name, "use_prefix": new.use_prefix})
    turn.world.put_row(MANUFACTURERS, changed)
    return ChangeManufacturerResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, ChangeManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return manufacturer_needs(request.manufacturer.code)


RULE = RegistryRule(OPERATION, change_manufacturer, _needs)
