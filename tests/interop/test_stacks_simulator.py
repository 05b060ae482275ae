"""Clients that no one here wrote read a simulated meter, and find what our own client finds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest
from stacks import world
from stacks.cases import Connect
from stacks.cosem_client import CosemClient
from stacks.gurux_client import GuruxClient
from stacks.jdlms import JdlmsClient, JdlmsProcess
from stacks.ours import OurClient
from stacks.port import Line, Way
from stacks.world import Plain

from meterstream.dlms.client import MANAGEMENT_CLIENT
from meterstream.dlms.data import octet_string
from meterstream.dlms.meter import Habits, Level
from meterstream.dlms.objects import load_profile
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import CounterRule, FleetSettings

pytestmark = pytest.mark.servers

NOW = datetime(2026, 7, 15, 10, 7, 30, tzinfo=UTC)
HOUR = (datetime(2026, 7, 15, 8, tzinfo=UTC), datetime(2026, 7, 15, 9, tzinfo=UTC))
PACK = load_profile("SMR", "5.0.0")
ROLES = ("interval_values_e", "daily_values_e")
METER = 1
LEVELS = {Way.NONE: Level.NONE, Way.HLS5: Level.HLS5_GMAC}


def line_of(fleet: SimulatedFleet, way: Way) -> Line:
    host, port, _ = fleet.address(METER)
    keys = fleet.keys(METER)
    return Line(
        host,
        port,
        way,
        encryption_key=keys.encryption,
        authentication_key=keys.authentication,
        client_sap=MANAGEMENT_CLIENT,
    )


def readings(connect: Connect, line: Line) -> dict[str, Plain]:
    """What a head-end asks first, by one client."""
    client = connect(line)
    found: dict[str, Plain] = {}
    try:
        client.associate()
        found["clock"] = client.get(world.CLOCK)
        energy, unit = client.get_list([world.ENERGY, world.ENERGY_UNIT])
        found["energy"], found["unit"] = energy, unit
        for role in ROLES:
            found[role] = client.get(PACK.ref(role, 3))
        found["hour"] = client.rows_by_range(PACK.ref("interval_values_e", 2), *HOUR)
        assert isinstance(found["clock"], bytes)
        client.set(world.CLOCK, octet_string(found["clock"]))
        client.release()
    finally:
        client.close()
    return found


@pytest.mark.parametrize(
    ("stack", "way"),
    [
        ("gurux-dlms", Way.NONE),
        ("gurux-dlms", Way.HLS5),
        ("dlms-cosem", Way.NONE),  # with ciphering it needs general-glo, which meters of SMR do not have
        ("jDLMS", Way.NONE),
        ("jDLMS", Way.HLS5),
    ],
)
async def test_a_simulated_meter_is_read_as_by_our_client(stack: str, way: Way, jdlms_client: JdlmsProcess) -> None:
    theirs: Connect = {
        "gurux-dlms": GuruxClient,
        "dlms-cosem": CosemClient,
        "jDLMS": partial(JdlmsClient, process=jdlms_client),
    }[stack]
    settings = FleetSettings(
        meters=METER,
        level=LEVELS[way],
        habits=Habits(close_after_release=False),
        # dlms-cosem and jDLMS use a counter twice: for the token of HLS pass 3, and for the APDU around it.
        counter_rule=CounterRule.FREE,
    )
    found = []
    for connect in (OurClient, theirs):
        async with SimulatedFleet(settings, NOW.timestamp) as fleet:
            found.append(await asyncio.to_thread(readings, connect, line_of(fleet, way)))
            assert fleet.stats.releases == 1
    ours, other = found
    assert ours["hour"] != []
    assert other == ours
