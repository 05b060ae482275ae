"""Pushes on their way to the topic: cut out of streams, bounded by address, refused with a reason that is counted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    Push,
    PushTransport,
    SecurityLevel,
)
from meterstream.protocol_dlms.model.floods import Floods
from meterstream.protocol_dlms.model.push_stream import PushStream
from meterstream.protocol_dlms.model.pushes import MAX_OCTETS, PushUnreadable
from meterstream.protocol_dlms.pushes.inbox import PushInbox
from meterstream.protocol_dlms.pushes.listener import PushListener
from meterstream.protocol_dlms.pushes.titles import Titles
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.settings import PushSettings
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import Message, Outgoing
from meterstream.runtime.metrics import Metrics

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEXT = bytes.fromhex("45585858583132333435363738393031322C00000002")
WAKE_UP = bytes.fromhex("45585858583132333435363738393031322C0000020300FF")
FRAME = bytes.fromhex(
    "00010001000100280F000000010002030911455858585831323334353637383930313209060001190900FF0600000002"
)
CIPHERED = bytes.fromhex("0001000100010012DB084D4D4D00000000010730000000010203")
TITLE = bytes.fromhex("4D4D4D0000000001")
METER = "EXXXX123456789012"

Eventually = Callable[..., Any]


class Broker:
    """Takes messages, or holds them back until it is told to."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: Exception | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        await self.open.wait()
        if self.broken is not None:
            raise self.broken
        self.sent += messages

    def pushes(self) -> list[tuple[bytes, Push]]:
        codec = shared_codec()
        return [(sent.key or b"", codec.decode_as(sent.value or b"", Push)) for sent in self.sent]


def counted(metrics: Metrics, outcome: str, transport: str = "tcp") -> float:
    line = f'meterstream_pushes_total{{outcome="{outcome}",transport="{transport}"}} '
    text = metrics.render().decode()
    return float(text.partition(line)[2].partition("\n")[0] or 0)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("protocol-dlms")


@pytest.fixture
async def make_inbox(broker: Broker, metrics: Metrics) -> AsyncIterator[Callable[..., PushInbox]]:
    responder = Responder(broker)  # type: ignore[arg-type]  # of the producer only `send` is asked

    def make(
        *, per_s: float = 1000, burst: int = 1000, titles: dict[bytes, str] | None = None, **more: Any
    ) -> PushInbox:
        return PushInbox(responder, shared_codec(), titles or {}, Floods(per_s, burst), metrics, lambda: NOW, **more)

    yield make
    await responder.close()


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class TestStream:
    def test_a_frame_is_whole_when_its_length_is_there(self) -> None:
        stream = PushStream()
        for octet in FRAME[:-1]:
            assert stream.feed(bytes((octet,))) == []
        assert stream.waiting
        assert not stream.text_waits
        assert stream.feed(FRAME[-1:]) == [FRAME]
        assert not stream.waiting
        assert stream.feed(FRAME + FRAME + FRAME[:9]) == [FRAME, FRAME]

    def test_a_text_is_whole_when_nothing_follows(self) -> None:
        stream = PushStream()
        assert stream.feed(TEXT) == []
        assert stream.text_waits
        assert stream.finish() == TEXT
        assert stream.finish() is None

    def test_a_frame_that_is_cut_off_is_refused(self) -> None:
        stream = PushStream()
        stream.feed(FRAME[:-1])
        with pytest.raises(PushUnreadable, match="ended after 47 octets"):
            stream.finish()

    @pytest.mark.parametrize("octets", [b"A" * (MAX_OCTETS + 1), bytes.fromhex("000100010001FFFF0F")])
    def test_the_buffer_has_a_bound(self, octets: bytes) -> None:
        with pytest.raises(PushUnreadable, match=str(MAX_OCTETS)):
            PushStream().feed(octets)


