"""Ends commands whose message nobody could handle: the message goes to the dead letters, the failure to the asker."""

from __future__ import annotations

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES
from meterstream.domain.model.answers import Answer
from meterstream.domain.model.context import Context
from meterstream.domain.model.execution import conclude
from meterstream.domain.model.faces import refusal
from meterstream.domain.model.ingress import unmoved
from meterstream.domain.model.messages import COMPONENT, Conclusion
from meterstream.domain.model.stored import Stage, StoredCommand
from meterstream.domain.model.submissions import Ask, Submission
from meterstream.domain.model.world import Outcome, World


def fail_submission(
    submission: Submission, code: str, reason: str, world: World, context: Context, outcome: Outcome
) -> None:
    """The failed result of a command that could not be handled; nothing where its organisation is not vouched for."""
    row, origin = world.command(submission.identity), submission.origin
    if row is None:
        organisation = world.organisations.get(submission.header.organisation)
        if refusal(origin, organisation, submission.header.organisation) is not None:
            return
        row = unmoved(submission, context)
    elif row.source != origin.position or row.moved_by != origin.position:
        return
    if row.stage is not Stage.FINAL:
        row = _failed(row, submission.ask, code, reason, context)
        world.put_command(row)
    if row.result is not None:
        outcome.publications.append(context.composer.stored_result(row))
    if origin.reply_to is not None:
        reply = context.composer.reply(origin.reply_to, submission.header.submission_id, row)
        outcome.publications.append(reply)


def fail_answer(answer: Answer, code: str, reason: str, world: World, context: Context, outcome: Outcome) -> None:
    """The failed result of a command whose answer could not be handled, if it is its current attempt's."""
    row, header = world.command(answer.identity), answer.response.header
    if row is None or header.attempt != row.attempt:
        return
    if row.stage is not Stage.FINAL:
        command = context.composer.command_of(row)
        row = _failed(row, Ask(command.operation, command.header, command.request), code, reason, context)
        world.put_command(row)
    if row.result is not None:
        outcome.publications.append(context.composer.stored_result(row))


def _failed(row: StoredCommand, ask: Ask, code: str, reason: str, context: Context) -> StoredCommand:
    error = CODES.get(code, CODES["TECHNICAL_ERROR"])(reason)
    conclusion = Conclusion(ResultStatus.FAILED, error=error.to_record(COMPONENT))
    return conclude(row, ask, conclusion, context.now, context.composer)
