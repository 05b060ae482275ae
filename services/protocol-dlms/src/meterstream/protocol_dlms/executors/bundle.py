"""Bundle: its actions one after another, strictly in their order, in one association."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operations.bundle import OPERATION, BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.protocol_dlms.executor import Actions, Context, Executor
from meterstream.protocol_dlms.failures import COMPONENT


async def execute(request: BundleRequest, context: Context) -> BundleResponse:
    """An answer or an error for every action.

    What an action meets stays with that action, unless the association is over: then the actions that follow do not
    run and say so, for another attempt to take them up.
    """
    if context.actions is None:
        raise error("TECHNICAL_ERROR", "a bundle needs the other executors")
    answers: list[BundleAnswer] = []
    for step, action in enumerate(request.actions):
        answers.append(await _answer(step, action, context.actions))
        if not context.meter.alive:
            answers += _not_run(step, answers[-1].error, request.actions[step + 1 :])
            break
    return BundleResponse(answers=answers)


async def _answer(step: int, action: BundleAction, actions: Actions) -> BundleAnswer:
    try:
        executor, request = actions.read(action.operation, action.request)
        response = await actions.run(step, executor, request)
    except PlatformError as failure:
        record = failure.to_record(COMPONENT)
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