class TestFloods:
    def test_a_burst_then_the_rate(self) -> None:
        floods = Floods(per_s=2, burst=3)
        assert [floods.allow("a", 0.0) for _ in range(4)] == [True, True, True, False]
        assert floods.allow("b", 0.0)
        assert not floods.allow("a", 0.4)
        assert floods.allow("a", 0.5)
        assert not floods.allow("a", 0.6)
        assert [floods.allow("a", 100.0) for _ in range(4)] == [True, True, True, False]

    def test_only_so_many_addresses_are_remembered(self) -> None:
        floods = Floods(per_s=0.001, burst=1, addresses=2)
        assert floods.allow("a", 0.0)
        assert floods.allow("b", 0.0)
        assert floods.allow("c", 0.0)
        assert not floods.allow("c", 0.0)
        assert floods.allow("a", 0.0)


class TestInbox:
    async def test_a_push_is_keyed_by_its_sender(self, make_inbox: Any, broker: Broker, metrics: Metrics) -> None:
        inbox = make_inbox(titles={TITLE: "E0000000000000001"})
        for octets in (TEXT, FRAME, CIPHERED):
            await inbox.take(octets, PushTransport.TCP, ("10.0.0.7", 5000))
        assert broker.pushes() == [
            (
                key,
                Push(
                    octets=octets,
                    transport=PushTransport.TCP,
                    source_address="10.0.0.7",
                    source_port=5000,
                    received_at=NOW,
                ),
            )
            for key, octets in ((METER.encode(), TEXT), (METER.encode(), FRAME), (b"E0000000000000001", CIPHERED))
        ]
        assert counted(metrics, "accepted") == 3

    async def test_refusals_are_counted(self, make_inbox: Any, broker: Broker, metrics: Metrics) -> None:
        inbox = make_inbox(burst=3, per_s=0.001)
        assert inbox.take(CIPHERED, PushTransport.TCP, ("10.0.0.7", 1)) is None
        assert inbox.take(b"x" * 40, PushTransport.TCP, ("10.0.0.7", 1)) is None
        await inbox.take(TEXT, PushTransport.TCP, ("10.0.0.7", 1))
        assert inbox.take(TEXT, PushTransport.TCP, ("10.0.0.7", 1)) is None
        await inbox.take(TEXT, PushTransport.TCP, ("10.0.0.8", 1))
        assert len(broker.sent) == 2
        assert {name: counted(metrics, name) for name in ("unknown_sender", "malformed", "flood")} == {
            "unknown_sender": 1,
            "malformed": 1,
            "flood": 1,
        }

    async def test_only_its_networks_are_heard(self, make_inbox: Any, broker: Broker, metrics: Metrics) -> None:
        inbox = make_inbox(networks=[ip_network("10.8.0.0/16"), ip_network("fd00::/8")])
        heard = ["10.8.3.4", "::ffff:10.8.3.4", "fd00::1%eth0"]
        for address in heard:
            await inbox.take(TEXT, PushTransport.UDP, (address, 1))
        for address in ("10.9.3.4", "fe80::1", "strange"):
            assert inbox.take(TEXT, PushTransport.UDP, (address, 1)) is None
        assert [push.source_address for _, push in broker.pushes()] == heard
        assert counted(metrics, "network", "udp") == 3

    async def test_a_broker_that_does_not_answer_bounds_what_waits(
        self, make_inbox: Any, broker: Broker, metrics: Metrics
    ) -> None:
        broker.open.clear()
        inbox = make_inbox(max_waiting=2)
        waiting = [inbox.take(TEXT, PushTransport.UDP, ("10.0.0.7", 1)) for _ in range(2)]
        assert inbox.take(TEXT, PushTransport.UDP, ("10.0.0.7", 1)) is None
        assert counted(metrics, "overload", "udp") == 1
        broker.open.set()
        await asyncio.gather(*waiting)
        await inbox.take(TEXT, PushTransport.UDP, ("10.0.0.7", 1))
        assert len(broker.sent) == 3


