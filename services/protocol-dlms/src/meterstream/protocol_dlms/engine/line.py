"""The connection to the meter: whole and correct frames out of it, one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, cast

from meterstream.dlms.asyncio import Direction, Trace
from meterstream.dlms.errors import (
    FrameError,
    LimitExceeded,
    LinkClosed,
    LinkError,
    LinkReset,
    PeerError,
    ResponseTimeout,
)
from meterstream.dlms.framing import WrapperReader, wrap
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcReader

_MAX_FRAMES: Final = 64


class WrapperFeed:
    """Frames from `server` to `client` (wPorts)."""

    def __init__(self, client: int, server: int) -> None:
        self._client, self._server = client, server
        self._reader = WrapperReader()

    def feed(self, octets: bytes) -> list[bytes]:
        """Raises: FrameError, LimitExceeded."""
        self._reader.feed(octets)
        frames: list[bytes] = []
        while self._reader.waiting and (frame := self._reader.next_frame()) is not None:
            if (frame.source, frame.destination) != (self._server, self._client):
                raise FrameError(f"answer from {frame.source} to {frame.destination}")
            frames.append(wrap(*frame))
        return frames


class HdlcFeed:
    """Frames from `server` to `client`; what is none, or of others, is dropped and counted by the reader."""

    def __init__(self, client: HdlcAddress, server: HdlcAddress) -> None:
        self._client, self._server = client, server
        self._reader = HdlcReader()

    def feed(self, octets: bytes) -> list[bytes]:
        ends = self._client, self._server
        return [frame.encode() for frame in self._reader.feed(octets) if (frame.destination, frame.source) == ends]


class FrameLine(asyncio.Protocol):
    """Any failure closes the connection, and is raised to who waits or comes next."""

    def __init__(self, feed: WrapperFeed | HdlcFeed, trace: Trace | None = None) -> None:
        self._feed = feed
        self._trace = trace
        self._transport: asyncio.Transport | None = None
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._failure: LinkError | PeerError | None = None

    @property
    def open(self) -> bool:
        return self._failure is None and self._transport is not None

    def send(self, frame: bytes) -> None:
        """What waited is of an earlier exchange. Raises: as next_frame."""
        if self._failure is not None or self._transport is None:
            raise self._failure or LinkClosed("the connection is closed")
        self._frames.clear()
        self._tell(Direction.SENT, frame)
        self._transport.write(frame)

    async def next_frame(self, timeout_s: float) -> bytes:
        """Raises: LinkError, FrameError, LimitExceeded."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._frames:
                    if self._failure is not None:
                        raise self._failure
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        except TimeoutError:
            raise ResponseTimeout("no answer from the meter in time") from None
        return self._frames.popleft()

    def close(self) -> None:
        """Sends what is still to be sent and closes; idempotent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; idempotent."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._feed.feed(data)
            self._frames += frames
            for frame in frames:
                self._tell(Direction.RECEIVED, frame)
            if len(self._frames) > _MAX_FRAMES:
                raise LimitExceeded(f"more than {_MAX_FRAMES} frames nobody asked for")
        except PeerError as error:
            self._fail(error)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        closed = LinkClosed("the meter closed the connection without an answer")
        self._fail(closed if exc is None else LinkReset(f"connection broken: {type(exc).__name__}"))
        self._wake()

    def _tell(self, direction: Direction, frame: bytes) -> None:
        if self._trace is not None:
            self._trace(direction, frame)

    def _fail(self, error: LinkError | PeerError) -> None:
        self._failure = self._failure or error
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
