"""Back-pressure: which partitions to pause and to resume, from what waits. Pure."""

from __future__ import annotations

from typing import Final

from meterstream.runtime.kafka.messages import Message, TopicPartition

LOW: Final = 0.5
"""Paused partitions go on when this share of the bound is left."""


class Flow:
    """Counts what was read and is not done, by partition and in all.

    One partition may hold `per_partition` messages, all of them together `octets` octets. A partition above its bound
    is paused alone, so that a flood in one lane does not hold the others.
    """

    def __init__(self, *, per_partition: int, octets: int) -> None:
        self._bound = per_partition
        self._octets_bound = octets
        self._counts: dict[TopicPartition, int] = {}
        self._full: set[TopicPartition] = set()
        self._held: dict[TopicPartition, set[str]] = {}
        self._heavy = False
        self.messages = 0
        self.octets = 0
        self.paused: set[TopicPartition] = set()

    def add(self, place: TopicPartition) -> None:
        """A partition has come; it comes paused."""
        self._counts[place] = 0
        self._held[place] = set()
        self.paused.add(place)

    def remove(self, place: TopicPartition, octets: int) -> None:
        """A partition has gone, with the octets it still held."""
        self.messages -= self._counts.pop(place, 0)
        self._lighten(octets)
        self._full.discard(place)
        self._held.pop(place, None)
        self.paused.discard(place)

    def hold(self, place: TopicPartition, reason: str, *, held: bool = True) -> None:
        """Hold a partition whatever its count, or no longer for this reason."""
        reasons = self._held.get(place)
        if reasons is None:
            return
        if held:
            reasons.add(reason)
        else:
            reasons.discard(reason)

    def take(self, message: Message, size: int) -> None:
        """A message was delivered."""
        place = message.place
        count = self._counts[place] = self._counts[place] + 1
        self.messages += 1
        self.octets += size
        if count >= self._bound:
            self._full.add(place)
        if self.octets >= self._octets_bound:
            self._heavy = True

    def give(self, place: TopicPartition, size: int) -> None:
        """A message is done."""
        count = self._counts[place] = self._counts[place] - 1
        self.messages -= 1
        self._lighten(size)
        if count <= self._bound * LOW:
            self._full.discard(place)

    def _lighten(self, octets: int) -> None:
        self.octets -= octets
        if self.octets <= self._octets_bound * LOW:
            self._heavy = False

    def changes(self) -> tuple[set[TopicPartition], set[TopicPartition]]:
        """What to pause and what to resume since the last call."""
        held = {place for place, reasons in self._held.items() if reasons}
        wanted = set(self._counts) if self._heavy else self._full | held
        pause, resume = wanted - self.paused, self.paused - wanted
        self.paused = wanted
        return pause, resume
