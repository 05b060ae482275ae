"""What a fleet of 100,000 simulated meters costs the process that plays it, over real sockets.

* `simulator_association_kb`: growth of the fleet's resident memory per open association, between 1,000 and 6,000 that
  are open at once, each with a meter that had not been contacted before, so the meter itself is in it;
* `simulator_idle_meter_bytes`: growth per meter that was contacted once (AARQ, HLS 5, GET of the clock, release) and
  has no line any more, between 5,000 and 25,000 meters.

Each is taken in a fleet of its own, and not from the first one on: memory that the process freed while it started would
count as if it cost nothing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import uvloop

from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys, client_title_for
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.simulator.identity import identification_for, keys_for
from meterstream.simulator.network.openfiles import room_for_lines

METERS = 100_000
PORTS = 4
PER_PORT = METERS // PORTS
SEED = "bench"
CONCURRENCY = 20
WARM_LINES = 1_000
OPEN_LINES = 5_000
WARM_METERS = 5_000
IDLE_METERS = 20_000
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
TIMEOUT_S = 30


class Fleet:
    """A running fleet."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self._process = psutil.Process(process.pid)
        self._ready = ready

    def resident(self) -> int:
        """Octets of its process that are in memory."""
        return int(self._process.memory_info().rss)

    async def session(self, number: int) -> MeterSession:
        """An HLS 5 association with a meter."""
        index, device = divmod(number - 1, PER_PORT)
        keys, identification = keys_for(SEED, number), identification_for(number)
        config = AssociationConfig(
            Level.HLS5_GMAC,
            server_sap=device + 1,
            client_title=client_title_for(identification),
            keys=SecurityKeys(keys.encryption, keys.authentication),
        )
        return await open_session(
            (self._ready["host"], self._ready["ports"][index]),
            config,
            InMemoryCounters(100_000 + number),
            connect_timeout_s=TIMEOUT_S,
            response_timeout_s=TIMEOUT_S,
        )


@contextmanager
def running_fleet() -> Iterator[Fleet]:
    """A fleet in a process of its own."""
    command = [
        sys.executable, "-m", "meterstream.simulator", f"--meters={METERS}", f"--ports={PORTS}", f"--seed={SEED}",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Fleet(process, json.loads(process.stdout.readline()))
        finally:
            process.terminate()


async def in_turn(fleet: Fleet, numbers: range) -> list[MeterSession]:
    """Open associations with meters, some at a time."""
    waiting = iter(numbers)
    opened: list[MeterSession] = []

    async def work() -> None:
        opened.extend([await fleet.session(number) for number in waiting])

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return opened


async def association_octets(fleet: Fleet) -> float:
    """Resident octets per open association."""
    opened = await in_turn(fleet, range(1, WARM_LINES + 1))
    before = fleet.resident()
    opened += await in_turn(fleet, range(WARM_LINES + 1, WARM_LINES + OPEN_LINES + 1))
    after = fleet.resident()
    for session in opened[:: len(opened) // CONCURRENCY]:
        await session.get(CLOCK)
    for session in opened:
        await session.close()
    return (after - before) / OPEN_LINES


async def idle_octets(fleet: Fleet) -> float:
    """Resident octets per meter that was contacted once."""

    async def contact(numbers: range) -> int:
        waiting = iter(numbers)

        async def work() -> None:
            for number in waiting:
                async with await fleet.session(number) as session:
                    await session.get(CLOCK)

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        return fleet.resident()

    before = await contact(range(1, WARM_METERS + 1))
    return (await contact(range(WARM_METERS + 1, WARM_METERS + IDLE_METERS + 1)) - before) / IDLE_METERS


def run() -> dict[str, float]:
    """The figures."""
    if room_for_lines(0, WARM_LINES + OPEN_LINES) < WARM_LINES + OPEN_LINES:
        raise SystemExit(f"{OPEN_LINES} lines at once need a higher limit on open files (ulimit -n)")
    with running_fleet() as fleet:
        association = uvloop.run(association_octets(fleet))
    with running_fleet() as fleet:
        idle = uvloop.run(idle_octets(fleet))
    return {"simulator_association_kb": association / 1024, "simulator_idle_meter_bytes": idle}
