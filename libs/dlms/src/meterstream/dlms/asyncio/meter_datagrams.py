"""UDP peers of a meter that listens."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from meterstream.dlms.asyncio.listener import ListenerCounters, ListenerLimits
from meterstream.dlms.errors import PeerError
from meterstream.dlms.framing import check_datagram, frames_in, wrap
from meterstream.dlms.meter import MeterAssociation

_Address = tuple[Any, ...]


@dataclass(slots=True)
class _Peer:
    association: MeterAssociation
    heard: float
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)


class MeterDatagrams(asyncio.DatagramProtocol):
    """One association per peer, in the order in which they were heard last.

    The double of the last request of a peer gets the same answer again: networks double datagrams, and a meter would
    take it for a replay.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        new_association: Callable[[], MeterAssociation],
        limits: ListenerLimits,
        counters: ListenerCounters,
    ) -> None:
        self._loop = loop
        self._new_association = new_association
        self._limits = limits
        self._counters = counters
        self._peers: OrderedDict[_Address, _Peer] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._peers.clear()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        try:
            check_datagram(data)
        except PeerError:
            self._counters.malformed += 1
            return
        peer = self._peer(addr)
        if peer is None:
            self._counters.refused += 1
            return
        if data != peer.request:
            peer.request, peer.answer = data, b""
            try:
                peer.answer = peer.association.receive(data)
            except Exception as error:  # of the application: it ends this peer's association, not the server
                del self._peers[addr]
                context = {"message": "the application of a meter failed", "exception": error, "protocol": self}
                self._loop.call_exception_handler(context)
                return
        self._answer(peer.answer, addr)
        if peer.association.closed:
            del self._peers[addr]

    def _peer(self, addr: _Address) -> _Peer | None:
        now = self._loop.time()
        peer = self._peers.get(addr)
        if peer is None:
            self._drop_idle(now)
            if len(self._peers) >= self._limits.max_connections:
                return None
            self._counters.accepted += 1
            peer = self._peers[addr] = _Peer(self._new_association(), now)
            self._arm()
        peer.heard = now
        self._peers.move_to_end(addr)
        return peer

    def _answer(self, answer: bytes, addr: _Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            for frame in frames_in(answer):
                self._transport.sendto(wrap(*frame), addr)

    def _arm(self) -> None:
        if self._timer is None and self._peers:
            oldest = next(iter(self._peers.values()))
            self._timer = self._loop.call_at(oldest.heard + self._limits.idle_timeout_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._drop_idle(self._loop.time())
        self._arm()

    def _drop_idle(self, now: float) -> None:
        while self._peers:
            addr, oldest = next(iter(self._peers.items()))
            if now < oldest.heard + self._limits.idle_timeout_s:
                return
            del self._peers[addr]
            self._counters.idle += 1
