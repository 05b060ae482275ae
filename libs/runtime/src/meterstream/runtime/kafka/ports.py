"""The line between the engine, which decides, and the group membership, which talks to the broker or to memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from meterstream.runtime.kafka.messages import Message, TopicPartition
from meterstream.runtime.kafka.offsets import Commit


class Origin(NamedTuple):
    """Where a partition is read from when it is assigned: the committed offset, else the log's beginning."""

    offset: int
    metadata: str


class Outcome(Enum):
    """What a commit came to."""

    DONE = "done"
    """The broker took it; so it counts us as a member."""
    AGAIN = "again"
    """The broker is away or in the middle of something; try again later."""
    FENCED = "fenced"
    """We are no member any more, or of an older generation."""


class Sink(Protocol):
    """What a membership tells the engine, always on the event loop and in the order in which it happened."""

    def assigned(self, origins: Mapping[TopicPartition, Origin], asked: float) -> None:
        """Partitions have come; nothing of them is delivered before they are resumed.

        `asked` is the moment (`lease.boot_time`) after which the broker confirmed that they are ours.
        """

    def delivered(self, messages: list[Message]) -> None:
        """Messages were read, in offset order within each partition."""

    async def revoking(self, places: frozenset[TopicPartition]) -> None:
        """Partitions are to go: finish what runs on them. The membership gives them up when this returns."""

    def lost(self, places: frozenset[TopicPartition] | None, reason: str) -> None:
        """Partitions are gone already (None: all of them)."""

    def overtaken(self, place: TopicPartition) -> None:
        """The log no longer has the offset; the partition stands still."""

    def trouble(self, reason: str) -> None:
        """The broker refuses something that an operator must mend: a topic, a right, a password."""


class Membership(Protocol):
    """A place in a consumer group. New partitions are paused until resumed."""

    async def start(self, sink: Sink) -> None:
        """Join; a broker that is away is waited for."""

    async def stop(self) -> None:
        """Give all partitions up and leave. What was to be drained has been drained before."""

    async def rejoin(self) -> None:
        """Leave and join as somebody new: all that was held counts as lost."""

    def pause(self, places: Iterable[TopicPartition]) -> None:
        """Deliver nothing of these partitions for now; what is on its way may still come."""

    def resume(self, places: Iterable[TopicPartition]) -> None:
        """Go on with these partitions after the last message that was delivered."""

    async def commit(self, commits: Mapping[TopicPartition, Commit]) -> Outcome:
        """Commit offsets, at most one call at a time; without any, ask the broker for a sign of life."""

    async def end_offsets(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Ends of the logs as far as they are known here without asking."""
