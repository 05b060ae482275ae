"""A server of files over HTTPS that does what a test plans: cuts, refuses, answers parts, is silent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from meterstream.demo.certificates import Authority

Plan = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FileServer:
    """Serves `octets` at /fw.bin with an entity tag and by ranges.

    Attributes:
        asked: the Range headers of the requests so far, "" where there was none.
        plans: what to do instead, a request each.
    """

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.asked: list[str] = []
        self.plans: list[Plan] = []
        self.never = asyncio.Event()
        self.port = 0

    def url(self, path: str = "/fw.bin", host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.headers.get("Range", ""))
        if self.plans:
            return await self.plans.pop(0)(request)
        return await self.serve(request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        tag = f'"{sha256(self.octets).hexdigest()[:16]}"'
        start, headers, status = 0, {"ETag": tag}, 200
        if request.headers.get("If-Range") == tag:
            start, status = int(request.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
            headers["Content-Range"] = f"bytes {start}-{len(self.octets) - 1}/{len(self.octets)}"
        return web.Response(body=self.octets[start:], status=status, headers=headers)

    def cut_after(self, octets: int, *, tag: str | None = None) -> Plan:
        """Announce all, send so much, and close the line."""

        async def cut(request: web.Request) -> web.StreamResponse:
            found = tag or f'"{sha256(self.octets).hexdigest()[:16]}"'
            response = web.StreamResponse(headers={"Content-Length": str(len(self.octets)), "ETag": found})
            await response.prepare(request)
            await response.write(self.octets[:octets])
            assert request.transport is not None
            request.transport.close()
            return response

        return cut

    def answers(self, status: int, **headers: str) -> Plan:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

        return answer

    async def silent(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"x")
        await self.never.wait()
        return response

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.never.is_set():
            await response.write(bytes(65_536))
        return response


@asynccontextmanager
async def file_server(folder: Path, octets: bytes) -> AsyncIterator[tuple[FileServer, Path]]:
    """A running server, and the certificates to trust for it."""
    authority = Authority(folder / "file-server")
    files = authority.server()
    made = FileServer(octets)
    app = web.Application()
    app.router.add_get("/fw.bin", made.handle)
    server = TestServer(app, scheme="https", host="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    await server.start_server(ssl=context)
    made.port = server.port or 0
    try:
        yield made, authority.files.certificate
    finally:
        made.never.set()
        await server.close()
