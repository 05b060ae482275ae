"""The HTTPS listener as a component of the service."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from meterstream.runtime.errors import ConfigurationError
from meterstream.ws_adapter.settings import HttpSettings
from meterstream.ws_adapter.web.guard import RETRY_AFTER
from meterstream.ws_adapter.web.heads import FirstRequests
from meterstream.ws_adapter.web.tls import Stamp, server_context, stamp_of

log = logging.getLogger(__name__)

BACKLOG: Final = 1024
STOP_S: Final = 12.0
"""Longer than any request is held for domain."""


def build_application(settings: HttpSettings, routes: Sequence[web.AbstractRouteDef]) -> web.Application:
    """The application with all routes of the faces."""
    app = web.Application(client_max_size=settings.max_body_bytes)
    app.add_routes(routes)
    app.on_response_prepare.append(_add_headers)
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "Meterstream"  # and no versions of what is under it
    if (seconds := request.get(RETRY_AFTER)) is not None:
        response.headers["Retry-After"] = seconds


class Listener:
    """Listens for as long as the service runs; on stop it finishes the requests that it has.

    When the TLS files change, a new server takes over the listening socket; what is connected stays as it is.
    """

    name = "http"

    def __init__(
        self,
        settings: HttpSettings,
        routes: Sequence[web.AbstractRouteDef],
        on_stop: Callable[[], Awaitable[None]] | None = None,
        before_drain: Callable[[], None] = lambda: None,
        *,
        tokens: bool = False,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._on_stop = on_stop
        self._before_drain = before_drain
        self._tokens = tokens
        self._runner: web.AppRunner | None = None
        self._first: FirstRequests | None = None
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self.port = settings.port

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def start(self) -> None:
        """Listen.

        Raises: ConfigurationError for files or an address that cannot be used.
        """
        settings = self._settings
        try:
            stamp = stamp_of(settings)  # before they are read, so that no change is missed
        except OSError as problem:
            raise ConfigurationError(f"TLS files of the listener: {problem}") from None
        context = server_context(settings, optional=self._tokens)
        application = build_application(settings, self._routes)
        application.middlewares.append(self._note_request)
        runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=settings.keepalive_s,
            max_line_size=settings.max_header_bytes,
            max_field_size=settings.max_header_bytes,
            shutdown_timeout=STOP_S,
        )
        await runner.setup()
        assert runner.server is not None  # noqa: S101  # there since setup
        self._first = FirstRequests(runner.server, settings.head_timeout_s)
        try:
            self._socket = await _bound(settings.host, settings.port)
        except OSError as problem:
            await runner.cleanup()
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {problem}") from None
        self._runner = runner
        self.port = self._socket.getsockname()[1]
        self._server = await self._serve(self._first, self._socket, context)
        if context is not None:
            self._watch = asyncio.create_task(self._reload(stamp), name="TLS files")
        log.info("listens", extra={"port": self.port, "tls": context is not None})

    async def stop(self) -> None:
        """Take nothing more, finish what runs."""
        if self._runner is None:
            return
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        self._before_drain()
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
        await self._runner.cleanup()
        self._runner = self._server = self._socket = self._watch = None
        if self._on_stop is not None:
            await self._on_stop()

    async def _serve(
        self, first: FirstRequests, listening: socket.socket, context: ssl.SSLContext | None
    ) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            first.protocol,
            sock=listening.dup(),
            ssl=context,
            backlog=BACKLOG,
            ssl_handshake_timeout=None if context is None else self._settings.head_timeout_s,
        )

    async def _reload(self, stamp: Stamp) -> None:
        while True:
            await asyncio.sleep(self._settings.reload_s)
            try:
                found = stamp_of(self._settings)
                if found == stamp:
                    continue
                context = server_context(self._settings, optional=self._tokens)
            except (OSError, ConfigurationError) as problem:
                log.warning("the TLS files changed and cannot be used; the former ones serve on: %s", problem)
                continue
            await self._replace(context)
            stamp = found

    async def _replace(self, context: ssl.SSLContext | None) -> None:
        assert self._first is not None  # noqa: S101  # set before the files are watched
        assert self._socket is not None  # noqa: S101 - it listens
        former, self._server = self._server, await self._serve(self._first, self._socket, context)
        if former is not None:
            former.close()
        log.info("new TLS files serve from now on")

    @web.middleware
    async def _note_request(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self._first is not None:
            self._first.came(request)
        return await handler(request)


async def _bound(host: str, port: int) -> socket.socket:
    """A socket bound to the address.

    Raises: OSError.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
