"""What travels: a message read, a message to send, where it landed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

HEADER_OCTETS: Final = 64
_TOPIC_AND_PARTITION: Final = itemgetter(0, 1)
HeaderList = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    """One partition of a topic; `topic` is the name without prefix."""

    topic: str
    partition: int


class Message(NamedTuple):
    """A message as it was read; a tombstone has no value.

    `topic` is the name without prefix, `timestamp_ms` is Unix time. A value that came in the wire format of a schema
    registry is given in single-object encoding, and in `framed` as it lay on the topic.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: HeaderList = ()
    timestamp_ms: int = 0
    framed: bytes | None = None

    @property
    def wire(self) -> bytes | None:
        """The value as it lay on the topic: what was signed, what a dead letter keeps."""
        return self.value if self.framed is None else self.framed

    def header(self, name: str) -> bytes | None:
        """The last header of that name, None where there is none."""
        return next((value for found, value in reversed(self.headers) if found == name), None)

    @property
    def place(self) -> TopicPartition:
        """Topic and partition."""
        return TopicPartition(self.topic, self.partition)

    @property
    def size(self) -> int:
        """Octets that it takes up, about: a header counts 64."""
        return len(self.key or b"") + len(self.value or b"") + HEADER_OCTETS * len(self.headers)

    def __repr__(self) -> str:  # content stays out of logs
        return f"Message({self.topic}/{self.partition}@{self.offset}, {len(self.value or b'')} bytes)"


class Outgoing(NamedTuple):
    """A message to send. Without `partition` the key decides it; without both they are taken in turn."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None

    def __repr__(self) -> str:  # content stays out of logs
        return f"Outgoing({self.topic}, {len(self.value or b'')} bytes)"


class Position(NamedTuple):
    """Where a sent message stands in the log."""

    topic: str
    partition: int
    offset: int


def runs(messages: Iterable[Message]) -> Iterator[tuple[TopicPartition, list[Message]]]:
    """Messages in stretches of the same partition, in their order."""
    for place, run in groupby(messages, _TOPIC_AND_PARTITION):
        yield TopicPartition(*place), list(run)
