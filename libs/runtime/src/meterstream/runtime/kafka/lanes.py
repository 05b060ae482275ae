"""Which key goes next: by priority and age within a lane, by weight over the lanes. Pure.

A key (a meter) has one turn at a time. Whoever has it takes all that waits for the key, from every lane. Lanes share
the turns by weight (stride scheduling), so that none of them starves; permits bound how many keys of one kind (a base
station, a cell) have a turn at the same time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from meterstream.runtime.kafka.engine import Owned
from meterstream.runtime.kafka.messages import Message

UNLIMITED: Final = 1 << 30

KeyId = tuple[int, Hashable]
"""Partition number and key: a key that strays to another partition is another key."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the executor must know of a message: whose it is, how urgent (9 first), which permit its turn needs."""

    key: Hashable
    priority: int
    permit_key: str | None = None


@dataclass(eq=False, slots=True)
class Entry:
    """A message that waits or is being worked on."""

    message: Message
    owned: Owned
    described: Described
    sequence: int
    suspect: bool = False
    rank: tuple[int, int] = field(init=False)
    """Lower goes first."""

    def __post_init__(self) -> None:
        self.rank = (-self.described.priority, self.sequence)

    @property
    def key_id(self) -> KeyId:
        """Which turn may take it."""
        return self.message.partition, self.described.key

    def __lt__(self, other: Entry) -> bool:
        return self.rank < other.rank


class _State(Enum):
    IDLE = 0
    RUNNING = 1
    PARKED = 2  # waits for a permit


@dataclass(eq=False, slots=True)
class _Key:
    id: KeyId
    heaps: dict[str, list[Entry]] = field(default_factory=dict)
    state: _State = _State.IDLE
    permit: str | None = None


@dataclass(eq=False, slots=True)
class _Lane:
    topic: str
    weight: float
    spent: float = 0.0
    ready: list[tuple[tuple[int, int], int, _Key]] = field(default_factory=list)


class Lanes:
    """What waits, and who is next."""

    def __init__(self, weights: Mapping[str, float], permits: Callable[[str], int] | None = None) -> None:
        if not weights or min(weights.values()) <= 0:
            raise ValueError("every lane needs a weight above zero")
        self._lanes = {topic: _Lane(topic, weight) for topic, weight in weights.items()}
        self._limit = permits or (lambda _: UNLIMITED)
        self._keys: dict[KeyId, _Key] = {}
        self._permits: dict[str, int] = {}
        self._parked: dict[str, list[_Key]] = {}
        self._clock = 0.0
        self._offers = 0

    def __len__(self) -> int:
        return sum(len(heap) for key in self._keys.values() for heap in key.heaps.values())

    def add(self, entry: Entry) -> None:
        """A message waits, or waits again."""
        key_id = entry.key_id
        key = self._keys.get(key_id)
        if key is None:
            key = self._keys[key_id] = _Key(key_id)
        topic = entry.message.topic
        heap = key.heaps.get(topic)
        if heap is None:
            heap = key.heaps[topic] = []
        heapq.heappush(heap, entry)
        if key.state is _State.IDLE and heap[0] is entry:
            self._offer(key, topic)

    def next(self) -> KeyId | None:
        """Give a key its turn; None when nobody may have one now."""
        while True:
            lane = self._next_lane()
            if lane is None:
                return None
            rank, _, key = heapq.heappop(lane.ready)
            heap = key.heaps.get(lane.topic)
            if key.state is not _State.IDLE or not heap or heap[0].rank != rank:
                continue  # an older offer
            if self._admit(key, heap[0].described.permit_key):
                key.state = _State.RUNNING
                return key.id

    def take(self, key_id: KeyId, *, suspect: bool = True) -> Entry | None:
        """The next message for the turn of a key; a suspect one only if it may be."""
        heaps = self._keys[key_id].heaps
        if not heaps:
            return None
        heap = next(iter(heaps.values())) if len(heaps) == 1 else min(heaps.values(), key=lambda heap: heap[0].rank)
        if heap[0].suspect and not suspect:
            return None
        entry = heapq.heappop(heap)
        topic = entry.message.topic
        if not heap:
            del heaps[topic]
        lane = self._lanes[topic]
        lane.spent = max(lane.spent, self._clock) + 1 / lane.weight
        return entry

    def release(self, key_id: KeyId) -> None:
        """The turn of a key has ended."""
        key = self._keys[key_id]
        key.state = _State.IDLE
        permit, key.permit = key.permit, None
        if key.heaps:
            for topic in key.heaps:
                self._offer(key, topic)
        else:
            del self._keys[key_id]
        if permit is not None:
            self._return(permit)

    def drop(self, gone: Callable[[Entry], bool]) -> None:
        """Forget what waits of partitions that leave."""
        for key in list(self._keys.values()):
            for topic, heap in list(key.heaps.items()):
                kept = [entry for entry in heap if not gone(entry)]
                if len(kept) == len(heap):
                    continue
                heapq.heapify(kept)
                if kept:
                    key.heaps[topic] = kept
                    if key.state is _State.IDLE:
                        self._offer(key, topic)
                else:
                    del key.heaps[topic]
            if not key.heaps and key.state is _State.IDLE:
                del self._keys[key.id]

    # Lanes

    def _offer(self, key: _Key, topic: str) -> None:
        lane = self._lanes[topic]
        if not lane.ready:
            lane.spent = max(lane.spent, self._clock)  # idle lanes save nothing up
        self._offers += 1
        heapq.heappush(lane.ready, (key.heaps[topic][0].rank, self._offers, key))

    def _next_lane(self) -> _Lane | None:
        lane = None
        for one in self._lanes.values():
            if one.ready and (lane is None or one.spent < lane.spent):
                lane = one
        if lane is not None:
            self._clock = max(self._clock, lane.spent)
        return lane

    # Permits

    def _admit(self, key: _Key, permit: str | None) -> bool:
        if permit is None:
            return True
        used = self._permits.get(permit, 0)
        if used >= self._limit(permit):
            key.state = _State.PARKED
            self._parked.setdefault(permit, []).append(key)
            return False
        self._permits[permit] = used + 1
        key.permit = permit
        return True

    def _return(self, permit: str) -> None:
        self._permits[permit] -= 1
        if not self._permits[permit]:
            del self._permits[permit]
        for key in self._parked.pop(permit, []):
            key.state = _State.IDLE
            for topic in key.heaps:
                self._offer(key, topic)
            if not key.heaps:
                del self._keys[key.id]
