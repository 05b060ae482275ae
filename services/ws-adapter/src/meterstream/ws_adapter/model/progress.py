"""How far a command is: one row of the read model, and how messages move it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from meterstream.contracts.envelope import Advance, CommandHeader, CommandState
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.operation import Result


class CommandKey(NamedTuple):
    """Identity of a command."""

    organisation: str
    correlation_uid: str

    def digest(self) -> str:
        """Eight characters by which replicas tell each other that the row moved; collisions only cost a read."""
        raw = f"{self.organisation}\0{self.correlation_uid}".encode()
        return b64encode(blake2b(raw, digest_size=6).digest()).decode()


@dataclass(frozen=True, slots=True)
class Progress:
    """A command as the read model knows it.

    `state` is a `State` or, once `finished_at` is set, a `ResultStatus`. `result` is the encoded `<Operation>Result`,
    absent before the end and after the caller deleted it (`deleted`). `advance` is how far a long attempt is that runs.
    """

    key: CommandKey
    operation: str
    device_identification: str | None
    priority: int
    created_at: datetime
    expires_at: datetime
    state: str
    attempt: int
    changed_at: datetime
    due_at: datetime | None = None
    error: ErrorRecord | None = None
    finished_at: datetime | None = None
    result: bytes | None = None
    deleted: bool = False
    advance: Advance | None = None

    @property
    def final(self) -> bool:
        """Whether the outcome is there."""
        return self.finished_at is not None


def key_of(header: CommandHeader) -> CommandKey:
    """The identity that a header names."""
    return CommandKey(header.organisation, header.correlation_uid)


def from_state(message: CommandState) -> Progress:
    """The row after a state."""
    header = message.header
    return Progress(
        key=key_of(header),
        operation=message.operation,
        device_identification=header.device_identification,
        priority=header.priority,
        created_at=header.created_at,
        expires_at=header.expires_at,
        state=message.state.value,
        attempt=message.attempt,
        changed_at=message.changed_at,
        due_at=message.due_at,
        error=message.error,
        advance=message.advance,
    )


def from_result(message: Result, raw: bytes) -> Progress:
    """The row after the result, which `raw` holds as it was received."""
    header = message.header
    return Progress(
        key=key_of(header),
        operation=message.operation.name,
        device_identification=header.device_identification,
        priority=header.priority,
        created_at=header.created_at,
        expires_at=header.expires_at,
        state=message.status.value,
        attempt=message.attempt,
        changed_at=message.finished_at,
        error=message.error,
        finished_at=message.finished_at,
        result=raw,
    )


def supersedes(new: Progress, old: Progress) -> bool:
    """Whether `new` takes the row of `old`: a result is final, and states only move forward."""
    if old.final:
        return False
    return new.final or (new.attempt, new.changed_at) >= (old.attempt, old.changed_at)


def newest(rows: Iterable[Progress]) -> list[Progress]:
    """One row a command, in the order of their keys, as one statement writes them."""
    found: dict[CommandKey, Progress] = {}
    for row in rows:
        old = found.get(row.key)
        if old is None or supersedes(row, old):
            found[row.key] = row
    return [found[key] for key in sorted(found)]
