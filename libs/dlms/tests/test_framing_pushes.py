"""What meters push over TCP and UDP, and what somebody else may send to the same port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import DataNotification, EventNotificationRequest
from meterstream.dlms.asyncio import (
    Listener,
    ListenerLimits,
    Push,
    PushLimits,
    WrapperOverTcp,
    WrapperOverUdp,
    listen_pushes,
)
from meterstream.dlms.data import AttributeRef, DataLimits, LogicalName, octet_string, structure, unsigned
from meterstream.dlms.errors import DecodeError, DlmsError, FrameError, LimitExceeded
from meterstream.dlms.framing import wrap

NOTIFICATION = DataNotification(0x40000001, structure(octet_string(b"EXXXX"), unsigned(3)))
EVENT = EventNotificationRequest(AttributeRef(1, LogicalName.parse("0.0.97.98.0.255"), 2), unsigned(1))
CIPHERED = bytes.fromhex("DB08000000000000000105300000000A") + bytes(16)
TCP, UDP = WrapperOverTcp(), WrapperOverUdp()


class Heard:
    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.errors: list[DlmsError] = []
        self.listener: Listener

    async def listen(self, framing: Any, **options: Any) -> Listener:
        self.listener = await listen_pushes(
            ("127.0.0.1", 0), self.pushes.append, lambda _, error: self.errors.append(error), framing=framing, **options
        )
        return self.listener

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.001)

    async def send(self, framing: Any, *pieces: bytes) -> None:
        loop = asyncio.get_running_loop()
        if framing is UDP:
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=self.listener.address
            )
            for piece in pieces:
                transport.sendto(piece)
            transport.close()
        else:
            _, writer = await asyncio.open_connection(*self.listener.address)
            for piece in pieces:
                writer.write(piece)
            writer.close()
            with contextlib.suppress(ConnectionError):  # the listener may have been faster
                await writer.wait_closed()


@pytest.mark.parametrize("framing", [TCP, UDP])
async def test_pushes_of_every_kind(framing: Any) -> None:
    heard = Heard()
    async with await heard.listen(framing):
        frames = [wrap(1, 103, apdu) for apdu in (NOTIFICATION.encode(), EVENT.encode(), CIPHERED)]
        await heard.send(framing, *frames)
        await heard.until(lambda: len(heard.pushes) == 3)
    assert [push.notification for push in heard.pushes] == [NOTIFICATION, EVENT, None]
    assert heard.pushes[2].apdu == CIPHERED
    assert {(push.peer[0], push.source, push.destination) for push in heard.pushes} == {("127.0.0.1", 1, 103)}
    assert heard.errors == []
    assert "EXXXX" not in repr(heard.pushes)


@pytest.mark.parametrize("framing", [TCP, UDP])
async def test_a_broken_push_does_not_stop_the_next(framing: Any) -> None:
    heard = Heard()
    async with await heard.listen(framing, push_limits=PushLimits(data=DataLimits(max_values=1))):
        broken = [b"\x0f\x00", b"", b"\xc2\x07", NOTIFICATION.encode()]
        await heard.send(framing, *(wrap(1, 103, apdu) for apdu in [*broken, EVENT.encode()]))
        await heard.until(lambda: len(heard.pushes) == 1)
    assert [type(error) for error in heard.errors] == [DecodeError, DecodeError, DecodeError, LimitExceeded]


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"\x00\x02" + bytes(6), FrameError),
        (wrap(1, 1, bytes(101)), LimitExceeded),
        (b"GET / HTTP/1.1\r\n", FrameError),
    ],
)
async def test_what_is_no_frame_ends_a_connection(octets: bytes, error: type[DlmsError]) -> None:
    heard = Heard()
    async with await heard.listen(TCP, push_limits=PushLimits(max_apdu=100)):
        reader, writer = await asyncio.open_connection(*heard.listener.address)
        writer.write(octets + wrap(1, 1, EVENT.encode()))
        await heard.until(lambda: heard.errors != [])
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.transport.abort()
    assert [type(known) for known in heard.errors] == [error]
    assert heard.pushes == []


async def test_a_frame_that_ends_too_early() -> None:
    heard = Heard()
    async with await heard.listen(TCP):
        await heard.send(TCP, wrap(1, 1, EVENT.encode())[:-1])
        await heard.until(lambda: heard.errors != [])
    assert "within a frame" in str(heard.errors[0])


async def test_idle_and_refused_connections_are_counted() -> None:
    heard = Heard()
    limits = ListenerLimits(max_connections=1, idle_timeout_s=0.1)
    async with await heard.listen(TCP, limits=limits) as listener:
        _, first = await asyncio.open_connection(*listener.address)
        _, second = await asyncio.open_connection(*listener.address)
        await heard.until(lambda: listener.counters.refused == 1)
        await heard.until(lambda: listener.counters.idle == 1)
        first.transport.abort()
        second.transport.abort()
        assert listener.counters.accepted == 1


async def test_a_push_that_never_becomes_whole_keeps_no_connection() -> None:
    heard = Heard()
    async with await heard.listen(TCP, limits=ListenerLimits(1, idle_timeout_s=0.1)) as listener:
        _, writer = await asyncio.open_connection(*listener.address)
        writer.write(wrap(1, 1, bytes(60_000))[:8])

        def dropped() -> bool:
            writer.write(b"\0")
            return listener.counters.idle == 1

        await heard.until(dropped)
        writer.transport.abort()
    assert heard.pushes == []


@pytest.mark.parametrize("framing", [TCP, UDP])
async def test_a_listener_that_fails_goes_on(framing: Any) -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    heard = Heard()

    def broken(push: Push) -> None:
        heard.pushes.append(push)
        raise RuntimeError("broken")

    async with await listen_pushes(
        ("127.0.0.1", 0), broken, lambda _, error: heard.errors.append(error), framing=framing
    ) as heard.listener:
        await heard.send(framing, wrap(1, 1, EVENT.encode()), wrap(1, 1, EVENT.encode()))
        await heard.until(lambda: len(heard.pushes) == 2)
    assert [str(error) for error in told] == ["broken", "broken"]


@settings(deadline=None, max_examples=100)
@given(data=st.data())
@pytest.mark.parametrize("framing", [TCP, UDP])
def test_any_octets_are_pushes_or_typed_errors(framing: Any, data: st.DataObject) -> None:
    apdus = st.binary(max_size=60) | st.sampled_from([NOTIFICATION.encode(), EVENT.encode(), CIPHERED])
    pieces = data.draw(
        st.lists(apdus.map(lambda apdu: wrap(1, 1, apdu)) | st.binary(max_size=80), min_size=1, max_size=6)
    )

    async def run() -> None:
        heard = Heard()
        async with await heard.listen(framing):
            await heard.send(framing, *pieces)
            await heard.send(framing, wrap(7, 7, EVENT.encode()))
            await heard.until(lambda: any(push.source == 7 for push in heard.pushes))

    asyncio.run(run())
