"""A fleet of simulated meters in one process: listening ports, their lines, and the control interface."""

from __future__ import annotations

import asyncio
import logging
import random
import time as system_time
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from meterstream.dlms.security import PrivateKey, PublicKey
from meterstream.simulator.agenda import Agenda
from meterstream.simulator.control.http import start_control
from meterstream.simulator.identity import MeterKeys, identification_for, keys_for, password_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.network.datagrams import DatagramPort
from meterstream.simulator.network.lines import Lines
from meterstream.simulator.network.openfiles import room_for_lines
from meterstream.simulator.network.outbox import Outbox
from meterstream.simulator.network.security import CountedAccess, CounterReserve, NoReserve
from meterstream.simulator.network.server import MeterConnection
from meterstream.simulator.push import PushMessage
from meterstream.simulator.reboot import power_off, power_on, restarted
from meterstream.simulator.roster import Roster
from meterstream.simulator.settings import FleetSettings, MeterAddress
from meterstream.simulator.state.persistence import StateFile
from meterstream.simulator.stats import Stats

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["MeterKeys", "SimulatedFleet", "identification_for", "keys_for", "password_for"]

_log = logging.getLogger(__name__)

_BACKLOG: Final = 4096
_MAX_SCHEDULED: Final = 1_000_000
_LONGEST_SWEEP_S: Final = 5.0
_STOP_S: Final = 5.0


