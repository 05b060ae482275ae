"""How many connections there may be: open ones, new ones per second, new ones per turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

OPENED_IN_A_TURN: Final = 4


class TokenBucket:
    """Lets `rate` through each second on average, `burst` at once after a rest. First come, first served."""

    def __init__(self, rate_per_s: float, burst: float, now: Callable[[], float]) -> None:
        self._rate = rate_per_s
        self._burst = max(burst, 1.0)
        self._now = now
        self._tokens = self._burst
        self._at = now()

    def reserve(self) -> float:
        """Take a token, also one that is not there yet; how many seconds to wait until it is."""
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)


class Turns:
    """Lets `each` through in a turn of the event loop, the others in the turns that follow; who comes first goes first.

    A loop with much to do has long turns, so it takes on new work only as fast as it ends the old. Hundreds of sessions
    begun at once would go through all their steps side by side and end together, each as late as the last one.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Return in the turn in which it is the caller's time; at once where this turn still has room."""
        if self._begun < self._each and not self._waiting:
            self._begin()
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _begin(self) -> None:
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._begun += 1

    def _next_turn(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._each:
            waiter = self._waiting.popleft()
            if not waiter.done():  # who was cancelled waits no more
                waiter.set_result(None)
                self._begin()


class ConnectionLimits:
    """At most `max_open` connections at a time, `connects_per_s` new ones, a few in a turn of the event loop.

    Who comes first goes first.
    """

    def __init__(self, max_open: int, connects_per_s: float, now: Callable[[], float] | None = None) -> None:
        self._places = asyncio.Semaphore(max_open)
        self._bucket = TokenBucket(connects_per_s, connects_per_s / 4, now or asyncio.get_running_loop().time)
        self._turns = Turns(OPENED_IN_A_TURN)
        self.open = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """A place for one connection, held inside the block."""
        await self.acquire()
        try:
            yield
        finally:
            self.release()

    async def acquire(self) -> None:
        """Wait for a place, for the next token, and for a turn of the loop with room."""
        await self._places.acquire()
        try:
            delay = self._bucket.reserve()
            if delay > 0:
                await asyncio.sleep(delay)
            await self._turns.wait()
        except BaseException:
            self._places.release()
            raise
        self.open += 1

    def release(self) -> None:
        """Give the place back once the connection is closed."""
        self.open -= 1
        self._places.release()
