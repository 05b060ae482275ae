"""What happens when a stored command's time comes: due, due again, silent for too long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import Command, Target
from meterstream.domain.model.admission import admit
from meterstream.domain.model.context import Context
from meterstream.domain.model.execution import conclude, expire, refuse, start
from meterstream.domain.model.messages import COMPONENT, Conclusion
from meterstream.domain.model.stored import Stage, StoredCommand
from meterstream.domain.model.submissions import Ask, GivenKeys
from meterstream.domain.model.world import Outcome, World


@dataclass(frozen=True, slots=True)
class Due:
    """A row whose timer has run out, with its command; `given_keys` as in `Ask`."""

    row: StoredCommand
    command: Command
    given_keys: GivenKeys = field(default_factory=dict)


def decide_due(due: Due, world: World, context: Context, outcome: Outcome) -> None:
    """Start the next attempt, or end the command. Gateway, authorisation and rules are resolved anew."""
    row = replace(due.row, moved_by=None)
    header = due.command.header
    ask = Ask(due.command.operation, header, due.command.request, given_keys=due.given_keys)
    match row.stage:
        case Stage.QUEUED:
            row = _silent(row, ask, context)
        case Stage.SCHEDULED | Stage.WAITING if row.expires_at < context.now:
            row = expire(row, ask, context)
        case Stage.SCHEDULED | Stage.WAITING:
            row = _next_attempt(row, ask, world, context)
        case Stage.FINAL:
            return
    world.put_command(row)
    since = len(outcome.publications)
    outcome.publications += context.composer.follow_up(row, due.command)
    if ask.operation.target is Target.REGISTRY:  # the device's record goes before the result
        outcome.publications[since:] = [
            replace(item, gateway=row.device_identification) for item in outcome.publications[since:]
        ]


def end_unhandled(due: Due, world: World, context: Context, outcome: Outcome) -> None:
    """End a command on which the decision itself failed, so that it does not hold up all others."""
    row = replace(due.row, moved_by=None)
    ask = Ask(due.command.operation, due.command.header, due.command.request)
    error = CODES["TECHNICAL_ERROR"]("the command could not be carried out when it fell due")
    row = conclude(
        row, ask, Conclusion(ResultStatus.FAILED, error=error.to_record(COMPONENT)), context.now, context.composer
    )
    world.put_command(row)
    outcome.publications.append(context.composer.stored_result(row))


def _next_attempt(row: StoredCommand, ask: Ask, world: World, context: Context) -> StoredCommand:
    try:
        admit(ask, world, context)
    except PlatformError as error:
        return refuse(row, ask, error, context)
    return start(row, ask, world, context)


def _silent(row: StoredCommand, ask: Ask, context: Context) -> StoredCommand:
    error = CODES["NO_ANSWER"](
        f"attempt {row.attempt} gave no answer; what the meter did is not known",
        attempt=row.attempt,
        not_after=row.not_after.isoformat() if row.not_after else "",
    )
    conclusion = Conclusion(ResultStatus.FAILED, error=error.to_record(COMPONENT))
    return conclude(row, ask, conclusion, context.now, context.composer)
