"""What listeners have in common: bounds, counters, idle time-outs."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

from meterstream.dlms.errors import ConfigurationError


@dataclass(slots=True)
class ListenerCounters:
    """What a listener saw; the numbers only rise.

    Attributes:
        accepted: connections, or UDP peers, that were served.
        refused: those beyond `max_connections`, which were not.
        idle: those from which nothing came for `idle_timeout_s`.
        malformed: datagrams that are no wrapper frame.
    """

    accepted: int = 0
    refused: int = 0
    idle: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """Bounds of one listener.

    Attributes:
        max_connections: at a time; with UDP, peers that are remembered.
        idle_timeout_s: seconds after which a connection, or peer, is dropped that sent nothing whole: no frame that a
            meter answers, no push, no datagram. Octets that never become one do not keep a connection.
    Raises: ConfigurationError.
    """

    max_connections: int = 100
    idle_timeout_s: float = 300.0

    def __post_init__(self) -> None:
        if self.max_connections < 1 or not self.idle_timeout_s > 0:
            raise ConfigurationError("max_connections is at least 1, idle_timeout_s above 0")


class Listener:
    """Listens until `close`; `async with` closes it.

    Attributes:
        address: host and port it listens on.
    """

    __slots__ = ("_close", "address", "counters")

    def __init__(self, address: tuple[str, int], counters: ListenerCounters, close: Callable[[], None]) -> None:
        self.address = address
        self.counters = counters
        self._close = close

    async def close(self) -> None:
        """Stops listening and drops all connections; idempotent."""
        self._close()
        await asyncio.sleep(0)  # connections learn of their end in the next round of the loop

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


@dataclass(slots=True)
class Connections:
    """Of one listener, within its limits."""

    loop: asyncio.AbstractEventLoop
    limits: ListenerLimits
    counters: ListenerCounters
    present: set[BoundedConnection]

    async def listen(self, address: tuple[str, int], new_connection: Callable[[], BoundedConnection]) -> Listener:
        """Raises: OSError."""
        server = await self.loop.create_server(new_connection, *address)

        def close() -> None:
            server.close()
            for connection in tuple(self.present):
                connection.abort()

        return Listener(server.sockets[0].getsockname()[:2], self.counters, close)


class BoundedConnection(asyncio.Protocol, ABC):
    """One TCP connection: refused beyond the limit, dropped when idle; one timer, which rather goes off early."""

    __slots__ = ("_connections", "_heard", "_loop", "_timer", "_transport")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._loop = connections.loop
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0

    # For what derives from it

    def _opened(self, transport: asyncio.Transport) -> None:
        """The connection is one of those that are served."""

    @abstractmethod
    def _received(self, octets: bytes, now: float) -> bool:
        """Whether they made something whole."""

    def _deadline(self) -> float | None:
        """When `_timed_out` is due, if ever."""
        return None

    def _timed_out(self, now: float) -> None:
        """May come early."""

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connections = self._connections
        stream = cast("asyncio.Transport", transport)
        if len(connections.present) >= connections.limits.max_connections:
            connections.counters.refused += 1
            stream.abort()
            return
        connections.counters.accepted += 1
        connections.present.add(self)
        self._transport = stream
        self._heard = self._loop.time()
        self._opened(stream)
        self._arm()

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            now = self._loop.time()
            if self._received(data, now):
                self._heard = now
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._connections.present.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Time

    def _arm(self) -> None:
        if self._transport is None:
            return
        due = self._heard + self._connections.limits.idle_timeout_s
        deadline = self._deadline()
        if deadline is not None:
            due = min(due, deadline)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now >= self._heard + self._connections.limits.idle_timeout_s:
            self._connections.counters.idle += 1
            self.abort()
            return
        self._timed_out(now)
        self._arm()
