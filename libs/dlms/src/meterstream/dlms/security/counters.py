"""Invocation counters: own ones that never repeat, and the highest received under each kind of key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from meterstream.dlms.errors import ConfigurationError, CountersExhausted, ReplayError
from meterstream.dlms.security.suite0 import MAX_COUNTER

DEFAULT_BLOCK: Final = 256


class CounterKind(Enum):
    """What a received number counts under.

    UNICAST, BROADCAST: the global keys. TRANSACTION: transaction ids as numbers, for APDUs that bring a key of their
    own or are only signed. Dedicated keys live for one association and are counted there.
    """

    UNICAST = "global unicast key"
    BROADCAST = "global broadcast key"
    TRANSACTION = "transaction id"


class ReceivedCounters(Protocol):
    """The highest numbers accepted from the other side."""

    def check(self, kind: CounterKind, number: int) -> None:
        """Before an APDU is opened. Raises: ReplayError when its number does not rise."""

    def accept(self, kind: CounterKind, number: int) -> None:
        """After an APDU was opened."""


class CounterStore(Protocol):
    """Where the own counter outlives the process."""

    def reserve(self, mark: int) -> None:
        """Keeps that all counters below `mark` may have been used; must be durable before it returns."""


@dataclass(slots=True)
class ReservedCounters:
    """Own counters in blocks: a block is reserved in the store before its first counter is used.

    After a restart, however it came, start at the mark that the store kept: what was left of a block is skipped, so
    nothing is ever used twice.

    Args:
        next_counter: first counter to use.
        block: counters reserved at a time.
    Raises: ConfigurationError.
    """

    store: CounterStore
    next_counter: int = 0
    block: int = DEFAULT_BLOCK
    _mark: int = -1

    def __post_init__(self) -> None:
        if self.block < 1 or not 0 <= self.next_counter <= MAX_COUNTER + 1:
            raise ConfigurationError("counters: a block has at least one, the next is 0..2^32")
        self._mark = self.next_counter

    def __call__(self) -> int:
        """The next counter. Raises: CountersExhausted; whatever the store raises, and then nothing was used."""
        counter = self.next_counter
        if counter > MAX_COUNTER:
            raise CountersExhausted("no invocation counter left under this key")
        if counter >= self._mark:
            mark = min(counter + self.block, MAX_COUNTER + 1)
            self.store.reserve(mark)
            self._mark = mark
        self.next_counter = counter + 1
        return counter


class RisingCounter:
    """One received counter that has to rise; `last` is -1 before the first."""

    __slots__ = ("last",)

    def __init__(self, last: int = -1) -> None:
        self.last = last

    def check(self, number: int) -> None:
        """Raises: ReplayError."""
        if number <= self.last:
            raise ReplayError(f"counter {number} is not above {self.last}")

    def accept(self, number: int) -> None:
        self.last = max(self.last, number)
