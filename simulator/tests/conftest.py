"""Sessions of a client with meters of a fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
import uvloop

from meterstream.dlms.asyncio import MeterSession, SessionFraming, Trace, WrapperOverTcp, open_session
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys, client_title_for
from meterstream.dlms.security import AsymmetricKeys
from meterstream.simulator.fleet import SimulatedFleet, password_for
from meterstream.simulator.identity import signature_keys_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.settings import FleetSettings, MeterAddress

NOON = datetime(2026, 7, 15, 10, 7, 30, tzinfo=UTC).timestamp()
"""Wednesday 15 July 2026, 12:07:30 in the meters' zone."""
_WRAPPER = WrapperOverTcp()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The process runs on uvloop; tests of other parts run a fleet on asyncio's own loop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Counters:
    """Invocation counters of a client; notes what it gave."""

    def __init__(self, first: int = 1) -> None:
        self.next = first

    def take(self) -> int:
        self.next += 1
        return self.next - 1

    async def ensure(self, count: int) -> None:
        """There are always enough."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, seconds: float = NOON) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


class Opener(Protocol):
    """Opens a session with a meter of a fleet as management or public client; `config` overrides its settings.

    `address`: another than the meter's first one. `framing`: how the line is.
    """

    async def __call__(
        self,
        fleet: SimulatedFleet,
        number: int,
        counters: Counters | None = None,
        *,
        public: bool = False,
        timeout_s: float = 5,
        trace: Trace | None = None,
        address: MeterAddress | None = None,
        framing: SessionFraming = _WRAPPER,
        **config: Any,
    ) -> MeterSession: ...


async def _open(
    fleet: SimulatedFleet,
    number: int,
    counters: Counters | None = None,
    *,
    public: bool = False,
    timeout_s: float = 5,
    trace: Trace | None = None,
    address: MeterAddress | None = None,
    framing: SessionFraming = _WRAPPER,
    **config: Any,
) -> MeterSession:
    host, port, device = address or fleet.address(number)
    level = Level.NONE if public else fleet.settings.level
    keys = fleet.keys(number)
    settings: dict[str, Any] = {"level": level, "client_sap": 16 if public else 1, "server_sap": device}
    if level.ciphered:
        settings["client_title"] = client_title_for(fleet.identification(number))
        settings["keys"] = SecurityKeys(keys.encryption, keys.authentication)
        settings["password"] = password_for(fleet.settings.seed, number)
    if level is Level.HLS7_ECDSA:
        own, client = signature_keys_for(fleet.settings.seed, number)
        settings["asymmetric"] = AsymmetricKeys(signing=client, peer_signing=own.public)
    settings.update(config)
    return await open_session(
        (host, port),
        AssociationConfig(**settings),
        (counters or Counters()) if level.ciphered else None,
        connect_timeout_s=5,
        response_timeout_s=timeout_s,
        trace=trace,
        framing=framing,
    )


@pytest.fixture
def open_meter() -> Opener:
    return _open


@pytest.fixture
def counters() -> type[Counters]:
    return Counters


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_meter(clock: Clock) -> Callable[..., SimulatedMeter]:
    """Make a meter that no line leads to."""

    def make(protocol: str = "SMR 5.0.0", number: int = 3, **settings: Any) -> SimulatedMeter:
        fleet = SimulatedFleet(FleetSettings(meters=number, protocols=(protocol,), **settings), clock)
        return fleet.meter(number)

    return make


@pytest.fixture
async def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for a condition that the event loop brings about."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what other protocols bring about has no event
                await asyncio.sleep(0.001)

    return wait
