"""What becomes of a command that is to be carried out now, or never."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES, NotAuthorised, PlatformError
from meterstream.contracts.operation import Target
from meterstream.contracts.operations.bundle import BundleRequest, BundleResponse
from meterstream.domain.model.admission import subject_of
from meterstream.domain.model.attachments import plan
from meterstream.domain.model.bundles import answers_of, pending
from meterstream.domain.model.bundles import refuse as refuse_actions
from meterstream.domain.model.context import Context
from meterstream.domain.model.departures import take_along
from meterstream.domain.model.messages import COMPONENT, Composer, Conclusion
from meterstream.domain.model.rules import MeterRule, RegistryRule, RegistryTurn, Subject
from meterstream.domain.model.stored import Identity, Position, Stage, StoredCommand
from meterstream.domain.model.submissions import Ask
from meterstream.domain.model.world import World


def start(row: StoredCommand, ask: Ask, world: World, context: Context) -> StoredCommand:
    """The row of an admitted command after its next step: in a lane, or carried out in the registry."""
    if ask.operation.target is not Target.REGISTRY:
        device = world.device(ask.header.device_identification)
        if device is None or ask.request is None:
            raise ValueError("an admitted command has a device")
        try:
            return _begin(row, ask, subject_of(ask, ask.request, device, world, context), context)
        except PlatformError as error:
            return refuse(row, ask, error, context)
    rule = context.rules[ask.operation.name]
    if not isinstance(rule, RegistryRule) or ask.request is None:
        raise ValueError("an admitted registry operation has a rule")

    def cancel_waiting(correlation_uid: str) -> None:
        cancel(Identity(ask.header.organisation, correlation_uid), ask.header.user, world, context)

    turn = RegistryTurn(
        header=ask.header,
        request=ask.request,
        world=world,
        now=context.now,
        given_keys=ask.given_keys.get(0),
        protocols=context.protocols,
        cancel=cancel_waiting,
        reveal=context.reveal,
    )
    try:
        response = rule.carry_out(turn)
    except NotAuthorised as error:
        return refuse(row, ask, error, context)
    except PlatformError as error:
        return fail(row, ask, error, context)
    return conclude(row, ask, Conclusion(ResultStatus.OK, response=response), context.now, context.composer)


def _begin(row: StoredCommand, ask: Ask, subject: Subject, context: Context) -> StoredCommand:
    """The next attempt in its lane; what needs no meter is concluded at once."""
    rule = context.rules.get(ask.operation.name)
    if isinstance(rule, MeterRule) and rule.settle is not None:
        settled = rule.settle(subject)
        if settled is not None:
            return conclude(row, ask, Conclusion(ResultStatus.OK, response=settled), context.now, context.composer)
    before = answers_of(context.composer.answer_of(row))
    planned = plan(subject, ask.operation, context.rules, before)
    former = row.attachments.new_keys
    keys = take_along(subject, ask.operation, ask.given_keys, former, before, planned.refused.keys(), context)
    if (stay := {**planned.refused, **keys.refused}) and isinstance(subject.request, BundleRequest):
        refused = {place: error.to_record(COMPONENT) for place, error in stay.items()}
        answers = refuse_actions(subject.request, before, refused)
        response = BundleResponse(answers=answers)
        if not pending(answers, len(answers)):
            return conclude(row, ask, Conclusion(ResultStatus.OK, response=response), context.now, context.composer)
        row = replace(row, answer=context.composer.answers_so_far(row, ask.operation, response, context.now))
    attachments = planned.attachments.model_copy(update={"new_keys": list(keys.new)})
    device = subject.world.device(subject.device.identification) or subject.device  # with the revision of new keys
    return row.queued(device, context.now, context.longest_run, attachments)


def cancel(identity: Identity, user: str, world: World, context: Context) -> None:
    """End a command that is in no lane; its result is published from the outbox.

    Raises: UNKNOWN_CORRELATION_UID (405), TOO_LATE.
    """
    row = world.command(identity)
    if row is None:
        raise CODES["UNKNOWN_CORRELATION_UID"](
            f"organisation {identity.organisation} has no command {identity.correlation_uid}",
            field="request.correlation_uid",
        )
    if row.stage not in (Stage.SCHEDULED, Stage.WAITING):
        raise CODES["TOO_LATE"](f"the command is {row.stage} and cannot be cancelled any more", state=row.stage)
    ended = cancelled(row, user, context, row.moved_by)
    world.put_command(ended)
    world.outbox.append(context.composer.stored_result(ended))


def cancelled(row: StoredCommand, user: str, context: Context, by: Position | None) -> StoredCommand:
    """The row of a command that `user` cancelled."""
    known = context.composer.command_of(row)
    error = CODES["CANCELLED"](f"cancelled by {user}", user=user)
    conclusion = Conclusion(ResultStatus.CANCELLED, error=error.to_record(COMPONENT))
    ask = Ask(known.operation, known.header, known.request)
    return conclude(row, ask, conclusion, context.now, context.composer, by)


def refuse(row: StoredCommand, ask: Ask, error: PlatformError, context: Context) -> StoredCommand:
    """The row of a command that domain does not accept."""
    rejected = Conclusion(ResultStatus.REJECTED, error=error.to_record(COMPONENT))
    return conclude(row, ask, rejected, context.now, context.composer)


def expire(row: StoredCommand, ask: Ask, context: Context) -> StoredCommand:
    """The row of a command whose time is over."""
    return conclude(row, ask, expired(ask), context.now, context.composer)


def fail(row: StoredCommand, ask: Ask, error: PlatformError, context: Context) -> StoredCommand:
    """The row of a command that was accepted and cannot be carried out."""
    failed = Conclusion(ResultStatus.FAILED, error=error.to_record(COMPONENT))
    return conclude(row, ask, failed, context.now, context.composer)


def expired(ask: Ask) -> Conclusion:
    """What the result of a command says that nobody wants any more."""
    error = CODES["MAX_SCHEDULE_TIME_EXCEEDED"](
        f"not carried out by {ask.header.expires_at.isoformat()}", expires_at=ask.header.expires_at.isoformat()
    )
    return Conclusion(ResultStatus.EXPIRED, error=error.to_record(COMPONENT))


def conclude(
    row: StoredCommand,
    ask: Ask,
    conclusion: Conclusion,
    moment: datetime,
    composer: Composer,
    by: Position | None = None,
) -> StoredCommand:
    """The row with a result that domain decided; repeats of it come from the row.

    What earlier attempts of a bundle brought stays in the result.
    """
    if conclusion.response is None and (answer := composer.answer_of(row)) is not None:
        conclusion = replace(conclusion, response=answer.response)
    value = composer.result_value(ask.operation, ask.header, row.attempt, moment, conclusion)
    return row.final(conclusion.status, moment, by or row.moved_by, value)
