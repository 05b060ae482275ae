"""UpdateDevice: what the registry keeps of a device for people."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.update_device import OPERATION, UpdateDeviceRequest, UpdateDeviceResponse
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import change_upkeep, needs_upkeep


def update_device(turn: RegistryTurn) -> OperationResponse:
    """Note what is given; what is absent stays as it is."""
    request = turn.request
    assert isinstance(request, UpdateDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    given = {name: getattr(request, name) for name in request.model_fields_set}
    change_upkeep(turn, **{name: value for name, value in given.items() if value is not None})
    return UpdateDeviceResponse(recorded_at=turn.now)


RULE = RegistryRule(OPERATION, update_device, needs_upkeep)
