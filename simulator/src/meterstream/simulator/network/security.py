"""Counting what must never happen, an invocation counter used twice under one key, and keeping the meters from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Protocol

from meterstream.dlms.errors import ReplayError
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Level, MeterSecurity, SecurityKeys
from meterstream.dlms.security import AsymmetricKeys
from meterstream.simulator.identity import system_title_for
from meterstream.simulator.meter import SimulatedMeter

NO_MARK: Final = 1 << 32


class CounterReserve(Protocol):
    """Own invocation counters that may be used: all below `mark`, which is written down before it rises."""

    @property
    def mark(self) -> int: ...

    def reserve(self, counter: int) -> None:
        """Move the mark above a counter."""


class NoReserve:
    """Counters that nothing remembers beyond the process."""

    mark: Final = NO_MARK

    def reserve(self, counter: int) -> None:
        """Leave the mark where it is: above all counters."""


class OwnSecurity(MeterSecurity):
    """Security of one meter's associations; its own counter is the meter's, and never used before it is reserved."""

    __slots__ = ("_meter", "_reserve")

    def __init__(self, meter: SimulatedMeter, clients: Mapping[int, ClientAccess], reserve: CounterReserve) -> None:
        self._meter = meter
        self._reserve = reserve
        super().__init__(system_title_for(meter.number), clients, os.urandom, meter.own_counter)

    @property
    def next_counter(self) -> int:
        """Own invocation counter, next to use."""
        return self._meter.own_counter

    @next_counter.setter
    def next_counter(self, counter: int) -> None:
        self._meter.own_counter = counter

    def take_counter(self) -> int:
        """Give the next counter, once."""
        meter = self._meter
        counter = meter.own_counter
        if counter >= self._reserve.mark:
            self._reserve.reserve(counter)
        meter.own_counter = counter + 1
        return counter


class CountedAccess(ClientAccess):
    """The management client of one meter for one connection.

    Counters are judged once the tag of what carries them is verified, so that forged octets count for nothing. The
    token of HLS pass 3 comes after the APDU around it and has a lower counter; it must still be above the one
    accepted before that APDU, which is `_floor`. The keys are those the meter has now, so that what transfers them
    need not know who is connected.
    """

    __slots__ = ("_floor", "_meter", "_strict", "_token_open", "client_title")

    def __init__(
        self,
        meter: SimulatedMeter,
        level: Level,
        keys: SecurityKeys,
        password: bytes | None,
        asymmetric: AsymmetricKeys | None,
        *,
        strict: bool,
    ) -> None:
        self._meter = meter
        super().__init__(level, keys, password, counter_policy=CounterPolicy.FREE, asymmetric=asymmetric)
        self._strict = strict
        self._floor: int | None = None
        self._token_open = level is Level.HLS5_GMAC
        self.client_title = b""

    @property
    def keys(self) -> SecurityKeys | None:
        """The meter's present keys."""
        return self._meter.keys

    @keys.setter
    def keys(self, keys: SecurityKeys | None) -> None:
        self._meter.keys = keys

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