class TestListener:
    @pytest.fixture
    async def listen(self, make_inbox: Any) -> AsyncIterator[Callable[..., Any]]:
        listeners: list[PushListener] = []

        async def start(**more: Any) -> PushListener:
            settings = PushSettings.model_validate({"host": "127.0.0.1", "tcp_port": 0, "udp_port": 0} | more)
            listener = PushListener(settings, make_inbox())
            await listener.start()
            listeners.append(listener)
            assert listener.ready
            return listener

        yield start
        for listener in listeners:
            await listener.stop()

    @pytest.mark.parametrize("octets", [TEXT, WAKE_UP, FRAME, FRAME + FRAME])
    async def test_a_connection_is_closed_once_its_pushes_are_written(
        self, listen: Any, broker: Broker, octets: bytes
    ) -> None:
        listener = await listen()
        broker.open.clear()
        async with connected(listener.tcp) as (reader, writer):
            writer.write(octets)
            writer.write_eof()
            closed = asyncio.create_task(reader.read())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(closed), 0.05)
            broker.open.set()
            assert await asyncio.wait_for(closed, 5) == b""
            assert b"".join(push.octets for _, push in broker.pushes()) == octets

    async def test_a_text_ends_with_a_moment_of_silence(
        self, listen: Any, broker: Broker, eventually: Eventually
    ) -> None:
        listener = await listen()
        async with connected(listener.tcp) as (_, writer):
            writer.write(TEXT[:10])
            await writer.drain()
            writer.write(TEXT[10:])
            await eventually(lambda: len(broker.sent) == 1)
            assert broker.pushes()[0][1].octets == TEXT

    @pytest.mark.parametrize("octets", [b"garbage", FRAME[:-1], b"\x00" * 3000])
    async def test_garbage_resets_its_connection(
        self, listen: Any, broker: Broker, metrics: Metrics, octets: bytes
    ) -> None:
        listener = await listen()
        async with connected(listener.tcp) as (reader, writer):
            writer.write(octets)
            writer.write_eof()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 5)
            assert broker.sent == []
            assert counted(metrics, "malformed") == 1

    async def test_a_push_that_cannot_be_written_is_not_acknowledged(self, listen: Any, broker: Broker) -> None:
        broker.broken = ValueError("the message is too large")
        listener = await listen()
        async with connected(listener.tcp) as (reader, writer):
            writer.write(FRAME)
            writer.write_eof()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 5)

    async def test_an_outage_of_the_broker_is_waited_for(
        self, listen: Any, broker: Broker, eventually: Eventually
    ) -> None:
        broker.broken = BrokerOutage("down")
        listener = await listen()
        async with connected(listener.tcp) as (reader, writer):
            writer.write(FRAME)
            writer.write_eof()
            closed = asyncio.create_task(reader.read())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(closed), 0.05)
            broker.broken = None
            await eventually(lambda: len(broker.sent) == 1)
            assert await asyncio.wait_for(closed, 5) == b""

    async def test_datagrams(self, listen: Any, broker: Broker, eventually: Eventually) -> None:
        listener = await listen()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"garbage", listener.udp)
            sender.sendto(FRAME, listener.udp)
        await eventually(lambda: len(broker.sent) == 1)
        assert broker.pushes()[0][1].transport is PushTransport.UDP

    async def test_without_ports_nobody_listens(self, listen: Any) -> None:
        listener = await listen(tcp_port=None, udp_port=None)
        assert (listener.tcp, listener.udp) == (None, None)


class TestTitles:
    def test_the_newest_title_of_a_device_counts(self) -> None:
        titles, message = Titles(), Message("devices", 0, 0, b"", None)
        other = bytes(8)

        def tell(gateway: str, title: bytes | None) -> None:
            record = DeviceRecord(
                device_identification=gateway,
                revision=1,
                state=DeviceState.ACTIVE,
                organisation="grid",
                device_type="SMART_METER_E",
                protocol_name="SMR",
                protocol_version="5.0.0",
                connection=Connection(),
                security_level=SecurityLevel.HLS5,
                system_title=title,
            )
            titles.on_record(gateway.encode(), record, message)

        tell("E0000000000000001", TITLE)
        tell("E0000000000000002", None)
        assert dict(titles) == {TITLE: "E0000000000000001"}
        tell("E0000000000000001", other)
        assert dict(titles) == {other: "E0000000000000001"}
        tell("E0000000000000003", other)  # a meter that was replaced under its title
        tell("E0000000000000001", TITLE)
        assert dict(titles) == {other: "E0000000000000003", TITLE: "E0000000000000001"}
        titles.on_record(b"E0000000000000003", None, message)
        assert dict(titles) == {TITLE: "E0000000000000001"}
