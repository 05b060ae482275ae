"""The listener over time: TLS files that change, and clients that are slow to ask."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from meterstream.demo.certificates import Authority
from meterstream.ws_adapter.settings import HttpSettings

Until = Callable[..., Awaitable[None]]
PATH = "/v1/operations"


@pytest.fixture
def authorities(tmp_path: Path) -> tuple[Authority, Authority]:
    return Authority(tmp_path / "old"), Authority(tmp_path / "new")


def install(authority: Authority, mounted: Path) -> None:
    """As a mounted secret changes: each file is replaced at once."""
    server = authority.server()
    for source, name in (
        (server.certificate, "tls.crt"),
        (server.key, "tls.key"),
        (authority.files.certificate, "ca.crt"),
    ):
        shutil.copy(source, mounted / f".{name}")
        (mounted / f".{name}").replace(mounted / name)


@pytest.fixture
async def stack(
    build_stack: Callable[..., Any], authorities: tuple[Authority, Authority], tmp_path: Path
) -> AsyncIterator[Any]:
    install(authorities[0], tmp_path)
    settings = HttpSettings(
        host="127.0.0.1",
        port=0,
        certificate_file=tmp_path / "tls.crt",
        key_file=tmp_path / "tls.key",
        client_ca_file=tmp_path / "ca.crt",
        reload_s=0.02,
        head_timeout_s=0.3,
    )
    built = build_stack(settings)
    await built.listener.start()
    yield built
    await built.listener.stop()


async def status(session: aiohttp.ClientSession) -> int:
    async with session.get(PATH) as response:
        return response.status


def session_of(stack: Any, context: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        f"https://localhost:{stack.listener.port}", connector=aiohttp.TCPConnector(ssl=context)
    )


async def test_changed_tls_files_serve_new_connections_and_keep_the_old_ones(
    stack: Any, authorities: tuple[Authority, Authority], tmp_path: Path, until: Until
) -> None:
    old, new = (authority.client_context("DemoGridOrg") for authority in authorities)
    async with session_of(stack, old) as connected, session_of(stack, new) as renewed:
        assert await status(connected) == 200
        with pytest.raises(aiohttp.ClientError):
            await status(renewed)
        (tmp_path / "tls.crt").write_text("half a file")
        with pytest.raises(ssl.SSLError):
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "tls.crt")
        async with session_of(stack, old) as late:
            assert await status(late) == 200  # the former files serve on
        install(authorities[1], tmp_path)
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await status(renewed) == 200
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)  # until the change is seen
        assert await status(connected) == 200
        async with session_of(stack, old) as late:
            with pytest.raises(aiohttp.ClientError):
                await status(late)


async def test_a_connection_without_a_request_ends(stack: Any, authorities: tuple[Authority, Authority]) -> None:
    context = authorities[0].client_context("DemoGridOrg")
    port = stack.listener.port
    for sent, tls in (
        (b"", context),
        (b"GET /v1/operations HTTP/1.1\r\nHost: x\r\nX-Slow: ", context),
        (b"\x16\x03", None),
    ):
        reader, writer = await asyncio.open_connection("localhost", port, ssl=tls)
        writer.write(sent)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):  # aborted
                assert await reader.read() == b""
        writer.close()


async def test_a_connection_that_asked_in_time_stays(stack: Any, authorities: tuple[Authority, Authority]) -> None:
    async with session_of(stack, authorities[0].client_context("DemoGridOrg")) as session:
        assert await status(session) == 200
        loop = asyncio.get_running_loop()
        later = loop.create_future()
        loop.call_later(0.5, later.set_result, None)  # beyond the time for the first head
        await later
        connector = session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        assert sum(len(pool) for pool in connector._conns.values()) == 1
        assert await status(session) == 200