class SimulatedFleet:
    """`async with SimulatedFleet(FleetSettings(meters=3)) as fleet: fleet.address(1)`.

    Attributes:
        roster: its meters.
        outbox: what they push.
        state: the file that keeps what they know; None: there is none.
        reserve: own invocation counters they may use.
        lines: who is connected to them.

    Args:
        now: the fleet's clock, in seconds since 1970 (UTC).
    """

    def __init__(self, settings: FleetSettings, now: Callable[[], float] = system_time.time) -> None:
        self.settings = settings
        self.stats = Stats()
        self.roster = Roster(settings, self.stats, now, self)
        self.outbox = Outbox(settings.outbox, self.stats, self.roster.now_ms)
        self.state = None if settings.state_file is None else StateFile(settings.state_file, settings, self.roster)
        self.reserve: CounterReserve = self.state or NoReserve()
        self.lines = Lines(settings, self.stats, self.call_later, self.meter)
        self._servers: list[asyncio.Server] = []
        self._ports: list[int] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._control: web.AppRunner | None = None
        self._control_port: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._saver: asyncio.Task[None] | None = None
        self._started = False
        self._scheduled: set[asyncio.TimerHandle] = set()
        self._random = random.Random(settings.seed)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Take up the state that was kept, and listen on all ports.

        Raises:
            OSError: a port is taken, so many ports need more open files than this process may have, or the state
                file cannot be read or written.
            StateError: the state file cannot be used.
        """
        self._loop = asyncio.get_running_loop()
        settings = self.settings
        self.lines.at_most = room_for_lines(settings.listeners * (1 + settings.udp), settings.max_connections)
        if self.state is not None:
            await self.state.start()
            self._plan_again()
        try:
            for index in range(settings.listeners):
                port = settings.port + index if settings.port else 0
                server = await self._loop.create_server(
                    partial(MeterConnection, self, index), settings.host, port, backlog=_BACKLOG
                )
                self._servers.append(server)
                self._ports.append(server.sockets[0].getsockname()[1])
                if settings.udp:
                    address = settings.host, self._ports[-1]
                    datagrams, _ = await self._loop.create_datagram_endpoint(
                        partial(DatagramPort, self, index), local_addr=address
                    )
                    self._datagrams.append(datagrams)
            self.outbox.start()
            if settings.control_port is not None:
                self._control, self._control_port = await start_control(self, settings.control_port)
            self._started = True
        except BaseException:
            await self.stop()
            raise
        self._sweep_later()
        if self.state is not None and settings.save_every_s:
            self._saver = self._loop.create_task(self._save_again_and_again(settings.save_every_s))

    async def stop(self) -> None:
        """Stop listening, drop all lines at once, and write the state.

        Raises:
            OSError: the state cannot be written.
        """
        if self._sweep is not None:
            self._sweep.cancel()
        if self._saver is not None:
            self._saver.cancel()
            await asyncio.gather(self._saver, return_exceptions=True)
            self._saver = None
        for timer in self._scheduled:
            timer.cancel()
        self._scheduled.clear()
        for server in self._servers:
            server.close()
        if self.lines:
            all_closed = asyncio.Event()
            self.lines.when_empty = all_closed.set
            self.lines.abort_all()
            await asyncio.wait_for(all_closed.wait(), _STOP_S)
        for datagrams in self._datagrams:
            datagrams.close()
        self._datagrams.clear()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        await self.outbox.stop()
        if self._control is not None:
            await self._control.cleanup()
            self._control = None
        if self._started:
            self._started = False
            await self.save(last=True)

    async def save(self, *, last: bool = False) -> int | None:
        """Write the state of all meters; gives how many, None where there is no state file.

        Raises:
            OSError: it cannot be written; the file is then as it was.
        """
        if self.state is None:
            return None
        try:
            saved = await self.state.save(last=last)
        except OSError:
            self.stats.state_failures += 1
            raise
        self.stats.state_saves += 1
        return saved

    async def _save_again_and_again(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.save()
            except OSError:
                _log.exception("the state of the fleet cannot be written")

    def _plan_again(self) -> None:
        """Let meters do in time what they had planned before the fleet was stopped."""
        now = self.roster.now_ms()
        for meter in self.roster:
            agenda = meter.peek(Agenda)
            if agenda is not None:
                for moment, _ in agenda.entries:
                    self.schedule(max(moment - now, 0), meter.settle)

    # --- who is where ---

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports it listens on: those the meters are spread over in their order, then those that all share."""
        return tuple(self._ports)

    @property
    def control_url(self) -> str | None:
        """Where the HTTP control interface is."""
        return None if self._control_port is None else f"http://127.0.0.1:{self._control_port}"

    @property
    def known(self) -> int:
        """How many meters have been contacted."""
        return len(self.roster)

    def address(self, number: int) -> MeterAddress:
        """Tell where a meter listens.

        Raises:
            ValueError: the fleet has no such meter.
        """
        index, device = self.settings.place_of(number)
        return MeterAddress(self.settings.host, self._ports[index], device)

    def shared_address(self, number: int) -> MeterAddress:
        """Tell where a meter is reached by its logical device address among all others.

        Raises:
            ValueError: the fleet has no such meter, or no port that all meters share.
        """
        index, device = self.settings.shared_place_of(number)
        return MeterAddress(self.settings.host, self._ports[index], device)

    def identification(self, number: int) -> str:
        """Give the 17-character device identification of a meter."""
        return identification_for(number)

    def keys(self, number: int) -> MeterKeys:
        """Give the keys a meter left the factory with."""
        return self.roster.keys(number)

    def signature_keys(self, number: int) -> tuple[PrivateKey, PublicKey]:
        """Give a meter's private key of signatures and its client's public one."""
        return self.roster.signature_keys(number)

    def meter(self, number: int) -> SimulatedMeter:
        """Give a meter, made on first contact.

        Raises:
            ValueError: the fleet has no such meter.
        """
        return self.roster.meter(number)

    def contacted(self) -> Iterator[SimulatedMeter]:
        """Go through all meters that have been contacted."""
        return iter(self.roster)

    def is_connected(self, number: int) -> bool:
        """Tell whether a meter has a connection now."""
        return self.lines.is_connected(number)

    def access(self, meter: SimulatedMeter) -> CountedAccess | None:
        """Give the management client's access to a meter; None where the fleet has no security."""
        return self.roster.access(meter)

    # --- what happens to meters ---

    def now_ms(self) -> int:
        """Tell the fleet's time in milliseconds since 1970."""
        return self.roster.now_ms()

    def push(self, message: PushMessage) -> None:
        """Send what a meter pushes."""
        self.outbox.put(message)

    def reboot(self, number: int, down_ms: int, *, clock_lost: bool = False) -> None:
        """Take the power from a meter for a while; nothing where it has none already."""
        if self.lines.is_down(number):
            return
        meter = self.meter(number)
        self.stats.reboots += 1
        power_off(meter, self.roster.now_ms())

        def again() -> None:
            restarted(meter)
            power_on(meter, self.roster.now_ms(), clock_lost=clock_lost)

        self.lines.take_down(number, down_ms / 1000, again)

    def restart(self, number: int, down_ms: int) -> None:
        """Let a meter begin its program anew, out of reach for a while; its power stays on."""
        meter = self.meter(number)
        self.lines.take_down(number, down_ms / 1000, partial(restarted, meter))

    # --- time ---

    def schedule(self, delay_ms: int, callback: Callable[[], None]) -> None:
        """Call back after a delay while the fleet runs; never where it has not started.

        Raises:
            OverflowError: a million callbacks wait already.
        """
        if self._loop is None:
            return
        if len(self._scheduled) >= _MAX_SCHEDULED:
            raise OverflowError(f"{_MAX_SCHEDULED} callbacks of meters wait already")

        def due() -> None:
            self._scheduled.discard(timer)
            callback()

        timer = self.call_later(delay_ms / 1000, due)
        self._scheduled.add(timer)

    def _sweep_later(self) -> None:
        interval = min(self.settings.idle_timeout_s / 2, _LONGEST_SWEEP_S)
        self._sweep = self.call_later(interval, self._close_idle)

    def _close_idle(self) -> None:
        self.lines.close_unused(self.loop_time() - self.settings.idle_timeout_s)
        self._sweep_later()

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
