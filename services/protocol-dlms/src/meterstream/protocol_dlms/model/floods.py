"""How much one address may send: a token bucket for each, for a bounded number of addresses. Pure."""

from __future__ import annotations

from collections import OrderedDict


class Floods:
    """Bounds messages by address.

    Args:
        per_s: messages a second in the long run.
        burst: messages at once after silence.
        addresses: so many are told apart; who was silent longest is forgotten first, and begins with a full bucket.
    """

    def __init__(self, per_s: float, burst: int, addresses: int = 100_000) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._addresses = addresses
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, address: str, now: float) -> bool:
        """Whether a message of `address` at `now` (seconds, never going back) is within the bounds."""
        tokens, since = self._buckets.get(address, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_s)
        within = tokens >= 1
        self._buckets[address] = (tokens - 1 if within else tokens, now)
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._addresses:
            self._buckets.popitem(last=False)
        return within
