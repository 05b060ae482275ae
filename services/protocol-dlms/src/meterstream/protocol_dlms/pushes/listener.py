"""TCP and UDP listeners for pushes.

A TCP connection is answered by its end alone: it is closed once all its pushes are on the topic, and reset when one
could not be taken. UDP is never answered.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import Any, Final

from meterstream.contracts.records import PushTransport
from meterstream.dlms.asyncio.listener import (
    BoundedConnection,
    Connections,
    Listener,
    ListenerCounters,
    ListenerLimits,
)
from meterstream.protocol_dlms.model.push_stream import PushStream
from meterstream.protocol_dlms.model.pushes import PushUnreadable
from meterstream.protocol_dlms.pushes.inbox import PushInbox
from meterstream.protocol_dlms.settings import PushSettings

log = logging.getLogger(__name__)

_RESET: Final = struct.pack("ii", 1, 0)
"""struct linger: nothing is kept, the other side gets a reset."""

SILENCE_S: Final = 0.2
"""After so long without a further octet a text-like push is whole."""


class PushListener:
    """Listens on the ports that are set (a Component).

    Attributes:
        tcp, udp: host and port, once it runs, of those that are listened on.
    """

    name = "push listener"

    def __init__(self, settings: PushSettings, inbox: PushInbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self._listener: Listener | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self.tcp: tuple[str, int] | None = None
        self.udp: tuple[str, int] | None = None

    @property
    def ready(self) -> bool:
        """Whether it listens wherever it should."""
        wanted = (self._settings.tcp_port is not None, self._settings.udp_port is not None)
        return wanted == (self.tcp is not None, self.udp is not None)

    async def start(self) -> None:
        """Raises: OSError when a port is not free."""
        settings, loop = self._settings, asyncio.get_running_loop()
        if settings.tcp_port is not None:
            limits = ListenerLimits(settings.max_connections, settings.idle_timeout_s)
            connections = Connections(loop, limits, ListenerCounters(), set())
            address = (settings.host, settings.tcp_port)
            self._listener = await connections.listen(address, lambda: _PushConnection(connections, self._inbox))
            self.tcp = self._listener.address
        if settings.udp_port is not None:
            self._datagrams, _ = await loop.create_datagram_endpoint(
                lambda: _PushDatagrams(self._inbox), local_addr=(settings.host, settings.udp_port)
            )
            self.udp = self._datagrams.get_extra_info("sockname")[:2]
        log.info("listening for pushes on TCP %s and UDP %s", self.tcp, self.udp)

    async def stop(self) -> None:
        """Listen no more; what was taken goes on to the topic."""
        if self._listener is not None:
            await self._listener.close()
        if self._datagrams is not None:
            self._datagrams.close()


class _PushConnection(BoundedConnection):
    __slots__ = ("_ended", "_inbox", "_peer", "_quiet_at", "_stream", "_unwritten")

    def __init__(self, connections: Connections, inbox: PushInbox) -> None:
        super().__init__(connections)
        self._inbox = inbox
        self._stream = PushStream()
        self._peer = ("", 0)
        self._quiet_at: float | None = None
        self._unwritten: set[asyncio.Future[None]] = set()
        self._ended = False

    def _opened(self, transport: asyncio.Transport) -> None:
        self._peer = transport.get_extra_info("peername")[:2]
        if not self._inbox.welcome(self._peer[0]):
            self._inbox.refuse(PushTransport.TCP, "network")
            self.abort()

    def abort(self) -> None:
        """End with a reset: an orderly end would tell the meter that its push is kept."""
        if self._transport is not None:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        super().abort()

    def _received(self, octets: bytes, now: float) -> bool:
        try:
            whole = self._stream.feed(octets)
        except PushUnreadable as unreadable:
            self._refuse(unreadable)
            return False
        self._quiet_at = now + SILENCE_S if self._stream.waiting else None
        return self._take(whole)

    def _deadline(self) -> float | None:
        return self._quiet_at

    def _timed_out(self, now: float) -> None:
        if self._quiet_at is not None and now >= self._quiet_at:
            self._quiet_at = None
            if self._stream.text_waits:
                self._take_rest()

    def eof_received(self) -> bool:
        self._ended = True
        self._take_rest()
        self._close_when_written()
        return True  # it is closed when all is on the topic

    def _take_rest(self) -> None:
        try:
            rest = self._stream.finish()
        except PushUnreadable as unreadable:
            self._refuse(unreadable)
            return
        if rest is not None:
            self._take([rest])

    def _take(self, pushes: list[bytes]) -> bool:
        for octets in pushes:
            sent = self._inbox.take(octets, PushTransport.TCP, self._peer)
            if sent is None:
                self.abort()
                return False
            self._unwritten.add(sent)
            sent.add_done_callback(self._written)
        return bool(pushes)

    def _written(self, sent: asyncio.Future[None]) -> None:
        self._unwritten.discard(sent)
        if sent.cancelled() or sent.exception() is not None:
            self.abort()
        else:
            self._close_when_written()

    def _close_when_written(self) -> None:
        if self._ended and not self._unwritten and self._transport is not None:
            self._transport.close()

    def _refuse(self, unreadable: PushUnreadable) -> None:
        log.info("no push from %s: %s", self._peer[0], unreadable)
        self._inbox.refuse(PushTransport.TCP, "malformed")
        self.abort()


class _PushDatagrams(asyncio.DatagramProtocol):
    def __init__(self, inbox: PushInbox) -> None:
        self._inbox = inbox

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._inbox.take(data, PushTransport.UDP, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        log.info("UDP of pushes: %s", type(exc).__name__)
