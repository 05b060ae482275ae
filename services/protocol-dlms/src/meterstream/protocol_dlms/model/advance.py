"""How far a long piece of work is, told now and then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from meterstream.contracts.envelope import Advance

EVERY: Final = timedelta(seconds=15)


class Pace:
    """Measures an attempt from its first report on: what earlier attempts did counts as done, not as speed."""

    def __init__(self, action: int | None = None) -> None:
        """Args: action, place in its bundle."""
        self._action = action
        self._began: tuple[datetime, int] | None = None
        self._told: datetime | None = None

    def advance(self, done: int, total: int, now: datetime) -> Advance | None:
        """What is to be told; None while it was told a moment ago.

        Args:
            done: octets, of `total`.
        """
        if self._began is None:
            self._began = (now, done)
        if self._told is not None and now - self._told < EVERY and done < total:
            return None
        self._told = now
        since, before = self._began
        elapsed = (now - since).total_seconds()
        rate = (done - before) / elapsed if elapsed > 0 else 0.0
        return Advance(
            done=done,
            total=total,
            percent=done * 100 // total,
            per_second=round(rate) if rate > 0 else None,
            seconds_left=round((total - done) / rate) if rate > 0 else None,
            action=self._action,
        )
