"""Headers that travel with every command, attempt and outcome, and the records that belong to no operation."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import CorrelationUid, DeviceIdentification, Moment, OrganisationIdentification, Record
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.key_transfers import KeyFact, NewKey
from meterstream.contracts.records import FirmwareImage, MbusDevice

Priority = Annotated[int, Field(ge=0, le=9)]
DEFAULT_PRIORITY = 4


class CommandHeader(Record):
    """Who asks what of which device, and until when it is worth doing.

    A command is identified by (`organisation`, `correlation_uid`); every produced message has a `submission_id` of
    its own, which a `Reply` names. `expires_at` is always set: 24 h after it is due unless the caller says otherwise.
    """

    correlation_uid: CorrelationUid
    submission_id: Annotated[str, Field(min_length=1, max_length=64)]
    reply_partition: Annotated[int, Field(ge=0)] | None = None
    device_identification: DeviceIdentification | None = None
    organisation: OrganisationIdentification
    user: Annotated[str, Field(max_length=320)]
    application: Annotated[str, Field(max_length=40)]
    created_at: Moment
    priority: Priority = DEFAULT_PRIORITY
    schedule_time: Moment | None = None
    expires_at: Moment
    bypass_retry: bool = False
    response_url: Annotated[str, Field(max_length=2000, pattern=r"^https?://.+")] | None = None


class ResultStatus(StrEnum):
    """How a command ended."""

    OK = "ok"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What domain says at once about a submission."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    REJECTED = "rejected"
    COMPLETED = "completed"


class Reply(Record):
    """The verdict on one submission, or the result of a synchronous operation; topic `replies`.

    `result` is the encoded `<Operation>Result` (Avro single-object encoding) when the command is final.
    """

    submission_id: str
    organisation: str
    correlation_uid: str
    operation: str
    verdict: Verdict
    error: ErrorRecord | None = None
    result: bytes | None = None


class State(StrEnum):
    """States of a command before its result."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING_FOR_RETRY = "waiting_for_retry"


class Advance(Record):
    """How far a long piece of work is: `done` of `total` octets.

    `per_second` is the mean since the attempt began, `seconds_left` what that comes to; absent where nothing was done.
    `action` is the place, from 0, of the action of a bundle whose work it is.
    """

    done: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=1)]
    percent: Annotated[int, Field(ge=0, le=100)]
    per_second: Annotated[int, Field(ge=0)] | None = None
    seconds_left: Annotated[int, Field(ge=0)] | None = None
    action: Annotated[int, Field(ge=0)] | None = None


class Progress(Record):
    """The current attempt of a long operation goes on; topic `dlms-responses`. Observed at `observed_at`."""

    organisation: str
    correlation_uid: str
    attempt: int
    device_identification: str
    gateway: str
    observed_at: Moment
    advance: Advance


class CommandState(Record):
    """A command moved; topic `command-states`.

    `error` is why it waits for another attempt, `due_at` until when. `advance` tells of one that runs how far it is.
    """

    header: CommandHeader
    operation: str
    state: State
    attempt: int
    changed_at: Moment
    due_at: Moment | None = None
    error: ErrorRecord | None = None
    advance: Advance | None = None


class CancelCommand(Record):
    """Ends a command that waits (scheduled or for a retry); topics `commands`, `commands-urgent`.

    Answered by a `Reply` to `submission_id`: verdict completed with the cancelled result, or rejected `TOO_LATE`.
    """

    submission_id: str
    reply_partition: int | None = None
    organisation: OrganisationIdentification
    correlation_uid: CorrelationUid
    user: str
    requested_at: Moment


class DlmsRequestHeader(Record):
    """Identity and limits of one attempt.

    (`organisation`, `correlation_uid`, `attempt`) identifies it. `record_revision` is the revision of the gateway's
    `DeviceRecord` below which the attempt must not start. Nothing starts after `not_after`. `mbus_devices` and
    `images` are those that the request names, or that it is for; `new_keys` those that it hands over.
    """

    organisation: str
    correlation_uid: str
    attempt: Annotated[int, Field(ge=1)]
    device_identification: str
    gateway: str
    channel: int | None = None
    mbus_identity: str | None = None
    record_revision: int
    priority: Priority
    published_at: Moment
    not_after: Moment
    mbus_devices: list[MbusDevice] = Field(default_factory=list)
    images: list[FirmwareImage] = Field(default_factory=list)
    new_keys: list[NewKey] = Field(default_factory=list)


class DlmsResponseHeader(Record):
    """Identity of the attempt and the facts that it brought to light, observed at `observed_at`.

    `retryable` is decided by error and operation. `proven_keys` are the key ids with which the attempt's last
    association stood, `key_facts` tell what became of keys that were to be handed over. `meter_ms` is the time spent
    waiting for the meter.
    """

    organisation: str
    correlation_uid: str
    attempt: int
    device_identification: str
    gateway: str
    observed_at: Moment
    retryable: bool = False
    meter_ms: int = 0
    proven_keys: list[str] = Field(default_factory=list)
    system_title: bytes | None = None
    key_facts: list[KeyFact] = Field(default_factory=list)
