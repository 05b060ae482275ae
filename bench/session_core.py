"""What one session costs: AARQ, HLS 5 pass 3 and 4, GET of the clock, release.

* `session_get_core_cpu_ms`: the client role alone, bytes passed in memory;
* `meter_session_cpu_ms`: the meter role in the same exchange;
* `session_get_ratio_gurux`, `session_get_ratio_dlms_cosem`: CPU of the client of gurux-dlms, as shipped, and of
  dlms-cosem, its log filtered, over that of the client role. All talk to the same meter role, take turns in one
  process, and are charged for their own calls only; `peers.py` tells what each of them does;
* `session_get_cpu_ms`: the asyncio adapter over loopback on uvloop, as the services run it; the meters are another
  process;
* `profile_96_ms`: the octets of a buffer of 96 rows (clock, status, two registers) to typed, scaled values, decoding
  included; `profile_96_data_ms`: the same by way of COSEM data, as a GET gives it;
* `open_session_kb`: resident memory per association, of 15,000 that the adapter holds open at once in one process; what
  the kernel keeps for a socket is not in it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import psutil
import uvloop

from bench.one_session import CHALLENGE, CLOCK, CONFIG, FIRST_COUNTER, Stopwatch, new_meter, own_session
from bench.peers import cosem_session, gurux_session, silence_cosem, silence_gurux
from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
from meterstream.dlms.data import (
    CaptureObject,
    CosemDateTime,
    LogicalName,
    ProfileColumn,
    array,
    decode,
    decode_profile_rows,
    double_long_unsigned,
    encode,
    profile_rows,
    structure,
    unsigned,
)

ROUNDS = 40
OWN_SESSIONS_PER_ROUND = 20
COSEM_SESSIONS_PER_ROUND = 5
SOCKET_SESSIONS = 2_000
CONCURRENCY = 20
OPEN_SESSIONS = 15_000
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
SPARE_FILES = 1_000
WARM_UP = 50

Address = tuple[str, int]


def core_figures() -> dict[str, float]:
    silence_gurux()
    silence_cosem()
    for _ in range(WARM_UP):
        own_session()
    gurux_session()
    cosem_session()
    own: list[tuple[int, int]] = []
    gurux: list[int] = []
    cosem: list[int] = []
    for _ in range(ROUNDS):
        own += [own_session() for _ in range(OWN_SESSIONS_PER_ROUND)]
        gurux.append(gurux_session())
        cosem += [cosem_session() for _ in range(COSEM_SESSIONS_PER_ROUND)]
    client = statistics.median(session[0] for session in own)
    return {
        "session_get_core_cpu_ms": client / 1e6,
        "meter_session_cpu_ms": statistics.median(session[1] for session in own) / 1e6,
        "session_get_ratio_gurux": statistics.median(gurux) / client,
        "session_get_ratio_dlms_cosem": statistics.median(cosem) / client,
    }


# A profile

PROFILE_COLUMNS = (
    ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2)),
    ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.2.255"), 2)),
    ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2), scaler=-3),
    ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.2.8.0.255"), 2), scaler=-3),
)
PROFILE_ROWS = 96
PROFILE_ROUNDS = 1_000


def profile_octets(day: int) -> bytes:
    """A day of quarters of an hour."""
    begin = datetime(2024, 7, 1, tzinfo=UTC) + timedelta(days=day)
    return encode(
        array(
            structure(
                CosemDateTime.from_datetime(begin + row * timedelta(minutes=15)).to_data(),
                unsigned(row % 7),
                double_long_unsigned(1_234_567 + 31 * row),
                double_long_unsigned(7 * row),
            )
            for row in range(PROFILE_ROWS)
        )
    )


def profile_figures() -> dict[str, float]:
    octets = [profile_octets(day) for day in range(10)]
    direct: list[int] = []
    by_data: list[int] = []
    for number in range(PROFILE_ROUNDS):
        raw = octets[number % len(octets)]
        clocked = Stopwatch()
        rows = clocked(decode_profile_rows, raw, PROFILE_COLUMNS)
        direct.append(clocked.ns)
        clocked = Stopwatch()
        same_rows = clocked(profile_rows, clocked(decode, raw), PROFILE_COLUMNS)
        by_data.append(clocked.ns)
        if len(rows) != PROFILE_ROWS or rows != same_rows:
            raise RuntimeError("the profile was not read as it should")
    return {
        "profile_96_ms": statistics.median(direct) / 1e6,
        "profile_96_data_ms": statistics.median(by_data) / 1e6,
    }


# Over sockets


class Line(asyncio.Protocol):
    """One connection to a meter."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._meter, self._transport = new_meter(), transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._meter.receive(data))  # type: ignore[attr-defined]
        if self._meter.closed:
            self._transport.close()


