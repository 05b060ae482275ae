"""Decisions on what arrives: first verdicts, redeliveries, repeats and cancellations, in the order of offsets."""

from __future__ import annotations

from meterstream.contracts.envelope import Reply, ResultStatus, Verdict
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import Kind
from meterstream.domain.model.admission import admit
from meterstream.domain.model.context import Context
from meterstream.domain.model.equipment import lacking_key
from meterstream.domain.model.execution import cancelled, expire, expired, fail, refuse, start
from meterstream.domain.model.faces import refusal
from meterstream.domain.model.messages import COMPONENT, Conclusion, Publication
from meterstream.domain.model.rules import QueryRule
from meterstream.domain.model.stored import STALE_AFTER, Stage, StoredCommand
from meterstream.domain.model.submissions import Cancellation, Face, Origin, Submission
from meterstream.domain.model.world import Outcome, Rejected, World


def decide_submission(submission: Submission, world: World, context: Context, outcome: Outcome) -> None:
    """Add what follows from one command to `outcome`, and its row to `world`."""
    row = world.command(submission.identity)
    origin = submission.origin
    if row is not None and row.source == origin.position:
        _redelivered(submission, row, context, outcome)
        return
    header = submission.header
    refused = refusal(origin, world.organisations.get(header.organisation), header.organisation)
    if refused is not None:
        _dead_letter(origin, refused, outcome)
    elif row is not None:
        _submitted_again(submission, row, context, outcome)
    elif header.expires_at + STALE_AFTER < context.now:
        stale = CODES["STALE"](f"expired at {header.expires_at.isoformat()} and is not known any more")
        _dead_letter(origin, stale, outcome)
    elif isinstance(context.rules.get(submission.ask.operation.name), QueryRule):
        _query(submission, world, context, outcome)
    else:
        row = _first_verdict(submission, world, context)
        world.put_command(row)
        _follow_up(submission, row, context, outcome)


def _first_verdict(submission: Submission, world: World, context: Context) -> StoredCommand:
    ask, header = submission.ask, submission.header
    row = unmoved(submission, context)
    try:
        admit(ask, world, context)
    except PlatformError as error:
        return refuse(row, ask, error, context)
    if header.expires_at <= context.now:
        lacking = lacking_key(submission, world)
        return expire(row, ask, context) if lacking is None else fail(row, ask, lacking, context)
    if header.schedule_time is not None and header.schedule_time > context.now:
        return row.scheduled(header.schedule_time, context.now)
    return start(row, ask, world, context)


def unmoved(submission: Submission, context: Context) -> StoredCommand:
    """The row of a command on which nothing is decided yet.

    A synchronous operation is final with its first verdict: its command is read once, and not kept. It may be large.
    """
    header, position = submission.header, submission.origin.position
    return StoredCommand(
        organisation=header.organisation,
        correlation_uid=header.correlation_uid,
        operation=submission.ask.operation.name,
        device_identification=header.device_identification,
        request_hash=submission.request_hash,
        command=b"" if submission.ask.operation.kind is Kind.SYNCHRONOUS else submission.raw,
        source=position,
        moved_by=position,
        stage=Stage.SCHEDULED,
        attempt=0,
        changed_at=context.now,
        expires_at=header.expires_at,
        timer_at=context.now,
    )


def _redelivered(submission: Submission, row: StoredCommand, context: Context, outcome: Outcome) -> None:
    """The row's own message once more: what followed from it follows again, unless something moved the row since."""
    if row.moved_by == submission.origin.position:
        _follow_up(submission, row, context, outcome)


def _follow_up(submission: Submission, row: StoredCommand, context: Context, outcome: Outcome) -> None:
    if submission.command is not None:
        outcome.publications += context.composer.follow_up(row, submission.command)
    elif row.result is not None:
        outcome.publications.append(context.composer.stored_result(row))
    _reply(submission, row, context, outcome)
    if submission.ask.problem is not None and submission.origin.face is not Face.PLATFORM:
        _dead_letter(submission.origin, submission.ask.problem, outcome)


def _submitted_again(submission: Submission, row: StoredCommand, context: Context, outcome: Outcome) -> None:
    """A known correlation uid at another position: the same request is told how it stands, another one is refused."""
    if row.request_hash == submission.request_hash:
        _reply(submission, row, context, outcome)
        return
    error = CODES["CORRELATION_UID_REUSED"](
        f"correlation uid {row.correlation_uid} names another command of this organisation",
        field="header.correlation_uid",
        rule="one correlation uid, one command",
    )
    _rejecting_reply(submission, error, context, outcome)


