"""What the engine tells its metrics; pass an object that has these methods."""

from __future__ import annotations

from typing import Protocol


class Hooks(Protocol):
    """Counters and gauges that operators watch. Called on the event loop; must not block or raise."""

    def lag(self, group: str, topic: str, partition: int, messages: int) -> None:
        """Messages between the committed offset and the end of the log; -1 when the partition has left."""

    def waiting(self, group: str, messages: int, octets: int) -> None:
        """Messages that were read and are not done."""

    def paused(self, group: str, partitions: int) -> None:
        """Partitions that back-pressure holds."""

    def assigned(self, group: str, partitions: int) -> None:
        """Partitions that this process owns."""

    def batch(self, group: str, messages: int, seconds: float) -> None:
        """A batch was handled, or a turn ended."""

    def held(self, group: str, partitions: int) -> None:
        """Partitions that wait because nobody here knows a message's schema yet."""

    def overtaken(self, group: str, topic: str, partition: int) -> None:
        """Retention took messages that were never handled; the partition stands still until an operator decides."""

    def outage(self, group: str, kind: str) -> None:
        """Broker or database made a batch wait; `kind` is the error's name."""

    def lost(self, group: str, partitions: int) -> None:
        """Partitions were lost, not handed over."""

    def dead_letter(self, group: str, topic: str, code: str) -> None:
        """A message went to the dead letters of its topic."""

    def unreadable(self, topic: str, partition: int, code: str) -> None:
        """A view met a record that it cannot read, and goes on without it."""

    def commit_failed(self, group: str, code: str) -> None:
        """The broker refused a commit; it is tried again."""


class NoHooks:
    """Tells nobody."""

    def lag(self, group: str, topic: str, partition: int, messages: int) -> None: ...
    def waiting(self, group: str, messages: int, octets: int) -> None: ...
    def paused(self, group: str, partitions: int) -> None: ...
    def assigned(self, group: str, partitions: int) -> None: ...
    def batch(self, group: str, messages: int, seconds: float) -> None: ...
    def held(self, group: str, partitions: int) -> None: ...
    def overtaken(self, group: str, topic: str, partition: int) -> None: ...
    def outage(self, group: str, kind: str) -> None: ...
    def lost(self, group: str, partitions: int) -> None: ...
    def dead_letter(self, group: str, topic: str, code: str) -> None: ...
    def unreadable(self, topic: str, partition: int, code: str) -> None: ...
    def commit_failed(self, group: str, code: str) -> None: ...
