"""The whole path: commands on Kafka, over domain and protocol-dlms to meters, until ws-adapter has stored the result.

Half GetActualMeterReads, half SynchronizeTime, HLS5 suite 0, a new session per command, meters that answer after
50 ms. Load generator, broker, database and fleet share the machine with the platform.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString, Self
from uuid import uuid4

import psutil
import psycopg
import uvloop

from meterstream.contracts.operation import Result
from meterstream.demo.commands import Installer, actual_reads, synchronize_time
from meterstream.demo.faces import KafkaFace, Submission
from meterstream.demo.fleet import DemoMeter, Fleet, FleetSettings, running_fleet
from meterstream.demo.stack import Organisation, Stack, StackSettings, running_stack
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka import Producer

METERS = int(os.environ.get("BENCH_METERS", "5000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
WARM_UP_S = 10.0
METER_DELAY_MS = 50
OUTSTANDING = 1200
TICK_S = 0.02
ASK_EVERY_S = 0.25  # counting costs the database time that the platform shall have
PUBLISH_CHUNK = 50
INSTALL_CHUNK = 250
DEADLINE_S = 600.0
ORGANISATION = "BenchGrid"
DIRECTORY = Path(".local") / "bench"

COUNT_STORED = "select count(*) from ws_adapter.commands where finished_at is not null"
COUNT_NEWER = (
    "select count(*) filter (where finished_at < %(settled)s), count(*)"
    " from ws_adapter.commands where finished_at >= %(since)s"
)
SETTLED_AFTER = timedelta(seconds=3)
"""A result that is older is stored, or counts as under way until all are counted anew."""
RESULTS_BETWEEN = (
    "select extract(epoch from stored_at), result from ws_adapter.commands"
    " where finished_at is not null and created_at between %s and %s"
)


@dataclass
class Window:
    """What happened in one measured stretch of time."""

    began: datetime
    ended: datetime
    seconds: float
    stored: int
    cpu_seconds: dict[str, float]
    stolen_seconds: float


class Generator:
    """Publishes commands and knows how many are stored."""

    def __init__(self, stack: Stack, meters: Sequence[DemoMeter]) -> None:
        self._stack = stack
        self._producer = Producer(stack.kafka_settings)
        self._face = KafkaFace(self._producer, ORGANISATION)
        self._submissions = self._endless([meter.identification for meter in meters])
        self._published = 0
        self._connection: psycopg.AsyncConnection[tuple[int, ...]] | None = None

    @staticmethod
    def _endless(devices: Sequence[str]) -> Iterator[Submission]:
        makers = itertools.cycle((actual_reads, synchronize_time))
        for device in itertools.cycle(devices):
            yield next(makers)(device)

    async def __aenter__(self) -> Self:
        await self._producer.start()
        self._connection = await psycopg.AsyncConnection.connect(
            self._stack.dsn("ws-adapter"), autocommit=True, options="-c enable_seqscan=off -c enable_bitmapscan=off"
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        if self._connection is not None:
            await self._connection.close()

    async def install(self, meters: Sequence[DemoMeter]) -> None:
        """Register every meter."""
        installer = Installer(self._stack.keys / "rsa-public.pem")
        for start in range(0, len(meters), INSTALL_CHUNK):
            chunk = meters[start : start + INSTALL_CHUNK]
            await self._publish([installer.add_device(meter) for meter in chunk])
        await self.drained()

    async def _publish(self, submissions: Sequence[Submission]) -> None:
        await self._face.publish([(f"bench-{uuid4().hex}", submission) for submission in submissions])
        self._published += len(submissions)

    async def stored(self) -> int:
        """Results that ws-adapter has stored so far."""
        return (await self._row(COUNT_STORED, {}))[0]

    async def _row(self, statement: LiteralString, parameters: dict[str, object]) -> tuple[int, ...]:
        if self._connection is None:
            raise RuntimeError("the generator does not run")
        row = await (await self._connection.execute(statement, parameters)).fetchone()
        return row or (0, 0)

    async def drained(self) -> None:
        """Return when every published command has its stored result."""
        deadline = time.monotonic() + DEADLINE_S
        while await self.stored() < self._published:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{await self.stored()} of {self._published} results after {DEADLINE_S:g} s")
            await asyncio.sleep(0.2)

    async def saturate(self, seconds: float) -> None:
        """Keep about a fixed number of commands under way."""
        deadline = time.monotonic() + seconds
        since = datetime.now(UTC) - SETTLED_AFTER
        settled = await self.stored() - (await self._row(COUNT_NEWER, {"settled": since, "since": since}))[1]
        while (now := time.monotonic()) < deadline:
            until = datetime.now(UTC) - SETTLED_AFTER
            old, newer = await self._row(COUNT_NEWER, {"settled": until, "since": since})
            room = OUTSTANDING - (self._published - settled - newer)
            settled, since = settled + old, until
            for _ in range(0, room, PUBLISH_CHUNK):
                await self._publish(list(itertools.islice(self._submissions, PUBLISH_CHUNK)))
            await asyncio.sleep(max(0.0, now + ASK_EVERY_S - time.monotonic()))

    async def pace(self, per_s: float, seconds: float) -> None:
        """Publish at a steady rate."""
        began = time.monotonic()
        published = 0
        while (elapsed := time.monotonic() - began) < seconds:
            due = int(elapsed * per_s) - published
            if due > 0:
                await self._publish(list(itertools.islice(self._submissions, due)))
                published += due
            await asyncio.sleep(TICK_S)


class CpuMeter:
    """CPU time by process."""

    def __init__(self, stack: Stack, fleet: Fleet) -> None:
        self._pids = {name.rsplit("-", 1)[0].replace("-", "_"): process.pid for name, process in stack.services.items()}
        self._pids["fleet"] = fleet.pid
        self._pids["load"] = os.getpid()
        for name, server in (("kafka", stack.kafka), ("postgres", stack.postgres)):
            pids = getattr(server.control, "pids", ())
            if pids:
                self._pids[name] = pids[0]

    def read(self) -> dict[str, float]:
        """Seconds used so far, children included."""
        return {name: sum(map(_cpu, _family(pid))) for name, pid in self._pids.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)] if pid != os.getpid() else [process]


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _stolen() -> float:
    """Seconds that this virtual machine wanted a CPU and its host did not give it; 0 where the system does not tell."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