async def play_meters() -> None:
    """On a port of their own at each of HOSTS: more connections than one address has ports for."""
    allow_files(OPEN_SESSIONS + WARM_UP)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Line, host, 0, backlog=1_000) for host in HOSTS]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


@contextmanager
def meters() -> Iterator[list[Address]]:
    """Addresses of meters in a process of their own."""
    command = [sys.executable, "-m", "bench.session_core", "--meters"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            ports = [int(port) for port in process.stdout.readline().split()]
            yield list(zip(HOSTS, ports, strict=True))
        finally:
            process.terminate()


def allow_files(number: int) -> None:
    """Lets this process have so many connections. Raises: PermissionError, ValueError."""
    wanted = number + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


async def connected(address: Address) -> MeterSession:
    counters = InMemoryCounters(FIRST_COUNTER)
    return await open_session(
        address, CONFIG, counters, connect_timeout_s=30, response_timeout_s=30, challenge=lambda _: CHALLENGE
    )


async def sessions(address: Address, number: int) -> None:
    async def work() -> None:
        for _ in range(number // CONCURRENCY):
            async with await connected(address) as session:
                await session.get(CLOCK)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def socket_figures(address: Address) -> dict[str, float]:
    await sessions(address, WARM_UP * CONCURRENCY)
    costs: list[float] = []
    for _ in range(5):
        began = time.process_time()
        await sessions(address, SOCKET_SESSIONS // 5)
        costs.append((time.process_time() - began) / (SOCKET_SESSIONS // 5))
    return {"session_get_cpu_ms": statistics.median(costs) * 1e3}


async def opened(addresses: Sequence[Address], number: int) -> list[MeterSession]:
    """Associations that have each read the clock and stay open."""
    waiting = islice(cycle(addresses), number)

    async def work() -> list[MeterSession]:
        found = []
        for address in waiting:
            session = await connected(address)
            await session.get(CLOCK)
            found.append(session)
        return found

    return [session for part in await asyncio.gather(*(work() for _ in range(CONCURRENCY))) for session in part]


async def memory_figures(addresses: Sequence[Address]) -> dict[str, float]:
    """Must run before anything else has grown the process: memory given back inside it would be counted as free."""
    allow_files(OPEN_SESSIONS + WARM_UP)
    process = psutil.Process()
    held = await opened(addresses, WARM_UP)
    gc.collect()
    before = process.memory_info().rss
    held += await opened(addresses, OPEN_SESSIONS)
    gc.collect()
    grown = process.memory_info().rss - before
    if len(held) != OPEN_SESSIONS + WARM_UP or not all(session.usable for session in held):
        raise RuntimeError("not all sessions stayed open")
    for session in held:
        session.abort()
    return {"open_session_kb": grown / OPEN_SESSIONS / 1024}


def run() -> dict[str, float]:
    """All figures of this module."""
    with meters() as addresses:
        figures = uvloop.run(memory_figures(addresses))
        figures |= uvloop.run(socket_figures(addresses[0]))
    return figures | core_figures() | profile_figures()


if __name__ == "__main__":
    if "--meters" in sys.argv:
        uvloop.run(play_meters())
    else:
        print(json.dumps(run(), indent=2))
