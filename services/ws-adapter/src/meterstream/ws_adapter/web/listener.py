"""The HTTPS listener as a component of the service."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from meterstream.runtime.errors import ConfigurationError
from meterstream.ws_adapter.settings import HttpSettings
from meterstream.ws_adapter.web.guard import RETRY_AFTER
from meterstream.ws_adapter.web.tls import server_context

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
    """Listens for as long as the service runs; on stop it finishes the requests that it has."""

    name = "http"

    def __init__(
        self,
        settings: HttpSettings,
        routes: Sequence[web.AbstractRouteDef],
        on_stop: Callable[[], Awaitable[None]] | None = None,
        before_drain: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._on_stop = on_stop
        self._before_drain = before_drain
        self._runner: web.AppRunner | None = None
        self.port = settings.port

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        return self._runner is not None

    async def start(self) -> None:
        """Listen.

        Raises: ConfigurationError for files or an address that cannot be used.
        """
        settings = self._settings
        context = server_context(settings)
        runner = web.AppRunner(
            build_application(settings, self._routes),
            access_log=None,
            keepalive_timeout=settings.keepalive_s,
            max_field_size=settings.max_header_bytes,
            shutdown_timeout=STOP_S,
        )
        await runner.setup()
        site = web.TCPSite(
            runner,
            settings.host,
            settings.port,
            ssl_context=context,
            backlog=BACKLOG,
        )
        try:
            await site.start()
        except OSError as problem:
            await runner.cleanup()
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {problem}") from None
        self._runner = runner
        self.port = runner.addresses[0][1]
        log.info("listens", extra={"port": self.port, "tls": context is not None})

    async def stop(self) -> None:
        """Take nothing more, finish what runs."""
        if self._runner is None:
            return
        self._before_drain()
        await self._runner.cleanup()
        self._runner = None
        if self._on_stop is not None:
            await self._on_stop()
