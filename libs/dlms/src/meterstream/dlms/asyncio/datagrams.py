"""Wrapper frames over UDP to a meter: one datagram, one frame."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from meterstream.dlms.apdu import tags
from meterstream.dlms.asyncio.link import Link, Trace
from meterstream.dlms.client import ClientAssociation
from meterstream.dlms.errors import LinkReset
from meterstream.dlms.framing import HEADER, frames_in, wrap

_MEANT_TWICE: Final = (tags.EXCEPTION_RESPONSE, tags.CONFIRMED_SERVICE_ERROR, tags.GENERAL_BLOCK_TRANSFER)
"""APDUs without an invoke id, and blocks that a meter repeats: those of the next request may look like the last."""


class DatagramLink(Link, asyncio.DatagramProtocol):
    """On a connected socket: the system drops datagrams of other senders.

    Blocks of general block transfer are repeated when nothing comes for `repeat_s` seconds. Nothing else is: a request
    that is lost ends in a ResponseTimeout, as its invocation counter is used up. The double of the last answer is
    dropped and counted.

    Attributes:
        doubles: datagrams that came twice in a row.
    """

    __slots__ = ("_datagrams", "_heard", "_last", "_repeat_s", "_repeat_timer", "doubles")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        association: ClientAssociation,
        repeat_s: float,
        trace: Trace | None = None,
    ) -> None:
        super().__init__(loop, association, trace)
        self._repeat_s = repeat_s
        self._repeat_timer: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._last = b""
        self._datagrams: asyncio.DatagramTransport | None = None
        self.doubles = 0

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._datagrams = cast("asyncio.DatagramTransport", transport)
        self._write = self._send_datagrams
        self._send = self._write if self._trace is None else self._send_traced

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - there is one sender only
        self._heard = self._loop.time()
        if data == self._last and data[HEADER.size] not in _MEANT_TWICE:
            self.doubles += 1
            return
        self._last = data if len(data) > HEADER.size else b""
        self.data_received(data)

    def error_received(self, exc: Exception) -> None:
        self._fail(LinkReset(f"datagram refused: {type(exc).__name__}"))

    # Sending

    def _send_datagrams(self, frames: bytes) -> None:
        if self._datagrams is None:
            return
        self._heard = self._loop.time()
        for frame in frames_in(frames):
            self._datagrams.sendto(wrap(*frame))
        if self._repeat_timer is None:
            self._repeat_timer = self._loop.call_later(self._repeat_s, self._on_silence)

    def _on_silence(self) -> None:
        self._repeat_timer = None
        if self._answer is None or self._answer.done() or self._failure is not None:
            return
        due = self._heard + self._repeat_s
        if self._loop.time() < due:
            self._repeat_timer = self._loop.call_at(due, self._on_silence)
        elif frames := self._association.ask_again():
            self._send(frames)

    def _stop_timer(self) -> None:
        super()._stop_timer()
        if self._repeat_timer is not None:
            self._repeat_timer.cancel()
            self._repeat_timer = None
