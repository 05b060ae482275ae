"""The proxy of the fault tests passes, cuts, refuses and slows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import pytest
import pytest_asyncio

from meterstream.demo.proxy import Proxy, running_proxy


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[Proxy]:
    served: list[asyncio.Task[None]] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    with running_proxy(server.sockets[0].getsockname()[:2]) as running:
        yield running
    server.close()
    await asyncio.gather(*served)


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"hello")
    async with asyncio.timeout(10):
        return await reader.readexactly(5)


async def test_passes_both_ways(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await exchange(reader, writer) == b"hello"
    writer.close()


async def test_cuts_what_is_open_and_takes_new_ones(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    await exchange(reader, writer)
    proxy.cut()
    async with asyncio.timeout(10):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(1)
    writer.close()
    again = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await exchange(*again) == b"hello"
    again[1].close()


async def test_refuses_until_healed(proxy: Proxy) -> None:
    proxy.refuse()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await exchange(reader, writer)
    writer.close()
    proxy.heal()
    again = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await exchange(*again) == b"hello"
    again[1].close()


async def test_slows_each_piece(proxy: Proxy) -> None:
    proxy.slow(0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    began = time.monotonic()
    await exchange(reader, writer)
    assert time.monotonic() - began >= 0.2
    writer.close()
