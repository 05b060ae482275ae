"""Connections that do not get to their first request in time end."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

log = logging.getLogger(__name__)


class FirstRequests:
    """Makes the protocol of each connection, and ends the connection when TLS and the first head take too long.

    Later requests of a connection are bounded by the keep-alive time, which ends only with a complete head.
    """

    def __init__(self, server: web.Server, within_s: float) -> None:
        self._server = server
        self._within_s = within_s
        self._waiting: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def protocol(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""
        protocol = self._server()
        loop = asyncio.get_running_loop()
        self._waiting[protocol] = loop.call_later(self._within_s, self._late, protocol)
        return protocol

    def came(self, request: web.BaseRequest) -> None:
        """A head is complete."""
        timer = self._waiting.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()

    def _late(self, protocol: web.RequestHandler) -> None:
        self._waiting.pop(protocol, None)
        if protocol.transport is not None:
            log.debug("a connection ends: no request within %g s", self._within_s)
            protocol.transport.abort()
