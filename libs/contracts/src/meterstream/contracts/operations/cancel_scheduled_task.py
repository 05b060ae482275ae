"""CancelScheduledTask: ends a command that waits for its time or for another attempt."""

from __future__ import annotations

from meterstream.contracts.base import CorrelationUid, Moment
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target


class CancelScheduledTaskRequest(OperationRequest):
    """Which command of the organisation's own; one that is on its way to the meter cannot be called back."""

    correlation_uid: CorrelationUid


class CancelScheduledTaskResponse(OperationResponse):
    """When it ended; its result has the status cancelled."""

    cancelled_at: Moment


OPERATION = Operation(
    name="CancelScheduledTask",
    request=CancelScheduledTaskRequest,
    response=CancelScheduledTaskResponse,
    function="CANCEL_SCHEDULED_TASK",
    summary="Cancel a command that waits for its time or for another attempt.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    examples=(
        CancelScheduledTaskRequest(
            correlation_uid="DemoGridOrg|||E0000000000000001|||20250314103937118|||3e73cf5a-b128-4097-a9fa-12103e0c80ca"
        ),
    ),
)
