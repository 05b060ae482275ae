"""When a failed attempt is followed by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """30 s after the first failure, 60 s after the second; the first attempt counts as one of `max_attempts`."""

    first_delay: timedelta = timedelta(seconds=30)
    multiplier: float = 2.0
    max_attempts: int = 3
    jitter: float = 0.1

    def next_attempt_at(
        self, attempt: int, failed_at: datetime, expires_at: datetime, *, share: float
    ) -> datetime | None:
        """When to try again after attempt number `attempt` (from 1) failed; None: not any more.

        Args:
            share: 0.0 <= share < 1.0, where in the jittered range the delay lies; 0.5 is its middle.
        """
        if attempt >= self.max_attempts:
            return None
        delay = self.first_delay * self.multiplier ** (attempt - 1)
        at = failed_at + delay * (1 + self.jitter * (2 * share - 1))
        return at if at <= expires_at else None
