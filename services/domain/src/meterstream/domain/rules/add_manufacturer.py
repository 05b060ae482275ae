"""AddManufacturer: a new manufacturer of devices."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.add_manufacturer import OPERATION, AddManufacturerRequest, AddManufacturerResponse
from meterstream.domain.model.registers import MANUFACTURERS, ManufacturerRow, Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._catalogue import manufacturer_needs


def add_manufacturer(turn: RegistryTurn) -> OperationResponse:
    """Raises: EXISTING_MANUFACTURER (502)."""
    request = turn.request
    assert isinstance(request, AddManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    new = request.manufacturer
    if turn.world.row(MANUFACTURERS, new.code) is not None:
        raise CODES["EXISTING_MANUFACTURER"](f"manufacturer {new.code} exists", field="request.manufacturer.code")
    turn.world.put_row(MANUFACTURERS, ManufacturerRow(code=new.code, name=new.name, use_prefix=new.use_prefix))
    return AddManufacturerResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, AddManufacturerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return manufacturer_needs(request.manufacturer.code)


RULE = RegistryRule(OPERATION, add_manufacturer, _needs)
