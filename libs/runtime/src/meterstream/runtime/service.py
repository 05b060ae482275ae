"""The frame of a service process: components, signals, health, readiness, metrics."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

import uvloop
from aiohttp import web

from meterstream.runtime.errors import ConfigurationError, Outage
from meterstream.runtime.metrics import READY, Metrics
from meterstream.runtime.settings import ManagementSettings, ServiceSettings

log = logging.getLogger(__name__)

GARBAGE_THRESHOLDS: Final = (200_000, 20, 50)


class Component(Protocol):
    """A part of a service with a life of its own."""

    @property
    def name(self) -> str:
        """How /readyz calls it."""

    @property
    def ready(self) -> bool:
        """Whether it can do its work now."""

    async def start(self) -> None:
        """Begin; returns when the part runs, not when it is ready."""

    async def stop(self) -> None:
        """Finish what runs, within the drain time; safe to call twice."""


class ManagementServer:
    """/healthz (alive), /readyz (every component ready; names those that are not), /metrics."""

    name = "management"
    ready = True

    def __init__(self, settings: ManagementSettings, metrics: Metrics, components: Sequence[Component]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._components = components
        self._runner: web.AppRunner | None = None
        self._started = False
        self.port = settings.port

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.router.add_get("/metrics", self._render)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def components_started(self) -> None:
        """From now on /readyz asks the components."""
        self._started = True

    async def stop(self) -> None:
        """Close the listener."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def waiting_for(self) -> list[str]:
        """Names of the components that are not ready."""
        if not self._started:
            return ["start"]
        return [component.name for component in self._components if not component.ready]

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readiness(self, _: web.Request) -> web.Response:
        waiting = self.waiting_for()
        return web.json_response({"ready": not waiting, "waiting_for": waiting}, status=503 if waiting else 200)

    async def _render(self, _: web.Request) -> web.Response:
        self._metrics.set(READY, 0 if self.waiting_for() else 1)
        return web.Response(body=self._metrics.render(), content_type="text/plain", charset="utf-8")


async def serve(service: str, settings: ServiceSettings, components: Sequence[Component], metrics: Metrics) -> None:
    """Start the components in order, wait for SIGTERM or SIGINT, stop them in reverse order.

    A component that cannot start because broker or database are away is tried again until it can; the service is
    alive and not ready meanwhile.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    management = ManagementServer(settings.management, metrics, components)
    await management.start()
    log.info("%s starts", service, extra={"management_port": management.port})
    started: list[Component] = []
    try:
        for component in components:
            if not await _start(component, stopping):
                break
            started.append(component)
        else:
            management.components_started()
            log.info("%s runs", service)
            await stopping.wait()
    finally:
        log.info("%s stops", service)
        await _stop_all(started, settings.drain_s)
        await management.stop()


async def _start(component: Component, stopping: asyncio.Event) -> bool:
    delay = 0.2
    while not stopping.is_set():
        try:
            await component.start()
        except Outage as outage:
            log.warning("%s cannot start yet: %s", component.name, outage)
            try:
                await asyncio.wait_for(stopping.wait(), delay)
            except TimeoutError:
                delay = min(delay * 2, 5.0)
        else:
            return True
    return False


async def _stop_all(started: Sequence[Component], drain_s: float) -> None:
    deadline = asyncio.get_running_loop().time() + drain_s
    for component in reversed(started):
        try:
            async with asyncio.timeout_at(max(deadline, asyncio.get_running_loop().time() + 1)):
                await component.stop()
        except TimeoutError:
            log.warning("%s did not stop in time", component.name)
        except Exception:
            log.exception("%s failed while stopping", component.name)


def _spare_collections() -> None:
    """Leave what the modules made out of garbage collection, and collect by the batch rather than by the message.

    Messages and sessions leave hardly any cycles behind; the interpreter's default of 700 took up to a quarter of the
    CPU. What many open sessions hold must not reach the threshold by itself: with 50,000, protocol-dlms spent 6 % of
    its CPU on looking through sessions that were all alive, now 1 %.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def run(main: Coroutine[Any, Any, None], prog: str) -> int:
    """Run a service's main coroutine on uvloop; the process's exit status."""
    _spare_collections()
    try:
        uvloop.run(main)
    except ConfigurationError as error:
        log.error("%s cannot start: %s", prog, error)  # noqa: TRY400  # the sentence says it all
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
