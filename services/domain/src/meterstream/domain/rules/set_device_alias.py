"""SetDeviceAlias: what people call a device."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_device_alias import OPERATION, SetDeviceAliasRequest, SetDeviceAliasResponse
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import change_upkeep, needs_upkeep


def set_device_alias(turn: RegistryTurn) -> OperationResponse:
    """Note the alias; an empty one takes it away."""
    request = turn.request
    assert isinstance(request, SetDeviceAliasRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    change_upkeep(turn, alias=request.alias or None)
    return SetDeviceAliasResponse(recorded_at=turn.now)


RULE = RegistryRule(OPERATION, set_device_alias, needs_upkeep)
