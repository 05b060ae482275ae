"""Who is connected: one line per meter at a time, others wait or are refused; lines cut, meters that are down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.stats import Stats

_MAX_HELD: Final = 8


class Line(Protocol):
    """One connection, as its host sees it."""

    @property
    def number(self) -> int | None:
        """The meter it is for, once a frame has told."""

    @property
    def last_used(self) -> float:
        """When the client was last heard, in seconds of the event loop's clock."""

    def start(self, meter: SimulatedMeter) -> None:
        """Serve: the meter is free."""

    def hold(self) -> None:
        """Stop listening until `start`."""

    def abort(self) -> None:
        """Drop the line; `Lines.closed` follows."""


class Lines:
    """The lines of a fleet.

    Attributes:
        at_most: lines open at once; more are refused.
        when_empty: called each time the last one has gone.

    Args:
        call_later: runs a callback after so many seconds.
        meter: gives the meter of a number.
    """

    def __init__(
        self,
        settings: FleetSettings,
        stats: Stats,
        call_later: Callable[[float, Callable[[], None]], object],
        meter: Callable[[int], SimulatedMeter],
    ) -> None:
        self.at_most = settings.max_connections
        self.when_empty: Callable[[], None] | None = None
        self._settings = settings
        self._stats = stats
        self._call_later = call_later
        self._meter = meter
        self._open: set[Line] = set()
        self._occupied: dict[int, Line | None] = {}
        self._held: dict[int, deque[Line]] = {}
        self._down: dict[int, object] = {}

    def __len__(self) -> int:
        return len(self._open)

    def is_connected(self, number: int) -> bool:
        """Tell whether a meter has a line now."""
        return self._occupied.get(number) is not None

    def is_down(self, number: int) -> bool:
        """Tell whether a meter is down."""
        return number in self._down

    def opened(self, line: Line) -> bool:
        """Take note of a line; false: there are too many, it must go."""
        self._open.add(line)
        self._stats.connections += 1
        self._stats.open_connections += 1
        if len(self._open) <= self.at_most:
            return True
        self._stats.refused_connections += 1
        return False

    def claim(self, number: int, line: Line) -> None:
        """Give a line its meter, now or when the meter is free."""
        if number in self._down:
            self._wait(number, line)
            return
        if number not in self._occupied:
            self._occupied[number] = line
            line.start(self._meter(number))
            return
        self._stats.overlapping_connections += 1
        wait = self._settings.second_connection_wait_ms / 1000
        if wait and self._wait(number, line):
            self._call_later(wait, partial(self._refuse, number, line))
        elif not wait:
            self._refuse_now(line)

    def closed(self, line: Line) -> None:
        """Take note of the end of a line and free its meter."""
        self._open.discard(line)
        self._stats.open_connections -= 1
        number = line.number
        if number is not None:
            self._leave(number, line)
        if not self._open and self.when_empty is not None:
            self.when_empty()

    def _leave(self, number: int, line: Line) -> None:
        if self._occupied.get(number) is not line:
            self._forget_held(number, line)
        elif self._settings.free_after_ms:
            self._occupied[number] = None
            self._call_later(self._settings.free_after_ms / 1000, partial(self._free, number))
        else:
            self._free(number)

    def cut(self, number: int) -> int:
        """Drop the line of a meter and those that wait for it; tells how many."""
        line = self._occupied.get(number)
        lines = [*([] if line is None else [line]), *self._held.pop(number, ())]
        for each in lines:
            each.abort()
        return len(lines)

    def take_down(self, number: int, seconds: float, then: Callable[[], None] | None = None) -> int:
        """Cut the lines of a meter and leave those that come within `seconds` without an answer, dropped at the end.

        A meter that is down already stays so until the first of both ends. `then` is called when it is up again.
        """
        dropped = self.cut(number)
        if number not in self._down:
            self._down[number] = self._call_later(seconds, partial(self._wake, number, then))
        return dropped

    def abort_all(self) -> None:
        """Drop all lines."""
        for line in list(self._open):
            line.abort()

    def close_unused(self, since: float) -> None:
        """Drop the lines whose client was last heard before a moment of the event loop's clock."""
        for line in [each for each in self._open if each.last_used < since]:
            self._stats.idle_connections += 1
            line.abort()

    def _wait(self, number: int, line: Line) -> bool:
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = deque()
        if len(held) >= _MAX_HELD:
            self._refuse_now(line)
            return False
        line.hold()
        held.append(line)
        return True

    def _wake(self, number: int, then: Callable[[], None] | None) -> None:
        del self._down[number]
        for line in self._held.pop(number, ()):
            line.abort()
        if then is not None:
            then()

    def _free(self, number: int) -> None:
        self._occupied.pop(number, None)
        if number in self._down:
            return
        held = self._held.get(number)
        if not held:
            self._held.pop(number, None)
            return
        line = held.popleft()
        if not held:
            del self._held[number]
        self._occupied[number] = line
        line.start(self._meter(number))

    def _forget_held(self, number: int, line: Line) -> bool:
        held = self._held.get(number)
        if held is None or line not in held:
            return False
        held.remove(line)
        if not held:
            del self._held[number]
        return True

    def _refuse(self, number: int, line: Line) -> None:
        """Drop a line that has waited long enough; nothing when it was served or gave up meanwhile."""
        if self._forget_held(number, line):
            self._refuse_now(line)

    def _refuse_now(self, line: Line) -> None:
        self._stats.refused_connections += 1
        line.abort()
