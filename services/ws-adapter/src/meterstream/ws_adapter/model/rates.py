"""How many requests an organisation may send: a bucket of tokens each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SWEEP: Final = 10_000
"""Buckets beyond which the full ones are forgotten."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Rates:
    """Token buckets by name. Each holds `burst` tokens and gains `per_s` of them a second; moments are in seconds."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = max(burst, 1.0)
        self._buckets: dict[str, _Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, now: float) -> float:
        """Take a token: 0.0, or the seconds until there is one again when there is none."""
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= _SWEEP:
                self._forget_full(now)
            bucket = self._buckets[name] = _Bucket(self._burst, now)
        passed = max(0.0, now - bucket.filled_at)
        bucket.tokens = min(self._burst, bucket.tokens + passed * self._per_s)
        bucket.filled_at = now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self._per_s
        bucket.tokens -= 1.0
        return 0.0

    def _forget_full(self, now: float) -> None:
        self._buckets = {
            name: bucket
            for name, bucket in self._buckets.items()
            if bucket.tokens + (now - bucket.filled_at) * self._per_s < self._burst
        }
