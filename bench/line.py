"""What operations cost on a meter's line: round trips and octets beside the sequence of the yardstick head-end.

Each operation runs with a simulated meter of each protocol version over a session of its own; then, on the same meter,
the sequence of `line_reference`. Counted is what lies between association and release: every request, requests for next
blocks included, and the octets both ways of the packets that carry the frames: what a mobile network bills, without
acknowledgements that travel alone. Writes of the sequence carry the values that the operation wrote. The other
head-end's default is a request for each attribute; figures that end in `_lists` give it lists of the same length as
ours. The meter has been read before: that its scalers are those of its type is known. Left out are operations whose
sequence is that of the blocks and keys they carry, and those that the other head-end does not have.

* `line_round_trips_ratio`, `line_bytes_ratio`: geometric mean over operations and versions; bar 0.6, aim 0.5;
* `line_frame_bytes_ratio`: of the frames alone, without the headers of IPv4 and TCP;
* `operation_cpu_ms_<operation>`: CPU of this side, sockets included, in an association that stands.

`python -m bench.line` prints the table by operation and keeps it in bench/line.md.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from bench.line_reference import CHANNEL, REFERENCE, Do, Get, Put, Sequences, Step
from bench.line_requests import GAS_METER, NEWCOMER, request_for
from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import MbusDevice
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys, client_title_for
from meterstream.dlms.data import AttributeRef, Data, MethodRef, Selection
from meterstream.dlms.objects import MeterProfile, load_profile
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.associations import LIST_MAX
from meterstream.protocol_dlms.executor import Context, Device, MethodTarget, Target, load_executors
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.meter import Identity, LiveMeter, attribute_ref, method_ref
from meterstream.protocol_dlms.steps import Steps
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka.memory import MemoryKafka
from meterstream.runtime.settings import KafkaSettings
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

PROTOCOLS: Final = ("DSMR 2.2", "DSMR 4.2.2", "SMR 4.3", "SMR 5.0.0", "SMR 5.1", "SMR 5.2", "SMR 5.5")
TABLE: Final = Path("bench") / "line.md"
REPEATS: Final = 30
_ZONE: Final = ZoneInfo("Europe/Amsterdam")
_FOUND: Final = load_executors(executors)
_UNSUPPORTED: Final = 416
_HEADERS: Final = 40
"""Octets of the headers of IPv4 and TCP without options."""
_SEGMENT: Final = 1460


Written: TypeAlias = dict[AttributeRef | MethodRef, Data | None]


class Cost(NamedTuple):
    """Round trips, and octets both ways: of frames, and of the packets that carry them."""

    trips: int
    octets: int
    packets: int


NOTHING: Final = Cost(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """An operation with a meter of one version: ours, the other's by default, and the other's with lists."""

    operation: str
    protocol: str
    ours: Cost
    single: Cost
    listed: Cost

    @property
    def cell(self) -> str:
        """Round trips as the table has them."""
        return f"{self.ours.trips} of {self.single.trips}"


class Octets:
    """Counts those of every frame, and those of the packets that carry it."""

    def __init__(self) -> None:
        self.frames = 0
        self.packets = 0

    def trace(self, _: object, frame: bytes) -> None:
        """See open_session."""
        self.frames += len(frame)
        self.packets += len(frame) + -(-len(frame) // _SEGMENT) * _HEADERS


class Line(NamedTuple):
    """A session of which every frame is counted."""

    session: MeterSession
    octets: Octets

    def meter(self, profile: MeterProfile, gateway: str) -> Recorder:
        """What executors see of it."""
        identity = Identity(gateway, Level.HLS5_GMAC, ())
        return Recorder(self.session, profile, None, identity, time.monotonic, scalers_verified=True)

    def cost(self, since: Cost = NOTHING) -> Cost:
        """What it has cost since then."""
        octets = self.octets
        return Cost(self.session.sent_apdus - since.trips, octets.frames - since.octets, octets.packets - since.packets)


class Recorder(LiveMeter):
    """Keeps what an operation writes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.written: Written = {}

    async def set(self, target: Target, data: Data, selection: Selection | None = None) -> None:
        self.written[attribute_ref(self.profile, target)] = data
        await super().set(target, data, selection)

    async def set_list(self, items: Sequence[tuple[Target, Data]]) -> list[DataAccessResult]:
        self.written |= {attribute_ref(self.profile, target): data for target, data in items}
        return await super().set_list(items)

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        self.written[method_ref(self.profile, target)] = data
        return await super().action(target, data)


