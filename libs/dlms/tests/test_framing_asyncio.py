"""Sessions and meters over sockets: wrapper over TCP and UDP, HDLC over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from framed_sessions import KEYS, SMALL, config_of, opened, served

from meterstream.dlms.apdu import ActionResult, DataNotification
from meterstream.dlms.asyncio import (
    Direction,
    HdlcOverTcp,
    InMemoryCounters,
    Listener,
    ListenerLimits,
    SessionFraming,
    WrapperOverTcp,
    WrapperOverUdp,
    open_session,
)
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, integer, octet_string, unsigned
from meterstream.dlms.errors import (
    AccessError,
    ConfigurationError,
    HdlcNoAnswer,
    HdlcRefused,
    LinkClosed,
    LinkError,
    ResponseTimeout,
)
from meterstream.dlms.framing import wrap
from meterstream.dlms.framing.hdlc import (
    HdlcAddress,
    HdlcFrame,
    HdlcLimits,
    HdlcParameters,
    HdlcReader,
    HdlcServerLink,
    Kind,
)
from meterstream.dlms.meter import Habits, MeterAssociation, Reaction
from meterstream.dlms.meter.hdlc import HdlcMeter

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)

HDLC = HdlcOverTcp(17, parameters=HdlcParameters(256, 256, 3, 3), limits=HdlcLimits(poll_interval_s=0.02))
FRAMINGS = [WrapperOverTcp(), WrapperOverUdp(), HDLC, HdlcOverTcp(wide=True, lower=300)]
LEVELS = [Level.NONE, Level.LLS, Level.HLS5_GMAC]

Pairs = Callable[..., Any]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("level", LEVELS)
async def test_every_service(pair_of: Pairs, level: Level, framing: SessionFraming) -> None:
    pair = pair_of(level, SMALL)
    objects = pair.application
    objects.action_results[RESET] = ActionResult.SUCCESS, unsigned(7)
    async with await served(pair, framing) as listener:
        async with await opened(listener, framing, level) as session:
            assert await session.get(CLOCK) == objects.values[CLOCK]
            assert await session.get(PROFILE) == objects.values[PROFILE]
            with pytest.raises(AccessError):
                await session.get(UNKNOWN)
            await session.set(CLOCK, octet_string(bytes(3_000)))
            assert objects.values[CLOCK] == octet_string(bytes(3_000))
            assert await session.action(RESET, integer(0)) == unsigned(7)
        assert not session.usable
        assert listener.counters.accepted == 1


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_many_sessions_at_a_time(pair_of: Pairs, framing: SessionFraming) -> None:
    pair = pair_of(Level.NONE, SMALL)

    async def read(listener: Listener) -> None:
        async with await opened(listener, framing, Level.NONE) as session:
            for _ in range(5):
                assert await session.get(PROFILE) == pair.application.values[PROFILE]

    async with await served(pair, framing) as listener:
        await asyncio.gather(*(read(listener) for _ in range(20)))
        assert listener.counters.accepted == 20


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_wrong_key_is_refused(pair_of: Pairs, framing: SessionFraming) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    wrong = SecurityKeys(bytes(16), KEYS.authentication_key)
    async with await served(pair, framing) as listener:
        with pytest.raises(LinkError) as refused:
            await opened(listener, framing, keys=wrong, response_timeout_s=0.2)
        expected = ResponseTimeout if isinstance(framing, WrapperOverUdp) else LinkClosed
        assert isinstance(refused.value, expected)
        async with await opened(listener, framing) as session:
            assert await session.get(CLOCK) == pair.application.values[CLOCK]


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_silent_meter_is_a_time_out(pair_of: Pairs, framing: SessionFraming) -> None:
    pair = pair_of(Level.NONE)
    silent = Habits(on_unknown_address=Reaction.SILENCE)
    async with await served(pair, framing, silent) as listener:
        with pytest.raises(ResponseTimeout):
            await opened(listener, framing, Level.HLS5_GMAC, response_timeout_s=0.1)


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_beyond_the_limit_nobody_is_served(pair_of: Pairs, framing: SessionFraming) -> None:
    pair = pair_of(Level.NONE)
    async with await served(pair, framing, limits=ListenerLimits(max_connections=1)) as listener:
        first = await opened(listener, framing, Level.NONE)
        with pytest.raises(LinkError):
            await opened(listener, framing, Level.NONE, response_timeout_s=0.2)
        assert listener.counters.refused == 1
        assert await first.get(CLOCK) == pair.application.values[CLOCK]
        await first.close()


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_an_idle_client_is_dropped(pair_of: Pairs, framing: SessionFraming) -> None:
    pair = pair_of(Level.NONE)
    async with await served(pair, framing, limits=ListenerLimits(1, idle_timeout_s=0.05)) as listener:
        session = await opened(listener, framing, Level.NONE)
        await until(lambda: listener.counters.idle == 1)
        if not isinstance(framing, WrapperOverUdp):
            await until(lambda: not session.usable)
        session.abort()
        again = await opened(listener, framing, Level.NONE)
        again.abort()


@pytest.mark.parametrize(
    ("framing", "beginning"), [(WrapperOverTcp(), wrap(16, 1, bytes(60_000))[:8]), (HdlcOverTcp(), b"\x7e")]
)
async def test_octets_that_lead_to_nothing_keep_no_connection(
    pair_of: Pairs, framing: SessionFraming, beginning: bytes
) -> None:
    async with await served(pair_of(Level.NONE), framing, limits=ListenerLimits(1, idle_timeout_s=0.1)) as listener:
        _, writer = await asyncio.open_connection(*listener.address)
        writer.write(beginning)

        def dropped() -> bool:
            writer.write(b"\x7e")
            return listener.counters.idle == 1

        await until(dropped)
        writer.transport.abort()


async def test_close_drops_what_is_open(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    listener = await served(pair, WrapperOverTcp())
    session = await opened(listener, WrapperOverTcp(), Level.NONE)
    await listener.close()
    await listener.close()
    await until(lambda: not session.usable)
    with pytest.raises(LinkError):
        await session.get(CLOCK)
    await session.close()


def test_limits_out_of_range() -> None:
    for wrong in ({"max_connections": 0}, {"idle_timeout_s": 0.0}):
        with pytest.raises(ConfigurationError):
            ListenerLimits(**wrong)
    for name in ("establish_timeout_s", "disconnect_timeout_s"):
        with pytest.raises(ConfigurationError, match=name):
            HdlcOverTcp(**{name: 0.0})
    with pytest.raises(ConfigurationError, match="repeat_s"):
        WrapperOverUdp(repeat_s=0)


# HDLC


class Peer(asyncio.Protocol):
    """A meter by hand: answers each HDLC frame as told."""

    def __init__(self, answer: Callable[[HdlcFrame], bytes]) -> None:
        self.answer = answer
        self.frames: list[HdlcFrame] = []
        self.reader = HdlcReader()
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for frame in self.reader.feed(data):
            self.frames.append(frame)
            self.transport.write(self.answer(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)

    def kinds(self) -> list[Kind]:
        return [frame.kind for frame in self.frames]


def answering(frame: HdlcFrame, control: int, information: bytes = b"") -> bytes:
    return HdlcFrame(frame.source, frame.destination, control, information).encode()


async def peer_of(answer: Callable[[HdlcFrame], bytes]) -> tuple[asyncio.Server, tuple[str, int], list[Peer]]:
    peers: list[Peer] = []

    def make() -> Peer:
        peers.append(Peer(answer))
        return peers[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[:2], peers


async def test_snrm_first_and_disc_last(pair_of: Pairs) -> None:
    pair = pair_of(Level.LLS)
    trace: list[tuple[Direction, bytes]] = []
    async with await served(pair, HDLC) as listener:
        session = await opened(listener, HDLC, Level.LLS, trace=lambda *entry: trace.append(entry))
        assert await session.get(CLOCK) == pair.application.values[CLOCK]
        await session.close()
    sent = HdlcReader().feed(b"".join(octets for direction, octets in trace if direction is Direction.SENT))
    came = HdlcReader().feed(b"".join(octets for direction, octets in trace if direction is Direction.RECEIVED))
    assert sent[0].kind is Kind.SNRM
    assert sent[0].destination == HdlcAddress(1, 17)
    assert sent[0].source == HdlcAddress(1)
    assert sent[-1].kind is Kind.DISC
    assert came[0].kind is came[-1].kind is Kind.UA
    assert b"11111111" not in b"".join(octets for _, octets in trace)


async def test_a_meter_that_refuses_the_connection() -> None:
    server, address, peers = await peer_of(lambda frame: answering(frame, 0x1F))
    async with server:
        with pytest.raises(HdlcRefused):
            await opened(address, HDLC)
        await peers[0].closed
    assert peers[0].kinds() == [Kind.SNRM]


@pytest.mark.parametrize("limit", ["link", "session"])
async def test_a_meter_that_does_not_answer_snrm(limit: str) -> None:
    server, address, peers = await peer_of(lambda _: b"")
    limits = HdlcLimits(repetitions=2, response_timeout_s=0.02 if limit == "link" else 5.0)
    framing = HdlcOverTcp(limits=limits, establish_timeout_s=5.0 if limit == "link" else 0.05)
    async with server:
        with pytest.raises(HdlcNoAnswer if limit == "link" else ResponseTimeout):
            await opened(address, framing)
        await peers[0].closed
    assert peers[0].kinds() == [Kind.SNRM] * (3 if limit == "link" else 1)


async def test_who_gives_up_says_disc() -> None:
    """Also a session that is cancelled, or whose meter answers RR for ever."""
    server, address, peers = await peer_of(lambda frame: answering(frame, 0x73 if frame.kind is Kind.SNRM else 0x31))
    async with server:
        with pytest.raises(ResponseTimeout):
            await opened(address, HDLC, Level.NONE, response_timeout_s=0.05)
        await peers[0].closed
        assert peers[0].kinds()[-1] is Kind.DISC
        asked = asyncio.ensure_future(opened(address, HDLC, Level.NONE))
        await until(lambda: len(peers) == 2 and Kind.RR in peers[1].kinds())
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()
        await peers[1].closed
        assert peers[1].kinds()[-1] is Kind.DISC


async def test_close_does_not_wait_for_ua_for_ever(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    meter = HdlcMeter(
        lambda: MeterAssociation(pair.application, pair.security), HdlcServerLink(HdlcAddress(1, 17), HDLC.parameters)
    )
    server, address, peers = await peer_of(
        lambda frame: b"" if frame.kind is Kind.DISC else meter.receive(frame.encode(), 0.0)
    )
    framing = replace(HDLC, disconnect_timeout_s=0.05)
    async with server:
        session = await opened(address, framing, Level.NONE)
        async with asyncio.timeout(2):
            await session.close()
            await peers[0].closed
        assert not session.usable
    assert peers[0].kinds()[-1] is Kind.DISC


async def test_notifications_reach_who_wants_them(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    got: list[bytes] = []
    async with await served(pair, HdlcOverTcp()) as listener:
        notification = HdlcFrame(HdlcAddress(16), HdlcAddress(1), 0x03, b"\xe6\xe7\x00\xdb\x01").encode()
        for framing in (HdlcOverTcp(notified=got.append), HdlcOverTcp()):
            session = await opened(listener, framing, Level.NONE)
            session._link.data_received(notification)
            assert await session.get(CLOCK) == pair.application.values[CLOCK]
            await session.close()
        assert session._link.unsolicited == 1  # type: ignore[attr-defined] # of HDLC links only
    assert got == [b"\xdb\x01"]


async def test_the_addresses_of_hdlc_are_small() -> None:
    with pytest.raises(ConfigurationError, match="upper part"):
        await open_session(
            ("127.0.0.1", 9),
            AssociationConfig(Level.NONE, client_sap=200),
            None,
            connect_timeout_s=1,
            response_timeout_s=1,
            framing=HDLC,
        )


async def test_a_meter_that_speaks_another_framing(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    async with await served(pair, WrapperOverTcp()) as listener:
        with pytest.raises(LinkClosed):
            await opened(listener, HDLC, Level.NONE)
    async with await served(pair, HDLC) as listener:
        with pytest.raises(ResponseTimeout):
            await opened(listener, WrapperOverTcp(), Level.NONE, response_timeout_s=0.05)


async def test_notifications_are_taken_from_the_session(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    octets = DataNotification(7, unsigned(5)).encode()
    async with (
        await served(pair, HdlcOverTcp()) as listener,
        await opened(listener, HdlcOverTcp(), Level.NONE) as session,
    ):
        session._link.data_received(HdlcFrame(HdlcAddress(16), HdlcAddress(1), 0x03, b"\xe6\xe7\x00" + octets).encode())
        assert [item.apdu for item in session.take_notifications()] == [DataNotification(7, unsigned(5))]


async def test_a_counter_source_that_fails_reaches_who_waits(pair_of: Pairs) -> None:
    class Failing(InMemoryCounters):
        def take(self) -> int:
            if self.next_counter == 2:
                raise RuntimeError("the store is gone")
            return super().take()

    pair = pair_of(Level.HLS5_GMAC)
    async with await served(pair, HDLC) as listener:
        with pytest.raises(RuntimeError, match="the store is gone"):
            await open_session(
                listener.address,
                config_of(Level.HLS5_GMAC),
                Failing(1),
                connect_timeout_s=5,
                response_timeout_s=5,
                framing=HDLC,
            )
