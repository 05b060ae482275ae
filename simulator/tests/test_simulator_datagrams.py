"""Meters over UDP: sessions, lines that are a client's address and a meter, datagrams that are no frames."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from meterstream.dlms.asyncio import WrapperOverUdp
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import DecipherError, ResponseTimeout
from meterstream.dlms.meter import Habits
from meterstream.dlms.objects import load_profile
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
IDENTIFICATION = AttributeRef(1, LogicalName.parse("0.0.96.1.1.255"), 2)
UDP = WrapperOverUdp()
FLEET = FleetSettings(meters=5, udp=True)


async def test_sessions(open_meter: Any, counters: Any, clock: Any, until: Any) -> None:
    ours = counters()
    async with SimulatedFleet(FLEET, clock) as fleet:
        for _ in range(2):
            async with await open_meter(fleet, 3, ours, framing=UDP) as session:
                assert (await session.get(IDENTIFICATION)).value == fleet.identification(3).encode()
                await session.set(CLOCK, await session.get(CLOCK))
        await until(lambda: fleet.stats.open_connections == 0)
        assert (fleet.stats.associations, fleet.stats.releases, fleet.stats.clock_sets) == (2, 2, 2)
        assert (fleet.stats.open_associations, fleet.stats.repeated_nonces) == (0, 0)


async def test_beside_tcp_on_the_same_port(open_meter: Any, clock: Any) -> None:
    async with (
        SimulatedFleet(FLEET, clock) as fleet,
        await open_meter(fleet, 1, framing=UDP) as first,
        await open_meter(fleet, 2) as second,
    ):
        assert await first.get(CLOCK) == await second.get(CLOCK)


async def test_large_answers_in_blocks(open_meter: Any, clock: Any) -> None:
    settings = FleetSettings(udp=True, habits=Habits(max_send_pdu=1024))
    async with SimulatedFleet(settings, clock) as fleet, await open_meter(fleet, 1, framing=UDP) as session:
        rows = await session.get(load_profile("SMR", "5.0.0").ref("interval_values_e", 2))
    assert len(rows.value) == 960


async def test_a_second_line_waits_for_the_first(open_meter: Any, counters: Any, clock: Any, until: Any) -> None:
    settings = FleetSettings(udp=True, second_connection_wait_ms=10_000)
    ours = counters()
    async with SimulatedFleet(settings, clock) as fleet:
        first = await open_meter(fleet, 1, ours, framing=UDP)
        second = asyncio.create_task(open_meter(fleet, 1, ours, framing=UDP))
        await until(lambda: fleet.stats.overlapping_connections == 1)
        await first.close()
        async with await second as session:
            await session.get(CLOCK)


async def test_faults(open_meter: Any, counters: Any, clock: Any, until: Any) -> None:
    ours = counters()
    async with SimulatedFleet(FLEET, clock) as fleet:
        for kind, expected in (
            (FaultKind.WRONG_TAG, DecipherError),
            (FaultKind.SILENT, ResponseTimeout),
            (FaultKind.REFUSE, ResponseTimeout),
        ):
            fleet.meter(1).fault = Fault(kind, after=0, connections=1)
            with pytest.raises(expected):
                await open_meter(fleet, 1, ours, framing=UDP, timeout_s=1.0)
            fleet.lines.cut(1)  # nobody tells a meter that a client over UDP has given up
            await until(lambda: not fleet.is_connected(1))
        async with await open_meter(fleet, 1, ours, framing=UDP) as session:
            await session.get(CLOCK)


async def test_a_client_that_falls_silent_is_forgotten(open_meter: Any, clock: Any, until: Any) -> None:
    settings = FleetSettings(udp=True, idle_timeout_s=0.05)
    async with SimulatedFleet(settings, clock) as fleet:
        session = await open_meter(fleet, 1, framing=UDP)
        await until(lambda: fleet.stats.idle_connections == 1 and not fleet.stats.open_connections)
        assert fleet.stats.open_associations == 0
        await session.close()


async def test_datagrams_that_are_no_frames_are_dropped(clock: Any, until: Any) -> None:
    async with SimulatedFleet(FLEET, clock) as fleet:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((fleet.settings.host, fleet.ports[0]))
            for octets in (
                "",
                "00",
                "0001000100010000",
                "000100010001000560",
                "0002000100010001C0",
                "00010001000100016060",
            ):
                client.send(bytes.fromhex(octets))
            await until(lambda: fleet.stats.dropped_datagrams == 6)
            assert (fleet.stats.connections, fleet.known) == (0, 0)
            client.send(bytes.fromhex("000100010009000160"))
            await until(lambda: fleet.stats.refused_connections == 1)
        assert fleet.known == 0