@contextmanager
def running(settings: FleetSettings) -> Iterator[SimulatedFleet]:
    """A fleet with a thread of its own, whose CPU is not counted."""
    fleet = SimulatedFleet(settings)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(fleet.start(), loop).result()
    try:
        yield fleet
    finally:
        asyncio.run_coroutine_threadsafe(fleet.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def associated(fleet: SimulatedFleet, number: int, first_counter: int, list_max: int) -> AsyncIterator[Line]:
    """A session with a meter; nothing of the association is counted."""
    address, keys = fleet.address(number), fleet.keys(number)
    config = AssociationConfig(
        Level.HLS5_GMAC,
        server_sap=address.logical_device,
        client_title=client_title_for(fleet.identification(number)),
        keys=SecurityKeys(keys.encryption, keys.authentication),
        challenge_length=16,
        with_list_max=list_max,
    )
    octets = Octets()
    session = await open_session(
        (address.host, address.port),
        config,
        InMemoryCounters(first_counter),
        connect_timeout_s=5,
        response_timeout_s=30,
        trace=octets.trace,
    )
    async with session:
        yield Line(session, octets)


def profile_of(protocol: str) -> MeterProfile:
    name, _, version = protocol.partition(" ")
    return load_profile(name, version)


def device_of(profile: MeterProfile, gateway: str) -> Device:
    """A gas meter stands on channel 1; another one is to be coupled."""
    gas = MbusDevice(device_identification=GAS_METER, channel=CHANNEL)
    newcomer = MbusDevice(
        device_identification=NEWCOMER,
        identification_number="12345678",
        manufacturer="ELS",
        version=80,
        device_type=3,
    )
    method = "LTE" if "lte_diagnostic" in profile.objects else "CDMA"
    known = {GAS_METER: gas, NEWCOMER: newcomer}
    return Device(gateway, _ZONE, communication_method=method, channel=CHANNEL, mbus_devices=known)


class Alone:
    """Nobody else wants the partition."""

    leaving = False

    def check(self) -> None:
        """Go on."""

    def boundary(self) -> None:
        """Go on."""


async def carry_out(operation: str, meter: LiveMeter, gateway: str, now: datetime) -> None:
    """As the worker does it; nothing here needs a mark.

    Raises: PlatformError.
    """
    executor, device = _FOUND[operation], device_of(meter.profile, gateway)
    request = request_for(operation, now)
    if not executor.composite:
        await executor.execute(request, Context(meter, device, lambda: datetime.now(UTC)))
        return
    header = DlmsRequestHeader(
        organisation="BenchGrid",
        correlation_uid="0" * 20,
        attempt=1,
        device_identification=gateway,
        gateway=gateway,
        record_revision=1,
        priority=4,
        published_at=now,
        not_after=now + timedelta(days=1),
    )
    marks = Marks(MemoryKafka(KafkaSettings(bootstrap_servers="memory")).producer(), SessionTable("bench"),
                  shared_codec(), lambda: now)  # fmt: skip
    steps = Steps(header, device, Alone(), marks, _FOUND, shared_codec(), lambda: datetime.now(UTC))
    await steps.carry_out(executor, request, meter)


async def ours(
    operation: str, protocol: str, fleet: SimulatedFleet, number: int, now: datetime
) -> tuple[Cost, Written] | None:
    """What the operation costs, and what it wrote; None where the version lacks it."""
    async with associated(fleet, number, 1_000, LIST_MAX) as line:
        meter = line.meter(profile_of(protocol), fleet.identification(number))
        before = line.cost()
        try:
            await carry_out(operation, meter, fleet.identification(number), now)
        except PlatformError as failure:
            if failure.code.number != _UNSUPPORTED:
                raise
            return None
        return line.cost(before), meter.written


async def other(
    lists: Sequences,
    protocol: str,
    fleet: SimulatedFleet,
    number: int,
    list_max: int,
    written: Written,
    now: datetime,
) -> Cost:
    """What the other head-end's sequence costs."""
    async with associated(fleet, number, 2_000 * list_max + 1_000, list_max) as line:
        values = await _values(line.session, profile_of(protocol), lists, written)
        before = line.cost()
        for steps in lists:
            await _ask(line.session, profile_of(protocol), steps, values, now)
        return line.cost(before)


async def _values(session: MeterSession, profile: MeterProfile, lists: Sequences, written: Written) -> Written:
    """What there is to write: where the operation wrote nothing, what the meter holds."""
    puts = [attribute_ref(profile, step.target) for steps in lists for step in steps if isinstance(step, Put)]
    return {ref: await session.get(ref) for ref in puts if ref not in written} | written


async def _ask(
    session: MeterSession,
    profile: MeterProfile,
    steps: Sequence[Step],
    written: Written,
    now: datetime,
) -> None:
    match steps[0]:
        case Get() as read if read.span is not None:
            await session.get(attribute_ref(profile, read.target), read.selection(now))
        case Get():
            await session.get_list([attribute_ref(profile, step.target) for step in steps if isinstance(step, Get)])
        case Put():
            refs = [attribute_ref(profile, step.target) for step in steps if isinstance(step, Put)]
            values = [(ref, written[ref]) for ref in refs]
            await session.set_list([(ref, data) for ref, data in values if data is not None])
        case Do(target):
            ref = method_ref(profile, target)
            await session.action(ref, written[ref])


async def compare(now: datetime, protocols: Sequence[str] = PROTOCOLS) -> list[Row]:
    """Every operation with every version that has it."""
    rows: list[Row] = []
    operations = [name for name in REFERENCE if name in _FOUND]
    for protocol in protocols:
        with running(FleetSettings(meters=len(operations), protocols=(protocol,))) as fleet:
            for number, operation in enumerate(operations, start=1):
                found = await ours(operation, protocol, fleet, number, now)
                if found is None:
                    continue
                cost, written = found
                lists = REFERENCE[operation](profile_of(protocol))
                single, listed = [
                    await other(lists, protocol, fleet, number, most, written, now) for most in (1, LIST_MAX)
                ]
                rows.append(Row(operation, protocol, cost, single, listed))
    return rows


async def cpu(now: datetime) -> dict[str, float]:
    """CPU of each operation on this side, in ms, with a meter of a version that has nearly all of them."""
    figures: dict[str, float] = {}
    operations = [name for name in REFERENCE if name in _FOUND]
    protocol = "SMR 5.5"
    with running(FleetSettings(meters=len(operations), protocols=(protocol,))) as fleet:
        for number, operation in enumerate(operations, start=1):
            async with associated(fleet, number, 1_000, LIST_MAX) as line:
                meter = line.meter(profile_of(protocol), fleet.identification(number))
                gateway = fleet.identification(number)
                await carry_out(operation, meter, gateway, now)
                began = time.thread_time()
                for _ in range(REPEATS):
                    await carry_out(operation, meter, gateway, now)
                name = _FOUND[operation].operation.safe_name
                figures[f"operation_cpu_ms_{name}"] = (time.thread_time() - began) * 1000 / REPEATS
    return figures


def mean(rows: Sequence[Row], ratio: Callable[[Row], float]) -> float:
    """Geometric mean."""
    return math.exp(sum(math.log(ratio(row)) for row in rows) / len(rows))


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """The figures of all rows."""
    return {
        "line_round_trips_ratio": mean(rows, lambda row: row.ours.trips / row.single.trips),
        "line_bytes_ratio": mean(rows, lambda row: row.ours.packets / row.single.packets),
        "line_frame_bytes_ratio": mean(rows, lambda row: row.ours.octets / row.single.octets),
        "line_round_trips_ratio_lists": mean(rows, lambda row: row.ours.trips / row.listed.trips),
        "line_bytes_ratio_lists": mean(rows, lambda row: row.ours.packets / row.listed.packets),
    }


def table(rows: Sequence[Row], spent: Mapping[str, float]) -> str:
    """Round trips by operation and version, ours of theirs, the ratio of octets over the versions, and CPU."""
    lines = [
        f"| operation | {' | '.join(PROTOCOLS)} | octets | CPU ms |",
        f"|---|{'---:|' * len(PROTOCOLS)}---:|---:|",
    ]
    by_operation: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_operation.setdefault(row.operation, {})[row.protocol] = row
    for operation, found in by_operation.items():
        cells = [found[protocol].cell if protocol in found else "-" for protocol in PROTOCOLS]
        octets = mean(list(found.values()), lambda row: row.ours.packets / row.single.packets)
        cpu_ms = spent[f"operation_cpu_ms_{_FOUND[operation].operation.safe_name}"]
        lines.append(f"| `{operation}` | {' | '.join(cells)} | {octets:.2f} | {cpu_ms:.2f} |")
    return "\n".join(lines) + "\n"


def full_hour() -> datetime:
    """The end of all ranges: the last full hour that is over for certain."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def run() -> dict[str, float]:
    """All figures."""
    now = full_hour()
    return ratios(asyncio.run(compare(now))) | asyncio.run(cpu(now))


HEAD: Final = """\
# Round trips on a meter's line

Written by `python -m bench.line`, which says what is counted. "1 of 7": one round trip where the yardstick's sequence
takes seven; "-": the version does not have it. Octets: those of packets, ours over theirs, geometric mean over the
versions. CPU: of protocol-dlms' side, sockets included, in an association with a meter of SMR 5.5 that stands.
"""


def main() -> None:
    """Write the table."""
    rows = asyncio.run(compare(full_hour()))
    text = table(rows, asyncio.run(cpu(full_hour())))
    TABLE.write_text(f"{HEAD}\n{text}", encoding="utf-8")
    print(text)
    for name, value in ratios(rows).items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
