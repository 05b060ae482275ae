"""Wrapper frames over UDP to a meter: one datagram, one frame."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from meterstream.dlms.apdu import tags
from meterstream.dlms.asyncio.link import Link, Trace
from meterstream.dlms.client import ClientAssociation
from meterstream.dlms.errors import LinkReset
from meterstream.dlms.framing import HEADER

_WITHOUT_INVOKE_ID: Final = (tags.EXCEPTION_RESPONSE, tags.CONFIRMED_SERVICE_ERROR)


class DatagramLink(Link, asyncio.DatagramProtocol):
    """On a connected socket: the system drops datagrams of other senders.

    Nothing is repeated: a request that is lost ends in a ResponseTimeout, as its invocation counter is used up. The
    double of the last answer is dropped and counted.

    Attributes:
        doubles: datagrams that came twice in a row.
    """

    __slots__ = ("_last", "doubles")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, association: ClientAssociation, trace: Trace | None = None
    ) -> None:
        super().__init__(loop, association, trace)
        self._last = b""
        self.doubles = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._write = cast("asyncio.DatagramTransport", transport).sendto
        self._send = self._write if self._trace is None else self._send_traced

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - there is one sender only
        # Successive answers differ in their invoke id; those without one may come twice and mean it.
        if data == self._last and data[HEADER.size] not in _WITHOUT_INVOKE_ID:
            self.doubles += 1
            return
        self._last = data if len(data) > HEADER.size else b""
        self.data_received(data)

    def error_received(self, exc: Exception) -> None:
        self._fail(LinkReset(f"datagram refused: {type(exc).__name__}"))
