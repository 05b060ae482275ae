"""A TCP proxy on loopback that can cut and slow what passes through it; for fault tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 16_384
START_DEADLINE_S = 10.0
CONNECT_TIMEOUT_S = 5.0


class Proxy:
    """Passes bytes both ways between its own port and `target`.

    Attributes:
        port: where it listens.
        accepted: connections taken so far.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._links: set[asyncio.Task[None]] = set()
        self._delay_s = 0.0
        self._refusing = False
        self.port = 0
        self.accepted = 0

    def cut(self) -> None:
        """Break every connection that is open now."""
        self._loop.call_soon_threadsafe(self._cut)

    def refuse(self) -> None:
        """Break every connection, and every new one at once."""
        self._refusing = True
        self.cut()

    def slow(self, delay_s: float) -> None:
        """Hold back each piece, in both directions, for so long."""
        self._delay_s = delay_s

    def heal(self) -> None:
        """Pass everything at once again."""
        self._refusing = False
        self._delay_s = 0.0

    def _cut(self) -> None:
        for link in self._links:
            link.cancel()

    async def _serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            try:
                await server.serve_forever()
            finally:
                self._cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        if task is not None:
            self._links.add(task)
        other: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                other_reader, other = await asyncio.open_connection(*self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, other))
                group.create_task(self._pump(other_reader, writer))
        except* (OSError, TimeoutError):
            pass
        finally:
            if task is not None:
                self._links.discard(task)
            for end in (writer, other):
                if end is not None:
                    end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@contextmanager
def running_proxy(target: tuple[str, int]) -> Iterator[Proxy]:
    """A proxy in a thread of its own for the length of the block."""
    proxy = Proxy(target)
    started = threading.Event()
    loop = proxy._loop  # its own module
    task = loop.create_task(proxy._serve(started))  # its own module

    def work() -> None:
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        pending = asyncio.all_tasks(loop)
        for other in pending:
            other.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(asyncio.sleep(0))  # lets the aborted transports close

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        if not started.wait(START_DEADLINE_S):
            raise RuntimeError("the proxy did not start")
        yield proxy
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(START_DEADLINE_S)
        loop.close()
