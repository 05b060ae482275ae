"""A fleet of simulated meters in one process: listening ports, meters made on first contact, one line per meter."""

from __future__ import annotations

import asyncio
import random
import time as system_time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from meterstream.dlms.meter import Level, SecurityKeys
from meterstream.dlms.objects import load_profile
from meterstream.simulator.clock import ClockRule
from meterstream.simulator.control import start_control
from meterstream.simulator.faults import fault_for
from meterstream.simulator.identity import MeterKeys, identification_for, keys_for, password_for
from meterstream.simulator.meter import MeterModel, SimulatedMeter
from meterstream.simulator.security import CountedAccess
from meterstream.simulator.server import MeterConnection
from meterstream.simulator.settings import CounterRule, FleetSettings, MeterAddress
from meterstream.simulator.stats import Stats
from meterstream.simulator.tree import object_tree

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["MeterKeys", "SimulatedFleet", "identification_for", "keys_for", "password_for"]

_BACKLOG: Final = 4096
_MAX_HELD: Final = 8
_COUNTERS_SINCE: Final = 1_577_836_800
_MAX_START_COUNTER: Final = 0x7FFF_FFFF
_LONGEST_SWEEP_S: Final = 5.0
_STOP_S: Final = 5.0


class SimulatedFleet:
    """`async with SimulatedFleet(FleetSettings(meters=3)) as fleet: fleet.address(1)`.

    Args:
        now: the fleet's clock, in seconds since 1970 (UTC).
    """

    def __init__(self, settings: FleetSettings, now: Callable[[], float] = system_time.time) -> None:
        self.settings = settings
        self.stats = Stats()
        self._now = now
        self._meters: dict[int, SimulatedMeter] = {}
        self._models = {protocol: self._make_model(protocol) for protocol in settings.protocols}
        self._connections: set[MeterConnection] = set()
        self._occupied: dict[int, MeterConnection | None] = {}
        self._held: dict[int, deque[MeterConnection]] = {}
        self._servers: list[asyncio.Server] = []
        self._ports: list[int] = []
        self._control: web.AppRunner | None = None
        self._control_port: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._all_closed: asyncio.Event | None = None
        self._random = random.Random(settings.seed)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on all ports.

        Raises:
            OSError: a port is taken.
        """
        self._loop = asyncio.get_running_loop()
        try:
            for index in range(self.settings.ports):
                port = self.settings.port + index if self.settings.port else 0
                server = await self._loop.create_server(
                    partial(MeterConnection, self, index), self.settings.host, port, backlog=_BACKLOG
                )
                self._servers.append(server)
                self._ports.append(server.sockets[0].getsockname()[1])
            if self.settings.control_port is not None:
                self._control, self._control_port = await start_control(self, self.settings.control_port)
        except BaseException:
            await self.stop()
            raise
        self._sweep_later()

    async def stop(self) -> None:
        """Stop listening and drop all lines at once."""
        if self._sweep is not None:
            self._sweep.cancel()
        for server in self._servers:
            server.close()
        if self._connections:
            self._all_closed = asyncio.Event()
            for connection in list(self._connections):
                connection.abort()
            await asyncio.wait_for(self._all_closed.wait(), _STOP_S)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        if self._control is not None:
            await self._control.cleanup()
            self._control = None

    # --- who is where ---

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports it listens on, in the order of the meters."""
        return tuple(self._ports)

    @property
    def control_url(self) -> str | None:
        """Where the HTTP control interface is."""
        return None if self._control_port is None else f"http://127.0.0.1:{self._control_port}"

    @property
    def known(self) -> int:
        """How many meters have been contacted."""
        return len(self._meters)

    def address(self, number: int) -> MeterAddress:
        """Tell where a meter listens.

        Raises:
            ValueError: the fleet has no such meter.
        """
        index, device = self.settings.place_of(number)
        return MeterAddress(self.settings.host, self._ports[index], device)

    def identification(self, number: int) -> str:
        """Give the 17-character device identification of a meter."""
        return identification_for(number)

    def keys(self, number: int) -> MeterKeys:
        """Give the keys of a meter."""
        return keys_for(self.settings.seed, number)

    def meter(self, number: int) -> SimulatedMeter:
        """Give a meter, made on first contact.

        Raises:
            ValueError: the fleet has no such meter.
        """
        meter = self._meters.get(number)
        if meter is None:
            self.settings.place_of(number)
            model = self._models[self.settings.protocol_of(number)]
            fault = fault_for(self.settings.faults, self.settings.seed, number)
            meter = self._meters[number] = SimulatedMeter(number, model, self._first_counter(), fault)
        return meter

    def contacted(self) -> Iterator[SimulatedMeter]:
        """Go through all meters that have been contacted."""
        return iter(self._meters.values())

    def is_connected(self, number: int) -> bool:
        """Tell whether a meter has a connection now."""
        return self._occupied.get(number) is not None

    def access(self, meter: SimulatedMeter) -> CountedAccess | None:
        """Give the management client's access to a meter; None where the fleet has no security."""
        settings = self.settings
        if not settings.level.ciphered:
            return None
        if meter.keys is None:
            _, authentication, encryption = self.keys(meter.number)
            meter.keys = SecurityKeys(encryption, authentication)
        password = password_for(settings.seed, meter.number) if settings.level is Level.LLS else None
        rule = settings.counter_rule
        strict = meter.model.profile.name == "SMR" if rule is None else rule is CounterRule.STRICT
        return CountedAccess(meter, settings.level, meter.keys, password, strict=strict)

    def _make_model(self, protocol: str) -> MeterModel:
        """Build what meters of one protocol share."""
        profile = load_profile(*protocol.split(" ", 1))
        by_generation = ClockRule.FITTING if profile.name == "SMR" else ClockRule.SPECIFIED
        return MeterModel(
            profile=profile,
            management=object_tree(profile, public=False),
            public=object_tree(profile, public=True),
            clock_rule=self.settings.clock_rule or by_generation,
            buffers=self.settings.buffers,
            now_ms=self._now_ms,
            stats=self.stats,
        )

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _first_counter(self) -> int:
        """Start the meter's own counter where a later start of the same fleet would still be ahead of it."""
        return min(max(int(self._now()) - _COUNTERS_SINCE, 1), _MAX_START_COUNTER)

    # --- connections ---

    def opened(self, connection: MeterConnection) -> None:
        """Take note of a connection."""
        self._connections.add(connection)
        self.stats.connections += 1
        self.stats.open_connections += 1

    def claim(self, number: int, connection: MeterConnection) -> None:
        """Give a connection its meter, now or when the meter is free; it has one connection at a time."""
        if number not in self._occupied:
            self._occupied[number] = connection
            connection.start(self.meter(number))
            return
        self.stats.overlapping_connections += 1
        held = self._held.setdefault(number, deque())
        wait = self.settings.second_connection_wait_ms / 1000
        if not wait or len(held) >= _MAX_HELD:
            self._refuse(number, connection)
            return
        connection.hold()
        held.append(connection)
        self.call_later(wait, partial(self._refuse, number, connection))

    def closed(self, connection: MeterConnection) -> None:
        """Take note of the end of a connection and free its meter."""
        self._connections.discard(connection)
        self.stats.open_connections -= 1
        if self._all_closed is not None and not self._connections:
            self._all_closed.set()
        number = connection.number
        if number is None:
            return
        if self._occupied.get(number) is not connection:
            held = self._held.get(number)
            if held is not None and connection in held:
                held.remove(connection)
            return
        if self.settings.free_after_ms:
            self._occupied[number] = None
            self.call_later(self.settings.free_after_ms / 1000, partial(self._free, number))
        else:
            self._free(number)

    def _free(self, number: int) -> None:
        del self._occupied[number]
        held = self._held.get(number)
        if not held:
            self._held.pop(number, None)
            return
        connection = held.popleft()
        self._occupied[number] = connection
        connection.start(self.meter(number))

    def _refuse(self, number: int, connection: MeterConnection) -> None:
        """Drop a connection that has waited long enough; nothing when it was served or gave up meanwhile."""
        held = self._held.get(number)
        if held is not None and connection in held:
            held.remove(connection)
        elif self._occupied.get(number) is connection or connection not in self._connections:
            return
        self.stats.refused_connections += 1
        connection.abort()

    def _sweep_later(self) -> None:
        interval = min(self.settings.idle_timeout_s / 2, _LONGEST_SWEEP_S)
        self._sweep = self.call_later(interval, self._close_idle)

    def _close_idle(self) -> None:
        limit = self.loop_time() - self.settings.idle_timeout_s
        for connection in [each for each in self._connections if each.last_used < limit]:
            self.stats.idle_connections += 1
            connection.abort()
        self._sweep_later()

    # --- time ---

    def loop_time(self) -> float:
        """Give the event loop's clock, in seconds."""
        return self._running().time()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Run a callback after a delay."""
        return self._running().call_later(delay_s, callback)

    def delay_s(self) -> float:
        """Draw a response delay."""
        mean, spread = self.settings.delay_ms / 1000, self.settings.delay_spread
        return mean if not spread else mean * self._random.uniform(1 - spread, 1 + spread)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the fleet is not started")
        return self._loop
