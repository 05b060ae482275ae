"""Bounds on what one organisation may have under way, and on how fast it may ask for more."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from meterstream.contracts.errors import PlatformError, error
from meterstream.ws_adapter.model.rates import Rates


class Concurrency:
    """Counts what is under way by organisation."""

    def __init__(self, limit: int, what: str) -> None:
        self._limit = limit
        self._what = what
        self._running: Counter[str] = Counter()

    @contextmanager
    def one(self, organisation: str) -> Iterator[None]:
        """Take a place for as long as the block runs.

        Raises: TOO_MANY_REQUESTS.
        """
        if self._running[organisation] >= self._limit:
            raise too_many(f"at most {self._limit} {self._what} at a time", self._limit, 1)
        self._running[organisation] += 1
        try:
            yield
        finally:
            self._running[organisation] -= 1
            if not self._running[organisation]:
                del self._running[organisation]


class Pace:
    """Keeps each organisation to its rate. `clock` counts seconds from anywhere."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._rates = Rates(per_s, burst)
        self._clock = clock

    def take(self, organisation: str) -> None:
        """Count a request.

        Raises: TOO_MANY_REQUESTS telling when the next one may come.
        """
        wait_s = self._rates.take(organisation, self._clock())
        if wait_s:
            raise too_many(f"at most {self._per_s:g} requests a second", self._per_s, max(1, ceil(wait_s)))

    async def wait(self, organisation: str) -> None:
        """Count a request as soon as the organisation may send it."""
        while wait_s := self._rates.take(organisation, self._clock()):  # noqa: ASYNC110  # its time is known
            await asyncio.sleep(wait_s)


def too_many(reason: str, limit: float, retry_after_s: int) -> PlatformError:
    """TOO_MANY_REQUESTS with the limit and the seconds after which it is worth trying again."""
    return error("TOO_MANY_REQUESTS", reason, limit=f"{limit:g}", retry_after_s=retry_after_s)
