"""EnableDebugging: from the next session on the frames of the meter are kept."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.enable_debugging import OPERATION, EnableDebuggingResponse
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._debugging import switch_debugging


def enable_debugging(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for an M-Bus device."""
    return EnableDebuggingResponse(revision=switch_debugging(turn, debug=True))


RULE = RegistryRule(OPERATION, enable_debugging)
