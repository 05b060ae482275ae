"""One connection to a meter: moves bytes, keeps time, decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, cast

from meterstream.dlms.client import ClientAssociation, Event, Phase
from meterstream.dlms.errors import AssociationStateError, LinkClosed, LinkError, LinkReset, ResponseTimeout


class Direction(Enum):
    SENT = "sent"
    RECEIVED = "received"


Trace = Callable[[Direction, bytes], None]
"""Gets whole frames as they are on the line (passwords blanked)."""


class Link(asyncio.Protocol):
    """Feeds an association from a transport; one future per answer, one timer per connection.

    As it stands it is wrapper frames over TCP; the links of other lines derive from it. Any failure closes the
    connection and is raised to who waits, or to the next one who asks.
    """

    __slots__ = (
        "_answer",
        "_association",
        "_deadline",
        "_failure",
        "_loop",
        "_received",
        "_send",
        "_timer",
        "_trace",
        "_transport",
        "_write",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, association: ClientAssociation, trace: Trace | None = None
    ) -> None:
        self._loop = loop
        self._association = association
        self._trace = trace
        self._received = bytearray()  # for the trace: what came since it was told last
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], None] = _nowhere
        self._send: Callable[[bytes], None] = _nowhere
        self._answer: asyncio.Future[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._failure: BaseException | None = None

    async def ask(self, frame: bytes, timeout_s: float, send: Callable[[bytes], None] | None = None) -> Event:
        """Sends a frame and waits for what the association makes of the answer.

        `send` puts it on the line where that is not done as usual.

        Raises: DlmsError of the association; LinkClosed, LinkReset, ResponseTimeout; AssociationStateError while
        another answer is awaited.
        """
        if self._failure is not None or self._transport is None:
            raise self._failure or LinkClosed("the connection is closed")
        if self._answer is not None:
            raise AssociationStateError("one exchange at a time")
        answer = self._answer = self._loop.create_future()
        self._deadline = self._loop.time() + timeout_s
        # A timer that is already running is left alone: it looks at the deadline when it goes off.
        if self._timer is None or self._timer.when() > self._deadline:
            self._restart_timer()
        try:
            (send or self._send)(frame)
            event: Event = await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, or the loop complains about it
            raise
        finally:
            self._answer = None
        return event

    async def finish(self, timeout_s: float) -> None:  # noqa: ARG002 - for lines that have something to say first
        """Ends the line as its rules want it, within `timeout_s` seconds, and closes; idempotent."""
        self.close()

    def hang_up(self) -> None:
        """As `finish`, but waits for nothing; idempotent."""
        self.abort()

    def close(self) -> None:
        """Sends what is still to be sent and closes; idempotent."""
        self._stop_timer()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; idempotent."""
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    @property
    def open(self) -> bool:
        return self._failure is None and self._transport is not None and not self._transport.is_closing()

    # What lines have in common

    def _send_traced(self, frame: bytes) -> None:
        if self._trace is not None:
            self._trace(Direction.SENT, self._association.traceable(frame))
        self._write(frame)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._write = getattr(transport, "write", _nowhere)  # uvloop's transport of datagrams has none
        self._send = self._write if self._trace is None else self._send_traced

    def data_received(self, data: bytes) -> None:
        if self._failure is not None:
            return
        if self._trace is not None:
            self._received += data
        try:
            event = self._association.receive(data)
        except Exception as error:  # a failing counter source must reach who waits as well
            self._trace_received()
            self._refuse(error)
            return
        if event is not None:
            self._trace_received()
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(event)
        elif self._trace is not None and not self._association.waiting:
            self._trace_received()  # frames that answer nothing: there may be any number of them

    def connection_lost(self, exc: Exception | None) -> None:
        self._trace_received()
        self._transport = None
        self._write = self._send = _nowhere
        if exc is None:
            self._fail(LinkClosed("the meter closed the connection without an answer"))
        else:
            self._fail(_link_error(exc))

    # Failures

    def _refuse(self, error: Exception) -> None:
        """An error of the association: ends the exchange, and the connection unless the association goes on."""
        if self._association.phase is Phase.READY:
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(error)
            return
        self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._failure)
        self.hang_up()

    def _trace_received(self) -> None:
        if self._trace is not None and self._received:
            received = bytes(self._received)
            self._received.clear()
            self._trace(Direction.RECEIVED, received)

    # Time

    def _restart_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self._answer is None or self._answer.done():
            return
        if self._loop.time() < self._deadline:
            self._restart_timer()
        else:
            self._fail(ResponseTimeout("no answer from the meter in time"))


def _nowhere(_: bytes) -> None:
    """There is no connection."""


def _link_error(exc: Exception) -> LinkError:
    if isinstance(exc, TimeoutError):
        return ResponseTimeout("the network gave the connection up")
    return LinkReset(f"connection broken: {type(exc).__name__}")
