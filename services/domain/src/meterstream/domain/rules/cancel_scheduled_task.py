"""CancelScheduledTask: ends a command of the organisation's own that waits."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.cancel_scheduled_task import (
    OPERATION,
    CancelScheduledTaskRequest,
    CancelScheduledTaskResponse,
)
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.model.stored import Identity


def cancel_scheduled_task(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_CORRELATION_UID (405); TOO_LATE for one that is on its way to the meter, or final."""
    request = turn.request
    assert isinstance(request, CancelScheduledTaskRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    turn.cancel(request.correlation_uid)
    return CancelScheduledTaskResponse(cancelled_at=turn.now)


def _needs(header: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, CancelScheduledTaskRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return Needs(commands=frozenset({Identity(header.organisation, request.correlation_uid)}))


RULE = RegistryRule(OPERATION, cancel_scheduled_task, _needs)