async def _window(generator: Generator, cpu: CpuMeter, work_s: float, per_s: float | None) -> Window:
    stolen = _stolen()
    began, before, cpu_before, clock = datetime.now(UTC), await generator.stored(), cpu.read(), time.monotonic()
    if per_s is None:
        await generator.saturate(work_s)
    else:
        await generator.pace(per_s, work_s)
    seconds, ended = time.monotonic() - clock, datetime.now(UTC)
    stored, cpu_after = await generator.stored() - before, cpu.read()
    used = {name: cpu_after[name] - cpu_before[name] for name in cpu_before}
    return Window(began, ended, seconds, stored, used, _stolen() - stolen)


def overheads_ms(stack: Stack, window: Window) -> list[float]:
    """Milliseconds in the platform of every command created in the window: the meter's own time is taken off.

    Raises: RuntimeError where a command failed, so that speed is never bought with errors.
    """
    codec = Codec()
    found = []
    with psycopg.connect(stack.dsn("ws-adapter")) as connection:
        for stored_at, raw in connection.execute(RESULTS_BETWEEN, (window.began, window.ended)):
            result = codec.decode_as(raw, Result)
            if result.error is not None:
                raise RuntimeError(f"a command failed: {result.error.code} {result.error.message}")
            total = float(stored_at) - result.header.created_at.timestamp()
            found.append(total * 1000 - (result.meter_ms or 0))
    return found


async def _measure(stack: Stack, fleet: Fleet) -> dict[str, float]:
    meters = fleet.meters()
    async with Generator(stack, meters) as generator:
        cpu = CpuMeter(stack, fleet)
        await generator.install(meters)
        await generator.saturate(WARM_UP_S + METERS / 200)  # every meter has had its first session and counters
        full = await _window(generator, cpu, SECONDS, None)
        await generator.drained()
        half = await _window(generator, cpu, SECONDS / 2, full.stored / full.seconds / 2)
        await generator.drained()
    overheads = sorted(overheads_ms(stack, half))
    overheads_ms(stack, full)
    if fleet.stats()["repeated_nonces"]:
        raise RuntimeError("the meters saw a repeated nonce")
    cuts = statistics.quantiles(overheads, n=100, method="inclusive")
    return {
        "e2e_commands_per_s_per_vcpu": full.stored / full.seconds / (os.cpu_count() or 1),
        "e2e_stolen_cpu_percent": 100 * full.stolen_seconds / full.seconds / (os.cpu_count() or 1),
        "e2e_half_load_stolen_cpu_percent": 100 * half.stolen_seconds / half.seconds / (os.cpu_count() or 1),
        "e2e_overhead_p50_ms": cuts[49],
        "e2e_overhead_p95_ms": cuts[94],
        "e2e_overhead_p99_ms": cuts[98],
        **{f"e2e_cpu_ms_{name}": used * 1000 / full.stored for name, used in full.cpu_seconds.items()},
    }


def run() -> dict[str, float]:
    """Throughput per vCPU at saturation, time in the platform at half of that, CPU by process."""
    arguments = (f"--delay-ms={METER_DELAY_MS}", "--delay-per=answer")
    fleet_settings = FleetSettings((DIRECTORY / "fleet").resolve(), METERS, "bench", arguments=arguments)
    settings = StackSettings(
        directory=(DIRECTORY / "stack").resolve(),
        organisations=(Organisation(ORGANISATION, admin=True),),
        device_partitions=2,  # one replica of each service shares two cores with everything else
        spread_partitions=1,
        environment={
            "METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S": "0",
            "METERSTREAM_SESSIONS__CONNECTS_PER_S": "5000",
            "METERSTREAM_LOG__LEVEL": "WARNING",
        },
    )
    with running_fleet(fleet_settings) as fleet, running_stack(settings) as stack:
        return uvloop.run(_measure(stack, fleet))
