"""Invocation counters: which process may use which, told by the log of reservations alone.

A counter belongs to a series: device, id of the encryption key, client system title. With the key, a counter is the
nonce of AES-GCM, so no counter of a series may ever be used twice, whoever crashes, stops and wakes up, or takes over.

A reservation [previous_mark, new_mark) counts when no reservation before it in the log of its series reaches above
`previous_mark`. Everybody who reads that log comes to the same verdict, so a process uses a block only after it has
read its own reservation back and found that it counts.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from meterstream.contracts.records import CounterReservation
from meterstream.dlms.errors import CountersExhausted

FIRST_COUNTER: Final = 1
LAST_COUNTER: Final = 0xFFFF_FFFF
"""Invocation counters are unsigned 32-bit numbers (IEC 62056-5-3, 5.7)."""
WARN_ABOVE: Final = 2_000_000_000
"""Above this counter operators replace the encryption key, which starts a new series."""
WARN_STEP: Final = 100_000_000
"""They are told again after so many more."""


class Series(NamedTuple):
    """One series of invocation counters."""

    gateway: str
    key_id: str
    client_title: bytes

    @property
    def record_key(self) -> str:
        """The key of its reservations on `device-sessions`."""
        return f"{self.gateway}|counter|{self.key_id}|{self.client_title.hex()}"

    @classmethod
    def of(cls, reservation: CounterReservation) -> Series:
        return cls(reservation.gateway, reservation.key_id, reservation.client_title)


def counts(reservation: CounterReservation, mark: int) -> bool:
    """Whether a reservation takes effect after those before it reached up to `mark` (0: there are none)."""
    return mark <= reservation.previous_mark < reservation.new_mark


def next_mark(reservation: CounterReservation, mark: int) -> int:
    """Up to where the series is reserved once `reservation` is read, whether it took effect or not."""
    return max(mark, reservation.new_mark)


def lags(reservation: CounterReservation, mark: int) -> bool:
    """Whether a late reservation, now the newest of its key, tells of less than is reserved.

    Compaction would keep it and forget the ones above it, so somebody has to write a higher one in time.
    """
    return reservation.new_mark < mark


def passed(before: int, after: int) -> int | None:
    """The highest step at which operators are told that is passed from one mark to the next; None: there is none."""
    step = after - after % WARN_STEP
    return step if before < step and step >= WARN_ABOVE else None


def plan(series: Series, mark: int, floor: int, block: int, owner: str) -> CounterReservation:
    """The next block of a series.

    Args:
        mark: up to where it is reserved, 0 when there is no reservation.
        floor: no counter below; what the meter says that it has accepted plus one block, 0 when it was not asked.
        block: how many counters.
    Raises: CountersExhausted.
    """
    start = max(mark, floor, FIRST_COUNTER)
    end = min(start + block, LAST_COUNTER + 1)
    if start >= end:
        raise CountersExhausted(f"the invocation counters of key {series.key_id} are used up; replace the key")
    return CounterReservation(
        gateway=series.gateway,
        key_id=series.key_id,
        client_title=series.client_title,
        owner=owner,
        previous_mark=start,
        new_mark=end,
    )


class Blocks:
    """The counters of one series that this process may use, in rising order, each once.

    Whatever is added, a counter that was given or passed over never comes again.
    """

    __slots__ = ("_end", "_next", "_spare")

    def __init__(self) -> None:
        self._next = 0
        self._end = 0
        self._spare: tuple[tuple[int, int], ...] = ()

    def add(self, start: int, end: int) -> None:
        """Take over a block whose reservation counts; what lies below the counters at hand is given up."""
        start = max(start, self._spare[-1][1] if self._spare else self._end)
        if start < end:
            self._spare = (*self._spare, (start, end))
        if self._next >= self._end:
            self._advance()

    def take(self) -> int:
        """The next counter.

        Raises: CountersExhausted when none is at hand.
        """
        if self._next >= self._end:
            raise CountersExhausted("no invocation counter at hand")
        counter = self._next
        self._next += 1
        if self._next == self._end:
            self._advance()
        return counter

    def skip_to(self, floor: int) -> None:
        """Give up every counter below `floor`."""
        self._next = max(self._next, floor)
        if self._next >= self._end:
            self._advance()

    @property
    def available(self) -> int:
        """How many counters are at hand."""
        current = max(0, self._end - self._next)
        if not self._spare:
            return current
        return current + sum(max(0, end - max(start, self._next)) for start, end in self._spare)

    @property
    def next_counter(self) -> int | None:
        """What `take` would give; None when there is none at hand."""
        return self._next if self._next < self._end else None

    def _advance(self) -> None:
        while self._spare and self._next >= self._end:
            (start, end), *rest = self._spare
            self._next, self._end = max(start, self._next), max(end, self._end)
            self._spare = tuple(rest)