def _query(submission: Submission, world: World, context: Context, outcome: Outcome) -> None:
    """Queries have no row and no effect; what they find out is asked after the batch is written."""
    try:
        admit(submission.ask, world, context)
    except PlatformError as error:
        rejected = Conclusion(ResultStatus.REJECTED, error=error.to_record(COMPONENT))
        outcome.publications += answer_query(submission, rejected, context)
        return
    if submission.header.expires_at <= context.now:
        outcome.publications += answer_query(submission, expired(submission.ask), context)
    else:
        outcome.queries.append(submission)


def answer_query(submission: Submission, conclusion: Conclusion, context: Context) -> list[Publication]:
    """A query's result: to the face that waits for it, else on `results`.

    A failure goes there too: the face may have ceased to wait, and whoever asked can still find out why. An answer
    that is lost is asked for again.
    """
    ask, origin, composer = submission.ask, submission.origin, context.composer
    value = composer.result_value(ask.operation, ask.header, 0, origin.received_at, conclusion)
    result = composer.result(ask.header, ask.operation.name, value, conclusion, origin.received_at)
    if origin.reply_to is None:
        return [result]
    rejected = conclusion.status is ResultStatus.REJECTED
    record = Reply(
        submission_id=ask.header.submission_id,
        organisation=ask.header.organisation,
        correlation_uid=ask.header.correlation_uid,
        operation=ask.operation.name,
        verdict=Verdict.REJECTED if rejected else Verdict.COMPLETED,
        error=conclusion.error if rejected else None,
        result=value,
    )
    reply = composer.replied(origin.reply_to, record, origin.received_at)
    return [reply] if conclusion.status is ResultStatus.OK else [reply, result]


def decide_cancellation(cancellation: Cancellation, world: World, context: Context, outcome: Outcome) -> None:
    """End a command that is in no lane; the verdict goes to whoever cancelled."""
    origin, command = cancellation.origin, cancellation.command
    refused = refusal(origin, world.organisations.get(command.organisation), command.organisation)
    if refused is not None:
        _dead_letter(origin, refused, outcome)
        return
    row = world.command(cancellation.identity)
    if row is None:
        error = CODES["UNKNOWN_CORRELATION_UID"](
            f"organisation {command.organisation} has no command {command.correlation_uid}", field="correlation_uid"
        )
        _rejecting_cancel(cancellation, "", error, context, outcome)
        return
    if row.stage in (Stage.SCHEDULED, Stage.WAITING):
        row = cancelled(row, command.user, context, origin.position)
        world.put_command(row)
    if row.status is not ResultStatus.CANCELLED:
        error = CODES["TOO_LATE"](f"the command is {row.stage} and cannot be cancelled any more", state=row.stage)
        _rejecting_cancel(cancellation, row.operation, error, context, outcome)
        return
    if row.moved_by == origin.position:
        outcome.publications.append(context.composer.stored_result(row))
    if origin.reply_to is not None:
        outcome.publications.append(context.composer.reply(origin.reply_to, command.submission_id, row))


def _reply(submission: Submission, row: StoredCommand, context: Context, outcome: Outcome) -> None:
    if submission.origin.reply_to is not None:
        partition, submission_id = submission.origin.reply_to, submission.header.submission_id
        outcome.publications.append(context.composer.reply(partition, submission_id, row))


def _rejecting_reply(submission: Submission, error: PlatformError, context: Context, outcome: Outcome) -> None:
    header = submission.header
    record = Reply(
        submission_id=header.submission_id,
        organisation=header.organisation,
        correlation_uid=header.correlation_uid,
        operation=submission.ask.operation.name,
        verdict=Verdict.REJECTED,
        error=error.to_record(COMPONENT),
    )
    _reject(submission.origin, record, error, context, outcome)


def _rejecting_cancel(
    cancellation: Cancellation, operation: str, error: PlatformError, context: Context, outcome: Outcome
) -> None:
    command = cancellation.command
    record = Reply(
        submission_id=command.submission_id,
        organisation=command.organisation,
        correlation_uid=command.correlation_uid,
        operation=operation,
        verdict=Verdict.REJECTED,
        error=error.to_record(COMPONENT),
    )
    _reject(cancellation.origin, record, error, context, outcome)


def _reject(origin: Origin, record: Reply, error: PlatformError, context: Context, outcome: Outcome) -> None:
    """To the face that waits; where nobody does, to the dead letters."""
    if origin.reply_to is None:
        _dead_letter(origin, error, outcome)
    else:
        outcome.publications.append(context.composer.replied(origin.reply_to, record, origin.received_at))


def _dead_letter(origin: Origin, error: PlatformError, outcome: Outcome) -> None:
    outcome.rejected.append(Rejected(origin.position, error.code.name, error.message))
