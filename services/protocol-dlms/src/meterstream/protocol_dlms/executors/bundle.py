"""Bundle: its actions one after another, strictly in their order, in one association."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.bundle import OPERATION, BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.protocol_dlms.executor import AccessRefused, Actions, Context, Executor
from meterstream.protocol_dlms.failures import COMPONENT

Found: TypeAlias = tuple[Executor[Any, Any], OperationRequest] | PlatformError
"""An action as it can be carried out, or why it cannot be read."""


async def execute(request: BundleRequest, context: Context) -> BundleResponse:
    """An answer or an error for every action.

    What actions will read is read together, as far as none of them writes in between. What an action meets stays with
    that action, unless the association is over: then the actions that follow do not run and say so, for another
    attempt to take them up.
    """
    if context.actions is None:
        raise error("TECHNICAL_ERROR", "a bundle needs the other executors")
    found = [_read(action, context.actions) for action in request.actions]
    answers: list[BundleAnswer] = []
    for step, action in enumerate(request.actions):
        if step == 0 or _writes(found[step - 1]):
            context.actions.foresee([one for one in found[step:] if not isinstance(one, PlatformError)])
        answers.append(await _answer(step, action, found[step], context.actions))
        if not context.meter.alive:
            answers += _not_run(step, answers[-1].error, request.actions[step + 1 :])
            break
    return BundleResponse(answers=answers)


def _read(action: BundleAction, actions: Actions) -> Found:
    try:
        return actions.read(action.operation, action.request)
    except PlatformError as failure:
        return failure


def _writes(found: Found) -> bool:
    return not isinstance(found, PlatformError) and found[0].writes


async def _answer(step: int, action: BundleAction, found: Found, actions: Actions) -> BundleAnswer:
    try:
        if isinstance(found, PlatformError):
            raise found
        response = await actions.run(step, *found)
    except PlatformError as failure:
        record = failure.to_record(COMPONENT)
        if isinstance(failure, AccessRefused) and failure.in_bundle is not None:
            record = record.model_copy(update={"message": failure.in_bundle})
        return BundleAnswer(operation=action.operation, error=record, retryable=failure.retryable)
    return BundleAnswer(operation=action.operation, response=actions.encode(response))


def _not_run(step: int, cause: ErrorRecord | None, missed: Sequence[BundleAction]) -> list[BundleAnswer]:
    code = cause.code if cause is not None else "SOCKET_CLOSED_BY_REMOTE"
    message = f"not run: the association ended in action {step} ({code})"
    record = error("CONNECTION_ERROR", message, action=step, cause=code).to_record(COMPONENT)
    return [BundleAnswer(operation=action.operation, error=record, retryable=True) for action in missed]


def leaves_work(response: BundleResponse) -> bool:
    """Whether another attempt may bring what this one did not."""
    return any(answer.retryable for answer in response.answers)


EXECUTOR = Executor(OPERATION, execute, composite=True, leaves_work=leaves_work)
