"""From what a face was asked to the message that domain gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from meterstream.contracts.envelope import DEFAULT_PRIORITY, CancelCommand, CommandHeader
from meterstream.contracts.operation import Command, Kind, Operation, OperationRequest
from meterstream.ws_adapter.model.failures import from_validation, missing

LIFETIME: Final = timedelta(hours=24)
"""How long after it is due a command is worth doing unless the caller says otherwise."""

URGENT_PRIORITY: Final = 7
COMMANDS: Final = "commands"
URGENT_COMMANDS: Final = "commands-urgent"


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a face speaks. `user` and `application` are recorded, not checked."""

    organisation: str
    user: str
    application: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may say about a command beside its request; None takes the default."""

    correlation_uid: str | None = None
    priority: int | None = None
    schedule_time: datetime | None = None
    expires_at: datetime | None = None
    bypass_retry: bool = False
    response_url: str | None = None


class Destination(NamedTuple):
    """Topic (without prefix) and key of a command."""

    topic: str
    key: bytes


def names_device(operation: Operation) -> bool:
    """Whether a request of this operation is for one device."""
    return operation.needs_known_device if operation.soap is None else operation.soap.device is not None


def make_correlation_uid(organisation: str, device: str | None, now: datetime, random: UUID) -> str:
    """`organisation|||device|||yyyyMMddHHmmssSSS|||uuid`, opaque to callers; ASCII only."""
    moment = now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03}"
    return f"{organisation}|||{device or ''}|||{moment}|||{random}".encode("ascii", "replace").decode()


def build_command(
    operation: Operation,
    request: OperationRequest,
    caller: Caller,
    *,
    device: str | None,
    options: Options,
    now: datetime,
    random: UUID,
    reply_partition: int,
) -> Command:
    """The command that goes to domain.

    Raises: VALIDATION_ERROR naming a field of the header that breaks its rule.
    """
    if names_device(operation) and device is None:
        raise missing("device_identification")
    due = max(options.schedule_time or now, request.busy_until() or now, now)
    # What is over already is over now: domain takes what was over a day ago for a message of another time.
    expires_at = due + LIFETIME if options.expires_at is None else max(options.expires_at, now)
    try:
        header = CommandHeader(
            correlation_uid=options.correlation_uid or make_correlation_uid(caller.organisation, device, now, random),
            submission_id=str(random),
            reply_partition=reply_partition,
            device_identification=device,
            organisation=caller.organisation,
            user=caller.user,
            application=caller.application,
            created_at=now,
            priority=DEFAULT_PRIORITY if options.priority is None else options.priority,
            schedule_time=options.schedule_time if options.schedule_time and options.schedule_time > now else None,
            expires_at=expires_at,
            bypass_retry=options.bypass_retry,
            response_url=options.response_url,
        )
    except ValidationError as error:
        raise from_validation(error) from None
    return operation.command(header=header, request=request)


def build_cancel(
    caller: Caller, correlation_uid: str, *, now: datetime, random: UUID, reply_partition: int
) -> CancelCommand:
    """The message that ends a waiting command.

    Raises: VALIDATION_ERROR where the uid is none.
    """
    try:
        return CancelCommand(
            submission_id=str(random),
            reply_partition=reply_partition,
            organisation=caller.organisation,
            correlation_uid=correlation_uid,
            user=caller.user,
            requested_at=now,
        )
    except ValidationError as error:
        raise from_validation(error) from None


def destination_of(command: Command) -> Destination:
    """Urgent commands and those that a caller waits for have a topic of their own, so that no flood delays them."""
    header = command.header
    urgent = header.priority >= URGENT_PRIORITY or command.operation.kind is Kind.SYNCHRONOUS
    key = header.device_identification or header.organisation
    return Destination(URGENT_COMMANDS if urgent else COMMANDS, key.encode())


def destination_of_cancel(cancel: CancelCommand, device: str | None) -> Destination:
    """A cancellation must not queue behind what it cancels."""
    return Destination(URGENT_COMMANDS, (device or cancel.organisation).encode())
