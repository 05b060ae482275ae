"""Debug mode: frames of sessions in words; no key, password or opened key transfer in them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from meterstream.contracts.events import MAX_FRAME_TEXT, MessageLog
from meterstream.contracts.records import SecurityLevel
from meterstream.dlms.asyncio import Direction
from meterstream.dlms.data import MethodRef, octet_string
from meterstream.dlms.meter import Level
from meterstream.protocol_dlms.associations import Associations
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.frames import FrameBounds, FrameLog
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.responder import Responder
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.sealing import Opener
from meterstream.simulator.identity import password_for
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)
SECRET = bytes(range(0xA0, 0xB0))
MBUS_CHANNEL_1 = bytes.fromhex("0001180100FF")
SET_ENCRYPTION_KEY = bytes.fromhex("c301c1") + b"\x00\x48" + MBUS_CHANNEL_1 + b"\x07\x01\x09\x10" + SECRET
TRANSFER_KEYS = (
    bytes.fromhex("c301c1") + b"\x00\x40" + bytes.fromhex("00002B0000FF") + b"\x02\x01\x01\x01\x02\x02\x16\x00\x09\x10"
)
GET_CLOCK = bytes.fromhex("c001c100080000010000ff0200")
AARQ_WITH_PASSWORD = bytes.fromhex(
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400001e1dffff"
)


def wrapped(apdu: bytes) -> bytes:
    return bytes.fromhex("000100010001") + len(apdu).to_bytes(2) + apdu


class Desk:
    """A log of frames to a broker in memory."""

    def __init__(self, broker: Any, bounds: FrameBounds | None = None) -> None:
        self.broker = broker
        self.metrics = Metrics("protocol-dlms")
        self.responder = Responder(broker)
        names = (f"{number:032x}" for number in itertools.count(1))
        self.log = FrameLog(shared_codec(), self.responder, self.metrics, lambda: NOW, lambda: next(names), bounds)

    async def lines(self, eventually: Make, count: int) -> list[MessageLog]:
        await eventually(lambda: len(self.broker.records("message-logs")) >= count)
        return sorted(self.broker.records("message-logs"), key=lambda line: (line.session, line.number))


@pytest.fixture
def record(make_bench: Make) -> Make:
    async def make(**changes: Any) -> Any:
        return (await make_bench()).record(**changes)

    return make


async def test_only_sessions_of_a_device_in_debug_mode_are_recorded(record: Make, broker: Any) -> None:
    desk = Desk(broker)
    assert desk.log.recorder(await record(), None) is None
    assert desk.log.recorder(await record(debug=True), None) is not None


@pytest.mark.parametrize(
    ("apdu", "secret"),
    [
        (SET_ENCRYPTION_KEY, SECRET),
        (TRANSFER_KEYS + SECRET, SECRET),
        (AARQ_WITH_PASSWORD, b"12345678"),
        (b"\xff" + SECRET, SECRET),
        (SET_ENCRYPTION_KEY[:-3], SECRET[:-3]),
    ],
)
async def test_what_carries_a_secret_in_clear_is_told_without_its_octets(
    record: Make, broker: Any, eventually: Make, apdu: bytes, secret: bytes
) -> None:
    desk = Desk(broker)
    take = desk.log.recorder(await record(debug=True), None)
    take(Direction.SENT, wrapped(apdu))
    (line,) = await desk.lines(eventually, 1)
    assert (line.encoded, line.size, line.incoming, line.encrypted) == ("", len(apdu) + 8, False, False)
    told = line.model_dump_json().lower()
    for size in (len(secret), 4):
        assert secret[:size].hex() not in told
        assert secret[:size].decode("latin-1") not in line.decoded
    assert line.decoded


async def test_what_shows_nothing_secret_keeps_its_octets(record: Make, broker: Any, eventually: Make) -> None:
    desk = Desk(broker)
    found = await record(debug=True)
    take = desk.log.recorder(found, None)
    take(Direction.SENT, wrapped(GET_CLOCK))
    (line,) = await desk.lines(eventually, 1)
    assert (line.encoded, line.valid, line.number) == (wrapped(GET_CLOCK).hex(), True, 0)
    assert (line.device_identification, line.organisation) == (found.device_identification, "grid")
    assert (line.log_id, line.logged_at) == (f"{1:032x}-0", NOW)
    assert "0.0.1.0.0.255" in line.decoded


async def test_octets_that_nobody_reads_are_told_as_such(record: Make, broker: Any, eventually: Make) -> None:
    desk = Desk(broker)
    take = desk.log.recorder(await record(debug=True), None)
    for octets in (b"", b"\x00", SECRET * 1000, wrapped(b"\xc4" * 70)):
        take(Direction.RECEIVED, octets)
    lines = await desk.lines(eventually, 4)
    assert [(line.valid, line.encoded, line.incoming) for line in lines] == [(False, "", True)] * 4
    assert all(len(line.decoded) <= MAX_FRAME_TEXT for line in lines)


async def test_a_session_keeps_so_many_frames(record: Make, broker: Any, eventually: Make) -> None:
    desk = Desk(broker, FrameBounds(of_session=3, unsent=500))
    found = await record(debug=True)
    for take in (desk.log.recorder(found, None), desk.log.recorder(found, None)):
        for _ in range(5):
            take(Direction.SENT, wrapped(GET_CLOCK))
    lines = await desk.lines(eventually, 6)
    assert [line.number for line in lines] == [0, 1, 2, 0, 1, 2]
    assert b'meterstream_message_logs_total{outcome="too_many"} 4.0' in desk.metrics.render()


async def test_frames_that_the_broker_does_not_take_are_bounded_and_told(
    record: Make, broker: Any, eventually: Make
) -> None:
    desk = Desk(broker, FrameBounds(of_session=100, unsent=2))
    take = desk.log.recorder(await record(debug=True), None)
    broker.outages = 1
    for _ in range(5):
        take(Direction.SENT, wrapped(GET_CLOCK))
    await desk.lines(eventually, 2)
    await asyncio.sleep(0)
    take(Direction.SENT, wrapped(GET_CLOCK))
    last = (await desk.lines(eventually, 3))[-1]
    assert (last.number, last.decoded.splitlines()[0]) == (5, "3 frames before this one are not kept")


async def test_a_session_shows_what_was_said_and_no_key(make_bench: Make, broker: Any, eventually: Make) -> None:
    bench = await make_bench()
    desk = Desk(broker)
    found = bench.settings
    limits = ConnectionLimits(found.max_sessions, found.connects_per_s)
    opener = KeyRing(Opener(bench.private_key))
    associations = Associations(found, opener, bench.reserver, limits, bench.metrics, frames=desk.log)
    meter = await associations.open(bench.visit(bench.record(debug=True)))
    await meter.get(At("active_energy_import"))
    transfer = MethodRef(72, MBUS_CHANNEL_1, 7)
    with contextlib.suppress(AccessRefused):  # whether the meter takes it or not, the frame was on the line
        await meter.action(transfer, octet_string(SECRET))
    await associations.close(meter)
    lines = await desk.lines(eventually, 10)
    assert len({line.session for line in lines}) == 2  # the public client read the counter
    assert any("1.0.1.8.0.255" in line.decoded for line in lines)
    assert any(line.encrypted and line.encoded and line.valid for line in lines)
    assert {line.incoming for line in lines} == {True, False}
    assert any("masked" in line.decoded and line.encrypted for line in lines)
    keys = bench.fleet.keys(1)
    password = password_for(bench.fleet.settings.seed, 1)
    everything = " ".join(line.model_dump_json() for line in lines).lower()
    for secret in (SECRET, keys.encryption, keys.authentication, password):
        assert secret.hex() not in everything
    assert repr(opener).find(keys.encryption.hex()) < 0


async def test_a_password_is_nowhere(make_bench: Make, broker: Any, eventually: Make) -> None:
    bench = await make_bench(FleetSettings(meters=1, level=Level.LLS))
    desk = Desk(broker)
    found = bench.settings
    limits = ConnectionLimits(found.max_sessions, found.connects_per_s)
    associations = Associations(
        found, KeyRing(Opener(bench.private_key)), bench.reserver, limits, bench.metrics, frames=desk.log
    )
    record = bench.record(debug=True, security_level=SecurityLevel.LLS1)
    meter = await associations.open(bench.visit(record))
    await meter.get(At("clock"))
    await associations.close(meter)
    lines = await desk.lines(eventually, 6)
    password = password_for(bench.fleet.settings.seed, 1)
    everything = " ".join(line.model_dump_json() for line in lines)
    assert password.hex() not in everything.lower()
    assert password.decode("latin-1") not in everything
