"""What one session costs: AARQ, HLS 5 pass 3 and 4, GET of the clock, release.

* `session_get_core_cpu_ms`: the client role alone, bytes passed in memory;
* `session_meter_core_cpu_ms`: the meter role in the same exchange;
* `session_get_ratio_gurux`: CPU of the client of gurux-dlms, as shipped, over that of the client role. Both talk to the
  same meter role, take turns in one process, and are charged for their own calls only;
* `session_get_cpu_ms`: the asyncio adapter over loopback on uvloop, as the services run it; the meters are another
  process;
* `profile_96_ms`: the octets of a buffer of 96 rows (clock, status, two registers) to typed, scaled values, decoding
  included; `profile_96_data_ms`: the same by way of COSEM data, as a GET gives it;
* `open_session_kb`: resident memory per association that the adapter holds open.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import psutil
import uvloop

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Continue, GetAnswer, Level, SecurityKeys
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    ProfileColumn,
    array,
    decode,
    decode_profile_rows,
    double_long_unsigned,
    encode,
    octet_string,
    profile_rows,
    structure,
    unsigned,
)
from meterstream.dlms.meter import ClientAccess, CounterPolicy, MeterAssociation, MeterSecurity

ROUNDS = 40
OWN_SESSIONS_PER_ROUND = 20
SOCKET_SESSIONS = 2_000
CONCURRENCY = 20
OPEN_SESSIONS = 1_000
WARM_UP = 50

KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE = bytes.fromhex("4F5347000000270F")
CHALLENGE = bytes(range(16))  # gurux-dlms writes a wrong length when the AARQ passes 127 octets
FIRST_COUNTER = 1
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CLOCK_OCTETS = bytes.fromhex("07E8070F010A1E0000FF8880")
CONFIG = AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=KEYS, challenge_length=len(CHALLENGE))

_T = TypeVar("_T")


class ClockOnly:
    """The objects of the measured meter."""

    value = octet_string(CLOCK_OCTETS)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:  # noqa: ARG002
        return self.value if ref == CLOCK else DataAccessResult.OBJECT_UNDEFINED

    def set(
        self,
        client_sap: int,  # noqa: ARG002
        ref: AttributeRef,  # noqa: ARG002
        selection: Selection | None,  # noqa: ARG002
        data: Data,  # noqa: ARG002
    ) -> DataAccessResult:
        return DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:  # noqa: ARG002
        return ActionResult.OBJECT_UNDEFINED, None


OBJECTS = ClockOnly()


def new_meter() -> MeterAssociation:
    """A connection to a fresh meter; counters are free, so that every session may start at the same one."""
    access = ClientAccess(Level.HLS5_GMAC, KEYS, counter_policy=CounterPolicy.FREE)
    return MeterAssociation(OBJECTS, MeterSecurity(SERVER_TITLE, {1: access}, lambda length: CHALLENGE[::-1][:length]))


class Stopwatch:
    """CPU time of the calls made through it."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self, call: Callable[..., _T], *arguments: Any) -> _T:
        began = time.thread_time_ns()
        try:
            return call(*arguments)
        finally:
            self.ns += time.thread_time_ns() - began


def own_session() -> tuple[int, int]:
    """(client, meter) CPU in ns."""
    client_time, meter_time = Stopwatch(), Stopwatch()
    meter = meter_time(new_meter)
    client = client_time(ClientAssociation, CONFIG, count(FIRST_COUNTER).__next__, CHALLENGE)

    def exchange(frame: bytes) -> object:
        event = client_time(client.receive, meter_time(meter.receive, frame))
        while isinstance(event, Continue):
            event = client_time(client.receive, meter_time(meter.receive, event.frame))
        return event

    exchange(client_time(client.associate))
    answer = exchange(client_time(client.get, CLOCK))
    exchange(client_time(client.release))
    if answer != GetAnswer(OBJECTS.value) or not meter.closed:
        raise RuntimeError("the session did not run as it should")
    return client_time.ns, meter_time.ns


