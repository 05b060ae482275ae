"""HDLC over TCP to a meter: an HDLC link between the association and the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from meterstream.dlms.asyncio.link import Direction, Link, Trace
from meterstream.dlms.client.hdlc import ClientStep, HdlcClient, Raised, Unsolicited
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing.hdlc import Failed, HdlcPhase

GRACE_S: Final = 2.0
"""How long a last DISC may wait for the network before the connection is cut."""
MAX_UNTRACED: Final = 65_536
"""Octets that wait for a frame which calls for something; then the trace gets them as they are."""


class HdlcLine(Link):
    """`establish` it before the first `ask`.

    Attributes:
        unsolicited: notifications that came and that nobody wanted.
    """

    __slots__ = ("_grace", "_hdlc", "_notified", "_turn_timer", "unsolicited")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hdlc: HdlcClient,
        trace: Trace | None = None,
        notified: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__(loop, hdlc.association, trace)
        self._hdlc = hdlc
        self._notified = notified
        self._turn_timer: asyncio.TimerHandle | None = None
        self._grace: asyncio.TimerHandle | None = None
        self.unsolicited = 0

    async def establish(self, timeout_s: float) -> None:
        """SNRM and UA, with the link's repetitions. Raises: PeerError, LinkError."""
        await self._converse(self._hdlc.connect, timeout_s)

    async def finish(self, timeout_s: float) -> None:
        if self.open and self._answer is None and self._hdlc.link.phase is HdlcPhase.CONNECTED:
            try:
                await self._converse(self._hdlc.disconnect, timeout_s)
            except DlmsError:
                return  # whatever it was, the connection is closed by now
        self.close()

    def hang_up(self) -> None:
        """DISC, if the network takes it within GRACE_S, and nobody waits for UA."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._hdlc.link.phase is not HdlcPhase.CONNECTED:
            self.abort()
            return
        self._say(self._hdlc.disconnect(self._loop.time()))
        self._stop_timer()
        transport.close()
        self._grace = self._loop.call_later(GRACE_S, transport.abort)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send = self._send_in_frames

    def data_received(self, data: bytes) -> None:
        if self._failure is not None:
            return
        if self._trace is not None:
            self._received += data
        try:
            step = self._hdlc.receive(data, self._loop.time())
        except Exception as error:  # a failing counter source must reach who waits as well
            self._trace_received()
            self._refuse(error)
            return
        self._on(step)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._grace is not None:
            self._grace.cancel()
        super().connection_lost(exc)

    # The link below the association

    async def _converse(self, say: Callable[[float], bytes], timeout_s: float) -> None:
        await self.ask(b"", timeout_s, lambda _: self._say(say(self._loop.time())))

    def _send_in_frames(self, frame: bytes) -> None:
        self._say(self._hdlc.send(frame, self._loop.time()))

    def _say(self, octets: bytes) -> None:
        if octets:
            if self._trace is not None:
                self._trace(Direction.SENT, self._hdlc.traceable(octets))
            self._write(octets)
        self._wait_for_turn()

    def _on(self, step: ClientStep) -> None:
        if step.octets or step.events or len(self._received) > MAX_UNTRACED:
            self._trace_received()
        self._say(step.octets)
        for event in step.events:
            match event:
                case Failed(error):
                    self._fail(error)
                case Raised(error):
                    self._refuse(error)
                case Unsolicited(apdu):
                    self._notify(apdu)
                case _ if self._answer is not None and not self._answer.done():
                    self._answer.set_result(event)
        self._wait_for_turn()

    def _notify(self, apdu: bytes) -> None:
        if self._notified is None:
            self.unsolicited += 1
        else:
            self._notified(apdu)

    # Time

    def _wait_for_turn(self) -> None:
        deadline, timer = self._hdlc.deadline, self._turn_timer
        if deadline is None or self._failure is not None:
            return  # a timer that goes off without a deadline finds nothing to do
        if timer is not None:
            if timer.when() <= deadline:
                return
            timer.cancel()
        self._turn_timer = self._loop.call_at(deadline, self._on_turn)

    def _on_turn(self) -> None:
        self._turn_timer = None
        if self._failure is None and self._transport is not None and not self._transport.is_closing():
            self._on(self._hdlc.timed_out(self._loop.time()))

    def _stop_timer(self) -> None:
        super()._stop_timer()
        if self._turn_timer is not None:
            self._turn_timer.cancel()
            self._turn_timer = None
