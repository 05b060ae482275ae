"""Fleets on HDLC lines: sessions, large answers, faults, both framings on one port."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from meterstream.dlms.asyncio import HdlcOverTcp
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import DecipherError, DlmsError, LinkError
from meterstream.dlms.framing.hdlc import HdlcLimits
from meterstream.dlms.objects import load_profile
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings, LineFraming

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
IDENTIFICATION = AttributeRef(1, LogicalName.parse("0.0.96.1.1.255"), 2)
_LIMITS = HdlcLimits(response_timeout_s=3.0, repetitions=0)
LINE = HdlcOverTcp(lower=17, wide=True, limits=_LIMITS, disconnect_timeout_s=0.2)
HDLC = FleetSettings(meters=200, framing=LineFraming.HDLC)


@pytest.mark.parametrize("line", [LINE, HdlcOverTcp(lower=17), HdlcOverTcp()])
async def test_sessions(open_meter: Any, counters: Any, clock: Any, line: HdlcOverTcp) -> None:
    ours = counters()
    async with SimulatedFleet(HDLC, clock) as fleet:
        for number in (1, 120):
            async with await open_meter(fleet, number, ours, framing=line) as session:
                assert (await session.get(IDENTIFICATION)).value == fleet.identification(number).encode()
                await session.set(CLOCK, await session.get(CLOCK))
        assert (fleet.stats.associations, fleet.stats.releases, fleet.stats.clock_sets) == (2, 2, 2)
        assert fleet.stats.open_associations == 0
        assert fleet.stats.repeated_nonces == 0


async def test_devices_above_127_need_wide_addresses(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(HDLC, clock) as fleet, await open_meter(fleet, 200, framing=LINE) as session:
        assert (await session.get(IDENTIFICATION)).value == b"E0001000000000200"


async def test_a_large_answer_comes_in_segments(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(HDLC, clock) as fleet, await open_meter(fleet, 3, framing=LINE) as session:
        rows = await session.get(load_profile("SMR", "5.0.0").ref("interval_values_e", 2))
    assert len(rows.value) == 960


async def test_both_framings_on_one_port(open_meter: Any, clock: Any) -> None:
    settings = FleetSettings(meters=2, framing=LineFraming.BOTH)
    async with SimulatedFleet(settings, clock) as fleet:
        async with await open_meter(fleet, 1, framing=LINE) as first, await open_meter(fleet, 2) as second:
            assert (await first.get(CLOCK)) == (await second.get(CLOCK))
            assert fleet.stats.open_associations == 2
        assert fleet.stats.open_associations == 0


async def test_faults_of_associations(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(HDLC, clock) as fleet:
        ours = counters()
        for kind, expected in (
            (FaultKind.WRONG_TAG, DecipherError),
            (FaultKind.REJECT, DlmsError),
            (FaultKind.LOST_ANSWER, LinkError),
            (FaultKind.CUT, LinkError),
        ):
            fleet.meter(1).fault = Fault(kind, after=0 if kind is FaultKind.REJECT else 60, connections=1)
            if kind in (FaultKind.WRONG_TAG, FaultKind.LOST_ANSWER):
                fleet.meter(1).fault = Fault(kind, after=2, connections=1)
            with pytest.raises(expected):
                async with await open_meter(fleet, 1, ours, framing=LINE) as session:
                    await session.get(CLOCK)
        async with await open_meter(fleet, 1, ours, framing=LINE) as session:
            await session.get(CLOCK)


async def test_a_link_that_breaks_off_is_no_open_association(open_meter: Any, clock: Any, until: Any) -> None:
    async with SimulatedFleet(HDLC, clock) as fleet:
        session = await open_meter(fleet, 1, framing=LINE)
        assert fleet.stats.open_associations == 1
        fleet.lines.cut(1)
        await until(lambda: fleet.stats.open_connections == 0)
        assert fleet.stats.open_associations == 0
        with pytest.raises(LinkError):
            await session.get(CLOCK)
        await session.close()


@pytest.mark.parametrize("octets", [b"\x7e" * 6000, b"\x00" * 6000, b"\x7e\xa0\x07\x03\x21\x93\xff\xff\x7e" * 700])
async def test_octets_that_name_no_meter_end_their_line(clock: Any, octets: bytes) -> None:
    async with SimulatedFleet(FleetSettings(framing=LineFraming.HDLC, idle_timeout_s=2), clock) as fleet:
        host, port, _ = fleet.address(1)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(octets)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        assert (fleet.stats.refused_connections, fleet.known) == (1, 0)


def test_hdlc_addresses_end_at_fourteen_bits() -> None:
    with pytest.raises(ValueError, match="ports is 1, expected enough for 16367 meters on each"):
        FleetSettings(meters=16_368, framing=LineFraming.HDLC)
    settings = FleetSettings(meters=100_000, ports=7, framing=LineFraming.HDLC, shared_ports=7)
    assert all(settings.meter_at(*settings.place_of(number)) == number for number in (1, 16_367, 100_000))
    assert settings.shared_place_of(100_000) == (13, 100_000 - 6 * 16_367)
