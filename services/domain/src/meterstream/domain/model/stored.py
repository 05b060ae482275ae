"""A command as the registry of commands keeps it, and the moves it can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.records import FirmwareImage, MbusDevice
from meterstream.domain.model.registry import Device

LANE_RETENTION: Final = timedelta(days=5)
"""A request is worth starting for so long at most: two days below the retention of the lanes."""

KEEP: Final = timedelta(days=8)
"""A row outlives topic retention (7 d) and any schedule by a day."""

STALE_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a message lies; `topic` is without prefix."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """From "topic/partition/offset"."""
        topic, partition, offset = text.rsplit("/", 2)
        return cls(topic, int(partition), int(offset))


class Stage(StrEnum):
    """What a stored command waits for: its answer, its time, its next attempt, nothing."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    WAITING = "waiting_for_retry"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a command the same command."""

    organisation: str
    correlation_uid: str


class Attachments(Record):
    """What an attempt's header tells beside identity and limits; kept, so that the same row gives the same header.

    `step` of a new key is the place of its action among all of a bundle, in the header that among those of the attempt.
    """

    mbus_devices: list[MbusDevice] = Field(default_factory=list)
    images: list[FirmwareImage] = Field(default_factory=list)
    new_keys: list[NewKey] = Field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.mbus_devices or self.images or self.new_keys)


NOTHING: Final = Attachments()


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """One command.

    Attributes:
        command: the encoded `<Operation>Command` as it was submitted; of synchronous operations nothing is kept.
        request_hash: SHA-256 of what was asked (see `submissions.request_hash`).
        source: the submission that made the row.
        moved_by: the message that last moved it; None after a timer did.
        changed_at: when it last moved; every time in a message that follows from the row is this one.
        due_at: when a scheduled or retried command is to run.
        timer_at: when the scheduler must look at it: due, silent for too long, or old enough to be forgotten.
        answer: the last attempt's `<Operation>DlmsResponse`; for a bundle merged with those before it.
        result: the encoded result where domain decided it, or had a say in it.
        attachments: what goes along with the current attempt.
    """

    organisation: str
    correlation_uid: str
    operation: str
    device_identification: str | None
    request_hash: bytes
    command: bytes
    source: Position
    moved_by: Position | None
    stage: Stage
    attempt: int
    changed_at: datetime
    expires_at: datetime
    timer_at: datetime
    due_at: datetime | None = None
    gateway: str | None = None
    channel: int | None = None
    mbus_identity: str | None = None
    record_revision: int = 0
    not_after: datetime | None = None
    status: ResultStatus | None = None
    answer: bytes | None = None
    result: bytes | None = None
    attachments: Attachments = NOTHING

    @property
    def identity(self) -> Identity:
        """Names the row."""
        return Identity(self.organisation, self.correlation_uid)

    def queued(
        self, device: Device, now: datetime, longest_run: timedelta, attachments: Attachments = NOTHING
    ) -> StoredCommand:
        """The next attempt goes to the lane of the device's gateway.

        Raises: ValueError for a device without gateway; the checks before never let one through.
        """
        if device.gateway is None:
            raise ValueError("no gateway")
        not_after = min(self.expires_at, now + LANE_RETENTION)
        return replace(
            self,
            stage=Stage.QUEUED,
            attempt=self.attempt + 1,
            changed_at=now,
            due_at=None,
            timer_at=not_after + longest_run,
            gateway=device.gateway.identification,
            channel=device.channel,
            mbus_identity=device.mbus_identity,
            record_revision=device.gateway.revision,
            not_after=not_after,
            attachments=attachments,
        )

    def scheduled(self, at: datetime, now: datetime) -> StoredCommand:
        """It waits for its time."""
        return replace(self, stage=Stage.SCHEDULED, changed_at=now, due_at=at, timer_at=at)

    def going_on(self, at: datetime, moment: datetime, by: Position) -> StoredCommand:
        """An attempt did what could be done; the next one has its time."""
        return replace(self.scheduled(at, moment), moved_by=by)

    def waiting(self, at: datetime, moment: datetime, by: Position, answer: bytes) -> StoredCommand:
        """It waits for another attempt at `at`; `answer` is what came of those before."""
        return replace(self, stage=Stage.WAITING, changed_at=moment, due_at=at, timer_at=at, moved_by=by, answer=answer)

    def postponed(self, until: datetime) -> StoredCommand:
        """Nothing changes but when the scheduler looks again."""
        return replace(self, timer_at=until)

    def final(
        self, status: ResultStatus, moment: datetime, by: Position | None, result: bytes | None = None
    ) -> StoredCommand:
        """It has its result; `result` where domain had a say in it, else the answer's message holds it."""
        return replace(
            self,
            stage=Stage.FINAL,
            status=status,
            changed_at=moment,
            due_at=None,
            timer_at=max(moment, self.expires_at) + KEEP,
            moved_by=by,
            result=result,
        )