def gurux_session() -> int:
    """CPU in ns of the client of gurux-dlms for the same session."""
    from gurux_dlms import GXReplyData  # GPL: imported where it is measured, never by the platform
    from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
    from gurux_dlms.objects import GXDLMSClock
    from gurux_dlms.secure import GXDLMSSecureClient

    clocked, meter = Stopwatch(), new_meter()

    def new_client() -> Any:
        client = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = CLIENT_TITLE
        client.ciphering.blockCipherKey = KEYS.encryption_key
        client.ciphering.authenticationKey = KEYS.authentication_key
        client.ciphering.invocationCounter = FIRST_COUNTER
        client.ctoSChallenge = CHALLENGE
        # Not its default, which makes the meter choose another way of ciphering.
        client.proposedConformance = Conformance.GET | Conformance.SET | Conformance.ACTION
        return client

    client = clocked(new_client)

    def exchange(frames: Any) -> Any:
        reply = GXReplyData()
        for frame in frames:
            clocked(client.getData, bytearray(meter.receive(bytes(frame))), reply)
        return reply

    client_aarq = clocked(client.aarqRequest)
    clocked(client.parseAareResponse, exchange(client_aarq).data)
    pass_3 = clocked(client.getApplicationAssociationRequest)
    clocked(client.parseApplicationAssociationResponse, exchange(pass_3).data)
    value = exchange(clocked(client.read, GXDLMSClock("0.0.1.0.0.255"), 2)).value
    exchange(clocked(client.releaseRequest))
    if bytes(value) != CLOCK_OCTETS or not meter.closed:
        raise RuntimeError("the session of gurux-dlms did not run as it should")
    return clocked.ns


def silence_gurux() -> None:
    """Its prints cost time and would spoil the output."""
    import gurux_dlms.secure  # noqa: F401

    for name, module in list(sys.modules.items()):
        if name.startswith("gurux_dlms") and module is not None:
            module.__dict__["print"] = lambda *_, **__: None


def core_figures() -> dict[str, float]:
    silence_gurux()
    for _ in range(WARM_UP):
        own_session()
    gurux_session()
    own: list[tuple[int, int]] = []
    gurux: list[int] = []
    for _ in range(ROUNDS):
        own += [own_session() for _ in range(OWN_SESSIONS_PER_ROUND)]
        gurux.append(gurux_session())
    client = statistics.median(session[0] for session in own)
    return {
        "session_get_core_cpu_ms": client / 1e6,
        "session_meter_core_cpu_ms": statistics.median(session[1] for session in own) / 1e6,
        "session_get_ratio_gurux": statistics.median(gurux) / client,
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
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def meters() -> Iterator[tuple[str, int]]:
    """Address of meters in a process of their own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--meters"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield "127.0.0.1", int(process.stdout.readline())
        finally:
            process.terminate()


async def connected(address: tuple[str, int]) -> MeterSession:
    counters = InMemoryCounters(FIRST_COUNTER)
    return await open_session(
        address, CONFIG, counters, connect_timeout_s=30, response_timeout_s=30, challenge=lambda _: CHALLENGE
    )


async def sessions(address: tuple[str, int], number: int) -> None:
    async def work() -> None:
        for _ in range(number // CONCURRENCY):
            async with await connected(address) as session:
                await session.get(CLOCK)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def socket_figures(address: tuple[str, int]) -> dict[str, float]:
    await sessions(address, WARM_UP * CONCURRENCY)
    costs: list[float] = []
    for _ in range(5):
        began = time.process_time()
        await sessions(address, SOCKET_SESSIONS // 5)
        costs.append((time.process_time() - began) / (SOCKET_SESSIONS // 5))
    return {"session_get_cpu_ms": statistics.median(costs) * 1e3}


async def memory_figures(address: tuple[str, int]) -> dict[str, float]:
    """Must run before anything else has grown the process: memory given back inside it would be counted as free."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * OPEN_SESSIONS)), hard))
    process = psutil.Process()
    opened = [await connected(address) for _ in range(WARM_UP)]
    gc.collect()
    before = process.memory_info().rss
    opened += [await connected(address) for _ in range(OPEN_SESSIONS)]
    gc.collect()
    grown = process.memory_info().rss - before
    for session in opened:
        await session.close()
    return {"open_session_kb": grown / OPEN_SESSIONS / 1024}


def run() -> dict[str, float]:
    """All figures of this module."""
    with meters() as address:
        figures = uvloop.run(memory_figures(address))
        figures |= uvloop.run(socket_figures(address))
    return figures | core_figures() | profile_figures()


if __name__ == "__main__":
    if "--meters" in sys.argv:
        uvloop.run(play_meters())
    else:
        print(json.dumps(run(), indent=2))
