"""Meters that never come to an end: blocks without octets, blocks without number, notifications, noise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import pytest

from meterstream.dlms.apdu import DataNotification, GetResponseWithDataBlock
from meterstream.dlms.asyncio import Direction, open_session
from meterstream.dlms.asyncio.hdlc import MAX_UNTRACED, HdlcLine
from meterstream.dlms.asyncio.link import Link
from meterstream.dlms.client import AssociationConfig, Level
from meterstream.dlms.client.hdlc import HdlcClient
from meterstream.dlms.data import AttributeRef, LogicalName, octet_string
from meterstream.dlms.errors import LimitExceeded, ResponseTimeout, UnexpectedAnswer
from meterstream.dlms.framing import wrap
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcClientLink
from meterstream.dlms.meter import Habits
from meterstream.dlms.meter.association import MAX_ANSWERS
from meterstream.dlms.meter.policy import Reaction
from meterstream.dlms.security import MAX_COUNTER

PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
PUBLIC = AssociationConfig(Level.NONE, client_sap=16)


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, int]]:
    closed = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await reader.read(4096):
                writer.write(answer(octets))
            writer.close()
            await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[:2]
        await closed.wait()


def endless(pair: Any, content: bytes) -> Callable[[bytes], bytes]:
    numbers = count()

    def answer(octets: bytes) -> bytes:
        number = next(numbers)
        if not number:
            return bytes(pair.meter.receive(octets))
        return wrap(1, 16, GetResponseWithDataBlock(0x41, False, number, content).encode())

    return answer


async def test_blocks_without_end_are_not_waited_for_longer_than_the_exchange_may_last(
    pair_of: Callable[..., Any],
) -> None:
    async with asyncio.timeout(10), answering(endless(pair_of(Level.NONE), b"\x09")) as address:
        options = {"connect_timeout_s": 5.0, "response_timeout_s": 60.0, "exchange_timeout_s": 0.1}
        session = await open_session(address, PUBLIC, None, **options)
        with pytest.raises(ResponseTimeout):
            await session.get(PROFILE)
        assert not session.usable


async def test_block_without_octets_ends_the_session(pair_of: Callable[..., Any]) -> None:
    async with asyncio.timeout(10), answering(endless(pair_of(Level.NONE), b"")) as address:
        session = await open_session(address, PUBLIC, None, connect_timeout_s=5.0, response_timeout_s=5.0)
        with pytest.raises(UnexpectedAnswer, match="block 1 brings nothing"):
            await session.get(PROFILE)
        assert not session.usable


async def test_trace_keeps_no_notifications_back(associated: Callable[..., Any]) -> None:
    traced: list[tuple[Direction, bytes]] = []
    link = Link(asyncio.get_running_loop(), associated(Level.NONE).client, lambda *frame: traced.append(frame))
    frame = wrap(1, 16, DataNotification(1, octet_string(bytes(100))).encode())
    for _ in range(100):
        link.data_received(frame[:50])
        link.data_received(frame[50:])
    assert traced == [(Direction.RECEIVED, frame)] * 100


async def test_trace_keeps_little_noise_back(pair_of: Callable[..., Any]) -> None:
    traced: list[bytes] = []
    hdlc = HdlcClient(pair_of(Level.NONE).client, HdlcClientLink(16, HdlcAddress(1)))
    line = HdlcLine(asyncio.get_running_loop(), hdlc, lambda _, octets: traced.append(octets))
    noise = bytes(1000)
    sent = 3 * MAX_UNTRACED
    for _ in range(sent // len(noise)):
        line.data_received(noise)
    assert sent - sum(map(len, traced)) <= MAX_UNTRACED + len(noise)
    assert max(map(len, traced)) <= MAX_UNTRACED + len(noise)


def test_exception_response_after_the_last_counter(associated: Callable[..., Any]) -> None:
    """There is none above it that the answer could name."""
    pair = associated(Level.HLS5_GMAC, Habits(on_bad_security=Reaction.EXCEPTION, cipher_exceptions=False))
    request = pair.client.get(PROFILE)
    pair.access.last_client_counter = MAX_COUNTER
    answer = pair.meter.receive(request)
    assert answer[8:] == bytes.fromhex("D8 01 06 FFFFFFFF")


def test_requests_far_ahead_of_their_answers_end_the_line(associated: Callable[..., Any]) -> None:
    pair = associated(Level.NONE)
    pair.application.values[PROFILE] = octet_string(bytes(60_000))
    request = pair.client.get(PROFILE)
    answers = pair.meter.receive(request * 5_000)
    assert len(answers) < MAX_ANSWERS + 100_000
    assert isinstance(pair.meter.close_cause, LimitExceeded)
