"""A listener for what meters send unasked: data-notifications and event-notifications over TCP and UDP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.data_notification import DataNotification, decode_data_notification
from meterstream.dlms.apdu.event_notification import EventNotificationRequest, decode_event_notification
from meterstream.dlms.asyncio.framing import WrapperOverTcp, WrapperOverUdp
from meterstream.dlms.asyncio.listener import (
    BoundedConnection,
    Connections,
    Listener,
    ListenerCounters,
    ListenerLimits,
)
from meterstream.dlms.data import DEFAULT_LIMITS, DataLimits
from meterstream.dlms.errors import DecodeError, DlmsError, PeerError
from meterstream.dlms.framing import MAX_APDU, Frame, WrapperReader, check_datagram, frames_in

_WRAPPER: Final = WrapperOverTcp()
Notification = DataNotification | EventNotificationRequest


@dataclass(frozen=True, slots=True)
class Push:
    """One APDU that a meter pushed.

    Attributes:
        peer: host and port it came from; says little about which meter it was.
        source, destination: wPorts.
        apdu: out of repr, for it may be readings.
        notification: None where `apdu` is protected or of another service: whoever has the keys opens it.
    """

    peer: tuple[str, int]
    source: int
    destination: int
    apdu: bytes = field(repr=False)
    notification: Notification | None = field(default=None, repr=False)


OnPush = Callable[[Push], None]
OnError = Callable[[tuple[str, int], DlmsError], None]


@dataclass(frozen=True, slots=True)
class PushLimits:
    """Bounds of what one meter may send.

    Attributes:
        max_apdu: octets of one push.
        data: of its values.
    """

    max_apdu: int = MAX_APDU
    data: DataLimits = DEFAULT_LIMITS


async def listen_pushes(
    address: tuple[str, int],
    on_push: OnPush,
    on_error: OnError,
    *,
    framing: WrapperOverTcp | WrapperOverUdp = _WRAPPER,
    limits: ListenerLimits | None = None,
    push_limits: PushLimits | None = None,
) -> Listener:
    """Hands every pushed APDU to `on_push`; port 0 takes a free one. Nothing is answered.

    Args:
        on_error: gets what was wrong with what a peer sent: FrameError and LimitExceeded of a frame, which end a TCP
            connection; DecodeError and LimitExceeded of a value, after which the next frame counts. Peers that are
            refused or silent for too long are counted.
    Raises: OSError when the address is not free.
    """
    loop = asyncio.get_running_loop()
    counters = ListenerCounters()
    inbox = _Inbox(loop, on_push, on_error, push_limits or PushLimits())
    if isinstance(framing, WrapperOverUdp):
        transport, _ = await loop.create_datagram_endpoint(lambda: _PushDatagrams(inbox, counters), local_addr=address)
        return Listener(transport.get_extra_info("sockname")[:2], counters, transport.abort)
    connections = Connections(loop, limits or ListenerLimits(), counters, set())
    return await connections.listen(address, lambda: _PushConnection(connections, inbox))


class _Inbox:
    """What frames mean."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_push: OnPush, on_error: OnError, limits: PushLimits) -> None:
        self._loop = loop
        self._on_push = on_push
        self.on_error = on_error
        self.limits = limits

    def take(self, peer: tuple[str, int], frame: Frame) -> None:
        try:
            push = Push(peer, *frame, self._notification(frame.apdu))
        except PeerError as error:
            self.on_error(peer, error)
            return
        try:
            self._on_push(push)
        except Exception as error:  # of who listens: it ends no connection, and reaches who watches the loop
            self._loop.call_exception_handler({"message": "on_push failed", "exception": error})

    def _notification(self, apdu: bytes) -> Notification | None:
        if not apdu:
            raise DecodeError("push without any octet")
        if apdu[0] == tags.DATA_NOTIFICATION:
            return decode_data_notification(apdu, self.limits.data)
        if apdu[0] == tags.EVENT_NOTIFICATION_REQUEST:
            return decode_event_notification(apdu, self.limits.data)
        return None


class _PushConnection(BoundedConnection):
    __slots__ = ("_inbox", "_peer", "_reader")

    def __init__(self, connections: Connections, inbox: _Inbox) -> None:
        super().__init__(connections)
        self._inbox = inbox
        self._reader = WrapperReader(inbox.limits.max_apdu)
        self._peer = ("", 0)

    def _opened(self, transport: asyncio.Transport) -> None:
        self._peer = transport.get_extra_info("peername")[:2]

    def _received(self, octets: bytes, now: float) -> bool:  # noqa: ARG002 - frames have no time
        reader = self._reader
        whole = False
        try:
            reader.feed(octets)
            while reader.waiting and (frame := reader.next_frame()) is not None:
                whole = True
                self._inbox.take(self._peer, frame)
        except PeerError as error:
            self.abort()
            self._inbox.on_error(self._peer, error)
        return whole

    def eof_received(self) -> None:
        if self._reader.waiting:
            error = DecodeError(f"the connection ended within a frame, after {self._reader.waiting} octets of it")
            self._inbox.on_error(self._peer, error)


class _PushDatagrams(asyncio.DatagramProtocol):
    def __init__(self, inbox: _Inbox, counters: ListenerCounters) -> None:
        self._inbox = inbox
        self._counters = counters

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        peer = addr[0], addr[1]
        try:
            check_datagram(data)
            (frame,) = frames_in(data)
        except PeerError as error:
            self._counters.malformed += 1
            self._inbox.on_error(peer, error)
        else:
            self._inbox.take(peer, frame)
