"""Counting what must never happen: an invocation counter used twice under one key and client title."""

from __future__ import annotations

from meterstream.dlms.errors import ReplayError
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Level, SecurityKeys
from meterstream.simulator.meter import SimulatedMeter


class CountedAccess(ClientAccess):
    """The management client of one meter for one connection.

    Counters are judged once the tag of what carries them is verified, so that forged octets count for nothing. The
    token of HLS pass 3 comes after the APDU around it and has a lower counter; it must still be above the one
    accepted before that APDU, which is `_floor`.
    """

    __slots__ = ("_floor", "_meter", "_strict", "_token_open", "client_title")

    def __init__(
        self, meter: SimulatedMeter, level: Level, keys: SecurityKeys, password: bytes | None, *, strict: bool
    ) -> None:
        super().__init__(level, keys, password, counter_policy=CounterPolicy.FREE)
        self._meter = meter
        self._strict = strict
        self._floor: int | None = None
        self._token_open = level is Level.HLS5_GMAC
        self.client_title = b""

    def accepts(self, counter: int) -> bool:  # noqa: ARG002 - judged in `advance`
        return True

    def advance(self, counter: int) -> None:
        """Take the counter of something whose tag is right.

        Raises:
            ReplayError: it did not rise, and this meter minds.
        """
        meter = self._meter
        last = meter.last_counter(self.client_title)
        if counter > last:
            self._floor = last
            meter.accept_counter(self.client_title, counter)
            super().advance(counter)
            return
        floor, self._floor = self._floor, None
        if self._token_open and floor is not None and floor < counter < last:
            self._token_open = False
            return
        meter.count_repeated_nonce()
        if self._strict:
            raise ReplayError(f"counter {counter} of the client is not above {last}")
