"""Pushes sent out over TCP and UDP: order, bounds, time-outs, what became of each."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.network.outbox import Outbox, OutboxLimits, PushOutcome, parse_destination
from meterstream.simulator.push import PushMessage, Transport
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.stats import Stats

Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOW_MS = 1_784_110_050_000


class Listener:
    """A head-end's port for pushes; reads each connection to its end, once it is let."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.open = 0
        self.most = 0
        self.let = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        self.received.append(await reader.read())
        await self.let.wait()
        self.open -= 1
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[tuple[Listener, str]]:
    listener = Listener()
    async with await asyncio.start_server(listener, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield listener, f"{host}:{port}"
        listener.let.set()


@pytest.fixture
def unused_tcp() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _outbox(stats: Stats | None = None, **limits: Any) -> Outbox:
    return Outbox(OutboxLimits(**limits), stats or Stats(), lambda: NOW_MS)


def _message(destination: str, transport: Transport = Transport.TCP, number: int = 1) -> PushMessage:
    return PushMessage(number, destination, transport, b"E0001000000000001," + number.to_bytes(4, "big"))


async def test_over_tcp(listener: tuple[Listener, str], until: Until) -> None:
    heard, destination = listener
    stats = Stats()
    outbox = _outbox(stats)
    outbox.put(_message(destination, number=1))
    assert len(outbox) == 1
    outbox.start()
    outbox.put(_message(destination, number=2))
    await until(lambda: stats.pushes_sent == len(heard.received) == 2)
    assert sorted(heard.received) == [_message("", number=number).octets for number in (1, 2)]
    assert [(record.sequence, record.outcome, record.error) for record in outbox.records] == [
        (1, PushOutcome.SENT, ""),
        (2, PushOutcome.SENT, ""),
    ]
    assert outbox.records[0].finished_ms == NOW_MS
    await outbox.stop()


async def test_over_udp(until: Until) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        stats = Stats()
        outbox = _outbox(stats)
        outbox.start()
        outbox.put(_message(f"127.0.0.1:{receiver.getsockname()[1]}", Transport.UDP))
        await until(lambda: stats.pushes_sent == 1)
        assert receiver.recv(1000) == _message("").octets
        await outbox.stop()


async def test_nobody_listens(until: Until) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        destination = f"127.0.0.1:{closed.getsockname()[1]}"
    stats = Stats()
    outbox = _outbox(stats)
    outbox.start()
    outbox.put(_message(destination))
    outbox.put(_message("nowhere"))
    await until(lambda: stats.pushes_failed == 2)
    errors = {record.message.destination: record.error for record in outbox.records}
    assert "refused" in errors[destination].lower() or "connect call failed" in errors[destination].lower()
    assert errors["nowhere"] == "destination 'nowhere' is not host:port"
    await outbox.stop()


async def test_a_message_that_takes_too_long_fails(monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    async def never(_host: str, _port: int) -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(asyncio, "open_connection", never)
    stats = Stats()
    outbox = _outbox(stats, timeout_s=0.02)
    outbox.start()
    outbox.put(_message("192.0.2.1:9"))
    await until(lambda: stats.pushes_failed == 1)
    assert outbox.records[0].error == "timed out"
    await outbox.stop()


async def test_so_many_at_once_and_so_many_wait(monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    under_way: list[str] = []

    async def never(host: str, _port: int) -> Any:
        under_way.append(host)
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(asyncio, "open_connection", never)
    stats = Stats()
    outbox = _outbox(stats, concurrency=2, queue=3, kept=4)
    outbox.start()
    for number in range(4):
        outbox.put(_message("192.0.2.1:9", number=number))
        if number == 1:
            await until(lambda: len(under_way) == 2)
    assert len(outbox) == 4
    outbox.put(_message("192.0.2.1:9", number=4))
    outbox.put(_message("192.0.2.1:9", number=5))
    assert stats.pushes_dropped == 1
    assert outbox.records[-1].error == "3 messages wait already"
    assert len(under_way) == 2
    await outbox.stop()
    assert len(outbox) == 0
    assert stats.pushes_dropped == 6
    assert stats.pushes_sent == stats.pushes_failed == 0
    assert [record.sequence for record in outbox.records] == [3, 4, 5, 6]


async def test_a_fleet_sends_what_its_meters_push(listener: tuple[Listener, str], clock: Any, until: Until) -> None:
    heard, destination = listener
    async with SimulatedFleet(FleetSettings(meters=2), clock) as fleet:
        fleet.meter(2).model.outbox(_message(destination, number=2))
        await until(lambda: fleet.stats.pushes_sent == 1)
        assert heard.received == [_message("", number=2).octets]
        assert fleet.outbox.records[0].finished_ms == clock.seconds * 1000


@pytest.mark.parametrize(
    ("text", "parts"),
    [("127.0.0.1:9598", ("127.0.0.1", 9598)), ("[::1]:1", ("::1", 1)), ("a.example:65535", ("a.example", 65535))],
)  # fmt: skip
def test_destinations(text: str, parts: tuple[str, int]) -> None:
    assert parse_destination(text) == parts


@pytest.mark.parametrize(
    "text", ["", ":1", "host", "host:", "host:0", "host:65536", "::1:5", "h:٣", "a" * 254 + ":1", "h\n:1"]
)
def test_destinations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        parse_destination(text)


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"queue": 0}, "push_queue is 0, expected 1 or more"),
        ({"concurrency": 0}, "push_concurrency is 0, expected 1 or more"),
        ({"timeout_s": 0}, "push_timeout_s is 0, expected more than 0"),
    ],
)
def test_limits_that_cannot_be(limits: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        OutboxLimits(**limits)


async def test_what_could_not_be_sent_is_repeated(unused_tcp: int, until: Until) -> None:
    stats = Stats()
    outbox = _outbox(stats)
    outbox.start()
    message = PushMessage(1, f"127.0.0.1:{unused_tcp}", Transport.TCP, b"octets", retries=2)
    outbox.put(message)
    await until(lambda: stats.pushes_failed == 3)
    assert [record.message.retries for record in outbox.records] == [2, 1, 0]
    await until(lambda: len(outbox) == 0)

    outbox.put(replace(message, repetition_delay_s=3600))
    await until(lambda: stats.pushes_failed == 4)
    await until(lambda: len(outbox) == 1)
    assert stats.pushes_failed == 4, "it waits to be repeated"
    await outbox.stop()
    assert outbox.records[-1].outcome is PushOutcome.DROPPED
    assert stats.pushes_dropped == 1


async def test_a_repetition_reaches_who_listens_by_then(unused_tcp: int, until: Until) -> None:
    stats, heard = Stats(), Listener()
    heard.let.set()
    outbox = _outbox(stats)
    outbox.start()
    outbox.put(PushMessage(1, f"127.0.0.1:{unused_tcp}", Transport.TCP, b"octets", retries=255))
    await until(lambda: stats.pushes_failed > 0)
    async with await asyncio.start_server(heard, "127.0.0.1", unused_tcp):
        await until(lambda: stats.pushes_sent == 1)
        await until(lambda: heard.received == [b"octets"])
    await outbox.stop()


async def test_a_destination_that_is_none_is_not_repeated(until: Until) -> None:
    stats = Stats()
    outbox = _outbox(stats)
    outbox.start()
    outbox.put(PushMessage(1, "nowhere", Transport.TCP, b"octets", retries=5))
    await until(lambda: stats.pushes_failed == 1)
    await until(lambda: len(outbox) == 0)
    await outbox.stop()


async def test_repetitions_are_bounded(unused_tcp: int, until: Until) -> None:
    stats = Stats()
    outbox = _outbox(stats, queue=2)
    outbox.start()
    message = PushMessage(1, f"127.0.0.1:{unused_tcp}", Transport.TCP, b"octets", 1, 3600)
    outbox.put(message)
    outbox.put(message)
    await until(lambda: stats.pushes_failed == 2)
    outbox.put(message)
    await until(lambda: stats.pushes_dropped == 1)
    assert stats.pushes_failed == 3
    await until(lambda: len(outbox) == 2)
    await outbox.stop()
