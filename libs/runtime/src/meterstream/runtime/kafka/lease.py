"""Whether this process may still act for its partitions. Pure: the clock is an argument.

A process that was stopped, or cut off from the broker, does not know that its partitions have moved. Two signs tell it:
its own heart skipped beats, or no commit was acknowledged for long. Either must not exceed half the session time-out,
after which the broker may have given the partitions to somebody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Lost(Exception):
    """The partition may belong to somebody else by now: send nothing more, close the socket."""


def boot_time() -> float:
    """Seconds that never jump back and also count while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Valid while heartbeats and the broker's acknowledgements come often enough.

    `contact` is the moment of the request that the broker answered with the partitions.
    """

    def __init__(self, session_timeout_s: float, contact: float, clock: Callable[[], float] = boot_time) -> None:
        self._clock = clock
        self._limit = session_timeout_s / 2
        self._beat = clock()
        self._contact = contact
        self._reason: str | None = None

    @property
    def since_contact(self) -> float:
        """Seconds since the request that the broker answered last."""
        return self._clock() - self._contact

    @property
    def reason(self) -> str | None:
        """Why the lease has ended, None while it is valid."""
        if self._reason is None:
            now = self._clock()
            if now - self._beat > self._limit:
                self._reason = f"the process stood still for {now - self._beat:.1f} s"
            elif now - self._contact > self._limit:
                self._reason = f"no contact to the broker for {now - self._contact:.1f} s"
        return self._reason

    def check(self) -> None:
        """Raises: Lost."""
        reason = self.reason
        if reason is not None:
            raise Lost(reason)

    def beat(self) -> None:
        """The event loop runs. A gap that is too long ends the lease, whatever comes after it."""
        if self.reason is None:
            self._beat = self._clock()

    def now(self) -> float:
        """The moment to hand to `contact` later."""
        return self._clock()

    def contact(self, asked: float) -> None:
        """The broker acknowledged our membership in answer to a request sent at `asked`."""
        if self.reason is None:
            self._contact = max(self._contact, asked)

    def end(self, reason: str) -> None:
        """The partitions are lost: the broker said so."""
        self._reason = self._reason or reason
