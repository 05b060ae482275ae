"""What an attempt's answer means: the result, another attempt, or nothing any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES, ErrorRecord
from meterstream.contracts.operation import Command, DlmsResponse
from meterstream.contracts.operations.bundle import BundleRequest, BundleResponse
from meterstream.domain.model import bundles
from meterstream.domain.model.context import Context
from meterstream.domain.model.learning import is_completed, learn
from meterstream.domain.model.messages import Conclusion
from meterstream.domain.model.retry_notes import retry_note
from meterstream.domain.model.rules import MeterRule
from meterstream.domain.model.stored import Identity, Position, Stage, StoredCommand
from meterstream.domain.model.world import Outcome, Rejected, World


@dataclass(frozen=True, slots=True)
class Answer:
    """A `<Operation>DlmsResponse` and where it lies."""

    position: Position
    response: DlmsResponse
    traceparent: bytes | None = None

    @property
    def identity(self) -> Identity:
        """Names the command that it answers."""
        return Identity(self.response.header.organisation, self.response.header.correlation_uid)


def decide_answer(answer: Answer, world: World, context: Context, outcome: Outcome) -> None:
    """Add what follows from one answer to `outcome`, and the moved row to `world`.

    An answer counts for the current attempt only and never changes a final result. One that moved the row already
    leads to the same messages again.
    """
    row, header = world.command(answer.identity), answer.response.header
    if row is None or row.operation != answer.response.operation.name or header.attempt > row.attempt:
        code = CODES["UNKNOWN_CORRELATION_UID"].name
        what = f"attempt {header.attempt} of {answer.response.operation.name} {header.correlation_uid}"
        outcome.rejected.append(Rejected(answer.position, code, f"no command waits for {what}"))
        return
    if row.moved_by == answer.position:
        _repeat(answer, row, context, outcome)
    elif row.stage is Stage.QUEUED and header.attempt == row.attempt:
        _first_time(answer, row, world, context, outcome)
    elif row.operation in context.rules:
        _too_late(answer, row, world, context)


def _first_time(answer: Answer, row: StoredCommand, world: World, context: Context, outcome: Outcome) -> None:
    command = context.composer.command_of(row)
    response = learn(answer.response, command, _asked(row, command, context), world, context)
    merged = _merged(response, row, command, context)
    goes_on_at = _goes_on_at(merged, context)
    if goes_on_at is not None:
        row = row.going_on(goes_on_at, answer.response.header.observed_at, answer.position)
        world.put_command(row)
        outcome.publications += context.composer.follow_up(row, command)
        return
    failure = _worth_retrying(merged)
    header = answer.response.header
    if failure is not None and not command.header.bypass_retry:
        at = context.policy.next_attempt_at(row.attempt, header.observed_at, row.expires_at, share=context.jitter())
        if at is not None:
            kept = merged.model_copy(update={"error": failure})
            row = row.waiting(at, header.observed_at, answer.position, context.composer.codec.encode(kept))
            world.put_command(row)
            if row.device_identification is not None:
                world.note(retry_note(row, row.device_identification, header.observed_at))
            outcome.publications += context.composer.follow_up(row, command)
            outcome.retried.append((row.operation, failure.code))
            return
    conclusion = _conclusion(merged)
    value = _publish(row, command, conclusion, header.observed_at, context, outcome)
    stored = value if is_completed(command, context.rules) else None
    world.put_command(row.final(conclusion.status, header.observed_at, answer.position, stored))


def _too_late(answer: Answer, row: StoredCommand, world: World, context: Context) -> None:
    """It changes nothing any more, but what it tells of the meter is true; which actions it answers is forgotten."""
    command = context.composer.command_of(row)
    if not isinstance(command.request, BundleRequest):
        learn(answer.response, command, None, world, context)


def _asked(row: StoredCommand, command: Command, context: Context) -> BundleRequest | None:
    """The actions of a bundle that the current attempt was to carry out."""
    if not isinstance(command.request, BundleRequest):
        return None
    return bundles.next_request(command.request, bundles.answers_of(context.composer.answer_of(row)))


def _repeat(answer: Answer, row: StoredCommand, context: Context, outcome: Outcome) -> None:
    command = context.composer.command_of(row)
    if row.result is not None:
        outcome.publications.append(context.composer.stored_result(row))
    elif row.stage is Stage.FINAL:
        conclusion = _conclusion(_merged(answer.response, row, command, context))
        _publish(row, command, conclusion, row.changed_at, context, outcome)
    else:
        outcome.publications += context.composer.follow_up(row, command)


def _publish(
    row: StoredCommand,
    command: Command,
    conclusion: Conclusion,
    moment: datetime,
    context: Context,
    outcome: Outcome,
) -> bytes:
    """Add the result to `outcome`; returns its value."""
    composer, operation = context.composer, command.operation
    value = composer.result_value(operation, command.header, row.attempt, moment, conclusion)
    outcome.publications.append(composer.result(command.header, operation.name, value, conclusion, moment))
    return value


def _merged(response: DlmsResponse, row: StoredCommand, command: Command, context: Context) -> DlmsResponse:
    """The answer together with those that earlier attempts of a bundle brought."""
    if not isinstance(command.request, BundleRequest):
        return response
    before = context.composer.answer_of(row)
    answers = bundles.merge(
        command.request,
        bundles.answers_of(before),
        cast("BundleResponse | None", response.response),
        response.error,
        retryable=response.header.retryable,
    )
    if response.error is not None and not bundles.any_good(answers):
        return response.model_copy(update={"response": BundleResponse(answers=answers)})
    return response.model_copy(update={"response": BundleResponse(answers=answers), "error": None})


def _goes_on_at(merged: DlmsResponse, context: Context) -> datetime | None:
    """When there is more to be done of an operation whose attempt went well."""
    rule = context.rules.get(merged.operation.name)
    if merged.response is None or not merged.header.retryable or not isinstance(rule, MeterRule):
        return None
    return None if rule.goes_on_at is None else rule.goes_on_at(merged.response)


def _worth_retrying(merged: DlmsResponse) -> ErrorRecord | None:
    """The failure for which another attempt may help; None where there is none."""
    answers = bundles.answers_of(merged)
    if merged.error is not None:
        return merged.error if merged.header.retryable else None
    return None if answers is None else bundles.first_retryable(answers)


def _conclusion(merged: DlmsResponse) -> Conclusion:
    meter_ms = merged.header.meter_ms
    error = merged.error
    if error is None:
        return Conclusion(ResultStatus.OK, response=merged.response, meter_ms=meter_ms)
    late = error.code == CODES["MAX_SCHEDULE_TIME_EXCEEDED"].name
    return Conclusion(ResultStatus.EXPIRED if late else ResultStatus.FAILED, error=error, meter_ms=meter_ms)
