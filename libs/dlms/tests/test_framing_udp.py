"""Sessions and meters over UDP: doubled, lost, spoilt and replayed datagrams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from framed_sessions import SMALL, opened, served

from meterstream.dlms.apdu import Conformance
from meterstream.dlms.asyncio import (
    WrapperOverUdp,
    serve_meter,
)
from meterstream.dlms.client import Level
from meterstream.dlms.data import AttributeRef, LogicalName, octet_string
from meterstream.dlms.errors import DecipherError, DlmsError, LinkReset, PduTooLarge, ResponseTimeout
from meterstream.dlms.framing import HEADER
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)

Pairs = Callable[..., Any]


class Relay(asyncio.DatagramProtocol):
    """Between client and meter; `pass_on` says what becomes of a datagram."""

    def __init__(self, pass_on: Callable[[bytes], list[bytes]], meter: tuple[str, int]) -> None:
        self.pass_on, self.meter = pass_on, meter
        self.client: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr != self.meter:
            self.client = addr
        for datagram in self.pass_on(data):
            self.transport.sendto(datagram, self.client if addr == self.meter else self.meter)


async def relayed(pass_on: Callable[[bytes], list[bytes]], meter: tuple[str, int]) -> Any:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Relay(pass_on, meter), local_addr=("127.0.0.1", 0))
    return transport


async def test_doubled_datagrams_change_nothing(pair_of: Pairs) -> None:
    pair = pair_of(Level.HLS5_GMAC, SMALL)
    async with await served(pair, WrapperOverUdp()) as listener:
        relay = await relayed(lambda datagram: [datagram, datagram], listener.address)
        session = await opened(relay.get_extra_info("sockname"), WrapperOverUdp())
        for _ in range(3):
            assert await session.get(PROFILE) == pair.application.values[PROFILE]
        assert session._link.doubles > 3  # type: ignore[attr-defined] # of datagram links only
        session.abort()
        relay.abort()


@pytest.mark.parametrize("spoil", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: b"\0\2" + d[2:], lambda d: d[:5]])
async def test_a_spoilt_answer_ends_the_session(pair_of: Pairs, spoil: Callable[[bytes], bytes]) -> None:
    pair = pair_of(Level.NONE, SMALL)
    async with await served(pair, WrapperOverUdp()) as listener:
        relay = await relayed(lambda d: [spoil(d) if d[HEADER.size] == 0x61 else d], listener.address)
        with pytest.raises(DlmsError) as failure:
            await opened(relay.get_extra_info("sockname"), WrapperOverUdp(), Level.NONE)
        assert failure.value.code == "WRAPPER_HEADER_INVALID"
        relay.abort()
        assert listener.counters.malformed == 0


async def test_a_spoilt_request_is_counted_and_dropped(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE, SMALL)
    async with await served(pair, WrapperOverUdp()) as listener:
        relay = await relayed(lambda d: [d[:-1], d] if d[2:4] == b"\0\x10" else [d], listener.address)
        session = await opened(relay.get_extra_info("sockname"), WrapperOverUdp(), Level.NONE)
        assert await session.get(CLOCK) == pair.application.values[CLOCK]
        await session.close()
        assert listener.counters.malformed == 3
        relay.abort()


@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
@pytest.mark.parametrize("every", [0, 3, 5])
async def test_lost_blocks_are_asked_for_again(pair_of: Pairs, level: Level, every: int) -> None:
    """Every n-th datagram with a general block is lost, in both directions."""
    pair = pair_of(level)
    general = Conformance.GET | Conformance.SET | Conformance.GENERAL_BLOCK_TRANSFER
    habits = Habits(conformance=general, max_send_pdu=300, max_receive_pdu=300)
    blocks = 0

    def lossy(datagram: bytes) -> list[bytes]:
        nonlocal blocks
        if datagram[HEADER.size] != 0xE0:
            return [datagram]
        blocks += 1
        return [] if every and blocks % every == 0 else [datagram]

    async with await served(pair, WrapperOverUdp(), habits) as listener:
        relay = await relayed(lossy, listener.address)
        framing = WrapperOverUdp(repeat_s=0.02)
        options = {"conformance": general, "max_pdu": 300}
        session = await opened(relay.get_extra_info("sockname"), framing, level, **options)
        assert await session.get(PROFILE) == pair.application.values[PROFILE]
        await session.set(CLOCK, octet_string(bytes(2_000)))
        assert pair.application.values[CLOCK] == octet_string(bytes(2_000))
        assert blocks > 10
        await session.close()
        relay.abort()


async def test_nobody_there() -> None:
    with pytest.raises((LinkReset, ResponseTimeout)):
        await opened(("127.0.0.1", 9), WrapperOverUdp(), Level.NONE, response_timeout_s=0.5)


async def test_a_request_that_fits_no_datagram(pair_of: Pairs) -> None:
    pair = pair_of(Level.NONE)
    async with await served(pair, WrapperOverUdp()) as listener:
        session = await opened(listener, WrapperOverUdp(), Level.NONE)
        with pytest.raises(PduTooLarge):
            await session.set(CLOCK, octet_string(bytes(65_510)))
        session.abort()


async def test_an_application_that_fails_ends_one_peer() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    class Failing:
        def get(self, *_: Any) -> Any:
            raise RuntimeError("broken")

    security = MeterSecurity(b"OSG\0\0\0\0\1", {16: ClientAccess(Level.NONE)}, bytes)
    listener = await serve_meter(
        lambda: MeterAssociation(Failing(), security),  # type: ignore[arg-type] # serves GET only, and that badly
        ("127.0.0.1", 0),
        framing=WrapperOverUdp(),
    )
    async with listener:
        session = await opened(listener, WrapperOverUdp(), Level.NONE, response_timeout_s=1.0)
        with pytest.raises(ResponseTimeout):
            await session.get(CLOCK)
        assert [str(context["exception"]) for context in told] == ["broken"]
        again = await opened(listener, WrapperOverUdp(), Level.NONE)
        again.abort()


async def test_a_replayed_request_gets_the_same_answer_and_an_old_one_none(pair_of: Pairs) -> None:
    pair = pair_of(Level.HLS5_GMAC, SMALL)
    requests: list[bytes] = []

    def keep(datagram: bytes) -> list[bytes]:
        if datagram[2:4] == b"\0\1" and datagram[HEADER.size] == 0xC8:
            requests.append(datagram)
        return [datagram]

    async with await served(pair, WrapperOverUdp()) as listener:
        relay = await relayed(keep, listener.address)
        session = await opened(relay.get_extra_info("sockname"), WrapperOverUdp(), response_timeout_s=1.0)
        await session.get(CLOCK)
        await session.get(CLOCK)
        relay.sendto(requests[0], listener.address)  # the meter drops the association for it
        with pytest.raises(DlmsError) as failure:
            await session.get(CLOCK)
        assert not isinstance(failure.value, DecipherError)
        relay.abort()
