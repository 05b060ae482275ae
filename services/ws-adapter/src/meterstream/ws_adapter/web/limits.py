"""Bounds on what one organisation may have under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from meterstream.contracts.errors import error


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
            raise error("TOO_MANY_REQUESTS", f"at most {self._limit} {self._what} at a time", limit=self._limit)
        self._running[organisation] += 1
        try:
            yield
        finally:
            self._running[organisation] -= 1
            if not self._running[organisation]:
                del self._running[organisation]
