"""How many connections there may be: open ones, new ones per second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


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


class ConnectionLimits:
    """At most `max_open` connections at a time and `connects_per_s` new ones; who comes first goes first."""

    def __init__(self, max_open: int, connects_per_s: float, now: Callable[[], float] | None = None) -> None:
        self._places = asyncio.Semaphore(max_open)
        self._bucket = TokenBucket(connects_per_s, connects_per_s / 4, now or asyncio.get_running_loop().time)
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
        """Wait for a place and for the next token."""
        await self._places.acquire()
        delay = self._bucket.reserve()
        if delay > 0:
            try:
                await asyncio.sleep(delay)
            except BaseException:
                self._places.release()
                raise
        self.open += 1

    def release(self) -> None:
        """Give the place back once the connection is closed."""
        self.open -= 1
        self._places.release()
