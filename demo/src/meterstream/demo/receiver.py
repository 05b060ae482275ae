"""A client's side of notifications: takes SendNotification and webhooks, and keeps what came."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

NOTIFICATION = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-notification/2014/10"
ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<n:SendNotificationResponse xmlns:n="{NOTIFICATION}"/></s:Body></s:Envelope>'
)
START_DEADLINE_S = 10.0


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Listens on loopback in a thread of its own."""

    base: str = ""
    received: list[Received] = field(default_factory=list)

    def bodies(self, path: str, text: str) -> list[Received]:
        """What came to `path` and mentions `text`."""
        return [item for item in list(self.received) if item.path == path and text.encode() in item.body]

    async def _take(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path, dict(request.headers), await request.read()))
        return web.Response(text=ANSWER, content_type="text/xml")


@contextmanager
def running_receiver(port: int = 0) -> Iterator[Receiver]:
    """A receiver for the length of the block; on a free port where none is given."""
    receiver = Receiver()
    loop = asyncio.new_event_loop()
    started = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", receiver._take)  # its own function
        runner.append(web.AppRunner(app, access_log=None))
        await runner[0].setup()
        await web.TCPSite(runner[0], "127.0.0.1", port).start()
        receiver.base = f"http://127.0.0.1:{runner[0].addresses[0][1]}"
        started.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        if not started.wait(START_DEADLINE_S):
            raise RuntimeError("the receiver did not start")
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(runner[0].cleanup(), loop).result(START_DEADLINE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_DEADLINE_S)
        loop.close()
