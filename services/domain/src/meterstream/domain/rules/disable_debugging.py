"""DisableDebugging: no frames are kept from the next session on."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.disable_debugging import OPERATION, DisableDebuggingResponse
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._debugging import switch_debugging


def disable_debugging(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for an M-Bus device."""
    return DisableDebuggingResponse(revision=switch_debugging(turn, debug=False))


RULE = RegistryRule(OPERATION, disable_debugging)
