"""Lines of a fleet: shared ports, a bound on open lines, lines that are cut, meters that are down, open files."""

from __future__ import annotations

import resource
from typing import Any

import pytest

from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import LinkError
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.network.openfiles import room_for_lines
from meterstream.simulator.settings import MAX_DEVICES_PER_PORT, FleetSettings

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
IDENTIFICATION = AttributeRef(1, LogicalName.parse("0.0.96.1.1.255"), 2)


async def test_a_meter_has_its_own_port_and_is_on_the_shared_one_too(
    open_meter: Any, counters: Any, clock: Any
) -> None:
    async with SimulatedFleet(FleetSettings(meters=4, ports=4, shared_ports=1), clock) as fleet:
        assert len(set(fleet.ports)) == 5
        own, shared = fleet.address(3), fleet.shared_address(3)
        assert (own.logical_device, shared.logical_device) == (1, 3)
        assert shared.port == fleet.ports[-1] != own.port
        ours = counters()
        for address in (own, shared):
            session = await open_meter(fleet, 3, ours, address=address)
            assert (await session.get(IDENTIFICATION)).value == fleet.identification(3).encode()
            await session.close()
        assert fleet.known == 1


def test_shared_ports_hold_a_hundred_thousand_meters() -> None:
    settings = FleetSettings(meters=100_000, ports=1000, port=20_000, shared_ports=2)
    assert settings.shared_place_of(MAX_DEVICES_PER_PORT) == (1000, MAX_DEVICES_PER_PORT)
    assert settings.shared_place_of(100_000) == (1001, 100_000 - MAX_DEVICES_PER_PORT)
    for number in (1, 65_520, 65_521, 100_000):
        assert settings.meter_at(*settings.place_of(number)) == number
        assert settings.meter_at(*settings.shared_place_of(number)) == number
    assert settings.meter_at(1001, 100_001 - MAX_DEVICES_PER_PORT) is None
    assert settings.meter_at(1000, MAX_DEVICES_PER_PORT + 1) is None
    with pytest.raises(ValueError, match="shared_ports is 0, expected 1 or more"):
        FleetSettings().shared_place_of(1)


async def test_more_lines_than_allowed_are_refused(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=3, max_connections=2), clock) as fleet:
        first, second = await open_meter(fleet, 1), await open_meter(fleet, 2)
        with pytest.raises(LinkError):
            await open_meter(fleet, 3)
        assert fleet.stats.refused_connections == 1
        await first.close()
        async with await open_meter(fleet, 3) as session:
            await session.get(CLOCK)
        await second.close()


async def test_a_cut_line_ends_and_the_next_one_is_served(open_meter: Any, counters: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        ours = counters()
        session = await open_meter(fleet, 1, ours)
        assert fleet.lines.cut(1) == 1
        with pytest.raises(LinkError):
            await session.get(CLOCK)
        await session.close()
        async with await open_meter(fleet, 1, ours) as session:
            await session.get(CLOCK)
        assert fleet.lines.cut(1) <= 1


async def test_a_meter_that_is_down_is_silent_until_it_is_up(
    open_meter: Any, counters: Any, clock: Any, until: Any
) -> None:
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        ours, woken = counters(), []
        session = await open_meter(fleet, 1, ours)
        assert fleet.lines.take_down(1, 0.2, lambda: woken.append(True)) == 1
        assert fleet.lines.is_down(1)
        with pytest.raises(LinkError):
            await open_meter(fleet, 1, ours)
        assert fleet.stats.associations == 1
        await session.close()
        async with await open_meter(fleet, 2, ours) as other:
            await other.get(CLOCK)
        await until(lambda: bool(woken))
        assert not fleet.lines.is_down(1)
        async with await open_meter(fleet, 1, ours) as session:
            await session.get(CLOCK)


def test_the_limit_on_open_files_is_raised() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        assert room_for_lines(4, 400) == 400
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500
        assert room_for_lines(4, 100) == 100
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_where_the_limit_cannot_be_raised_fewer_lines_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = (300, 350)

    def change(_which: int, wanted: tuple[int, int]) -> None:
        nonlocal limits
        if wanted[1] > limits[1]:
            raise ValueError("not allowed to raise maximum limit")
        limits = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits)
    monkeypatch.setattr(resource, "setrlimit", change)
    assert room_for_lines(4, 400) == 350 - 4 - 96
    assert limits == (350, 350)
    with pytest.raises(OSError, match=r"300 ports need 397 open files, 350 are allowed \(ulimit -n\)"):
        room_for_lines(300, 1)
