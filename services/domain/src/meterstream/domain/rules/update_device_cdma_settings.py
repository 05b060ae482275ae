"""UpdateDeviceCdmaSettings: a device's place in a CDMA network."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.update_device_cdma_settings import (
    OPERATION,
    UpdateDeviceCdmaSettingsRequest,
    UpdateDeviceCdmaSettingsResponse,
)
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import change_upkeep, needs_upkeep


def update_device_cdma_settings(turn: RegistryTurn) -> OperationResponse:
    """Note both; what is absent is unknown from now on."""
    request = turn.request
    assert isinstance(request, UpdateDeviceCdmaSettingsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    change_upkeep(turn, mast_segment=request.mast_segment, batch_number=request.batch_number)
    return UpdateDeviceCdmaSettingsResponse(recorded_at=turn.now)


RULE = RegistryRule(OPERATION, update_device_cdma_settings, needs_upkeep)
