"""What arrives: a command or a cancellation, with the face it came by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterstream.contracts.envelope import CancelCommand, CommandHeader
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import Command, Operation, OperationRequest
from meterstream.domain.model.keys import GivenKey
from meterstream.domain.model.stored import Identity, Position


class Face(StrEnum):
    """Who vouches for the organisation that a command names."""

    PLATFORM = "platform"
    """ws-adapter, which has seen the organisation's certificate."""
    UPSTREAM = "upstream"
    """Anyone who may write `upstream-commands`; the organisation's policy decides."""
    OWN_TOPIC = "own-topic"
    """Kafka's access control on the organisation's own topic."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The message that carried a submission.

    Attributes:
        slug: of an organisation's own topic.
        reply_to: partition of `replies`; None where nobody waits.
        is_signed: whether the message carries a signature; it is checked against the organisation's key by `check`.
    """

    position: Position
    face: Face
    received_at: datetime
    key: bytes | None = None
    value: bytes = b""
    slug: str | None = None
    reply_to: int | None = None
    signature: bytes | None = None
    traceparent: bytes | None = None


GivenKeys = Mapping[int, tuple[GivenKey, ...] | PlatformError]
"""Keys opened, checked and sealed for the database, or why that failed: by the place of the action, 0 where alone."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked, whether it arrives now or falls due.

    Attributes:
        request: None where `problem` says which rule it breaks.
        given_keys: keys that came with the request, or with actions of a bundle by their place.
    """

    operation: Operation
    header: CommandHeader
    request: OperationRequest | None
    problem: PlatformError | None = None
    given_keys: GivenKeys = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """A command as submitted; `raw` is its message's value, `command` None where the request breaks a rule."""

    origin: Origin
    ask: Ask
    command: Command | None
    raw: bytes
    request_hash: bytes

    @property
    def header(self) -> CommandHeader:
        """Who asks, of which device, until when."""
        return self.ask.header

    @property
    def identity(self) -> Identity:
        """Names the command."""
        return Identity(self.header.organisation, self.header.correlation_uid)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A request to end a waiting command."""

    origin: Origin
    command: CancelCommand

    @property
    def identity(self) -> Identity:
        """Names the command that is to end."""
        return Identity(self.command.organisation, self.command.correlation_uid)


def request_hash(command: Command) -> bytes:
    """SHA-256 of what is asked: operation, device, due time and request; not of who sends it how often."""
    header = command.header
    digest = hashlib.sha256()
    for part in (
        command.operation.name,
        header.device_identification or "",
        header.schedule_time.isoformat() if header.schedule_time else "",
        command.request.model_dump_json(),
    ):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()
