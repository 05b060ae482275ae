"""Back-pressure: which partitions to pause and to resume, from what waits. Pure."""

from __future__ import annotations

from typing import Final

from meterstream.runtime.kafka.messages import TopicPartition

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
        self._dirty = False
        self.messages = 0
        self.octets = 0
        self.paused: set[TopicPartition] = set()

    def add(self, place: TopicPartition) -> None:
        """A partition has come; it comes paused."""
        self._counts[place] = 0
        self._held[place] = set()
        self.paused.add(place)
        self._dirty = True

    def remove(self, place: TopicPartition, octets: int) -> None:
        """A partition has gone, with the octets it still held."""
        self.messages -= self._counts.pop(place, 0)
        self._lighten(octets)
        self._full.discard(place)
        self._held.pop(place, None)
        self.paused.discard(place)
        self._dirty = True

    def hold(self, place: TopicPartition, reason: str, *, held: bool = True) -> None:
        """Hold a partition whatever its count, or no longer for this reason."""
        reasons = self._held.get(place)
        if reasons is None:
            return
        self._dirty = True
        if held:
            reasons.add(reason)
        else:
            reasons.discard(reason)

    def take(self, place: TopicPartition, octets: int, messages: int = 1) -> None:
        """Messages were delivered."""
        count = self._counts[place] = self._counts[place] + messages
        self.messages += messages
        self.octets += octets
        if count >= self._bound and place not in self._full:
            self._full.add(place)
            self._dirty = True
        if self.octets >= self._octets_bound and not self._heavy:
            self._heavy = self._dirty = True

    def give(self, place: TopicPartition, octets: int, messages: int = 1) -> None:
        """Messages are done."""
        count = self._counts[place] = self._counts[place] - messages
        self.messages -= messages
        self._lighten(octets)
        if place in self._full and count <= self._bound * LOW:
            self._full.discard(place)
            self._dirty = True

    def _lighten(self, octets: int) -> None:
        self.octets -= octets
        if self._heavy and self.octets <= self._octets_bound * LOW:
            self._heavy = False
            self._dirty = True

    def changes(self) -> tuple[set[TopicPartition], set[TopicPartition]]:
        """What to pause and what to resume since the last call."""
        if not self._dirty:
            return set(), set()
        self._dirty = False
        held = {place for place, reasons in self._held.items() if reasons}
        wanted = set(self._counts) if self._heavy else self._full | held
        pause, resume = wanted - self.paused, self.paused - wanted
        self.paused = wanted
        return pause, resume
