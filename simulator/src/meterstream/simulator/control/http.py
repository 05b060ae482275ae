"""HTTP control of a running fleet: what happened, what its meters know, and how to change it. For loopback only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from heapq import nsmallest
from typing import Any, Final, Protocol

from aiohttp import web

from meterstream.simulator.control.inputs import ControlError, page_of, whole
from meterstream.simulator.control.meters import MeterControl, MeterFleet, clock_set_json, fault_json, written_json
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.network.outbox import Outbox, PushRecord
from meterstream.simulator.stats import Stats

_MAX_BODY: Final = 1 << 20
_LOOPBACK: Final = "127.0.0.1"
_PAGE: Final = 1000


class ControlledFleet(MeterFleet, Protocol):
    """What the control interface needs of a fleet."""

    @property
    def stats(self) -> Stats: ...
    @property
    def known(self) -> int:
        """How many meters have been contacted."""

    @property
    def outbox(self) -> Outbox: ...

    def contacted(self) -> Iterator[SimulatedMeter]: ...

    async def save(self) -> int | None:
        """Write the state; None where it is not kept."""


async def start_control(fleet: ControlledFleet, port: int) -> tuple[web.AppRunner, int]:
    """Listen on loopback; gives the runner, to be cleaned up, and the port."""
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_errors])
    app.add_routes([*FleetControl(fleet).routes(), *MeterControl(fleet).routes()])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, _LOOPBACK, port).start()
    return runner, int(runner.addresses[0][1])


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer what is refused in JSON, whoever refused it."""
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return web.json_response({"error": f"{request.method} {request.path}: {error.reason}"}, status=error.status)


class FleetControl:
    """The handlers about the fleet as a whole; each runs between two requests of clients."""

    def __init__(self, fleet: ControlledFleet) -> None:
        self._fleet = fleet

    def routes(self) -> Iterable[web.RouteDef]:
        """List paths and handlers."""
        yield web.get("/stats", self.stats)
        yield web.post("/reset-stats", self.reset_stats)
        yield web.get("/clock-sets", self.clock_sets)
        yield web.get("/written", self.written)
        yield web.get("/faults", self.faults)
        yield web.get("/pushes", self.pushes)
        yield web.post("/save-state", self.save_state)

    async def stats(self, _request: web.Request) -> web.Response:
        """GET /stats: totals, and how many meters have been contacted."""
        fleet = self._fleet
        return web.json_response(
            {
                **fleet.stats.as_dict(),
                "meters": fleet.settings.meters,
                "known_meters": fleet.known,
                "waiting_pushes": len(fleet.outbox),
                "most_connections": fleet.lines.at_most,
            }
        )

    async def reset_stats(self, _request: web.Request) -> web.Response:
        """POST /reset-stats: totals to zero; counters and clocks of meters stay."""
        self._fleet.stats.reset()
        return web.Response(status=204)

    async def clock_sets(self, request: web.Request) -> web.Response:
        """GET /clock-sets?after=&limit=: the last clock SET of each meter that had one, by number."""
        page, more = self._page(request, lambda meter: meter.last_clock_set is not None)
        rows = [{"number": meter.number, **(clock_set_json(meter) or {})} for meter in page]
        return web.json_response({"clock_sets": rows, "more": more})

    async def written(self, request: web.Request) -> web.Response:
        """GET /written?after=&limit=: what was written to each meter, by number; a page has so many meters."""
        page, more = self._page(request, lambda meter: bool(meter.written_values()))
        rows = [{"number": meter.number, "written": written_json(meter)} for meter in page]
        return web.json_response({"meters": rows, "more": more})

    async def faults(self, request: web.Request) -> web.Response:
        """GET /faults?after=&limit=: the faults of the meters that were contacted, by number."""
        page, more = self._page(request, lambda meter: meter.fault is not None)
        rows = [{"number": meter.number, **fault_json(meter.fault)} for meter in page if meter.fault is not None]
        return web.json_response({"faults": rows, "more": more})

    async def pushes(self, request: web.Request) -> web.Response:
        """GET /pushes?after=&limit=&number=: messages that were sent or were not, all or those of one meter."""
        after, limit = page_of(request, _PAGE)
        number = whole(request.query["number"], "number") if "number" in request.query else None
        found = [
            record
            for record in self._fleet.outbox.records
            if record.sequence > after and number in (None, record.message.number)
        ]
        rows = [_push_json(record) for record in found[:limit]]
        return web.json_response({"pushes": rows, "more": len(found) > limit})

    async def save_state(self, _request: web.Request) -> web.Response:
        """POST /save-state: write the state now; tells of how many meters."""
        try:
            saved = await self._fleet.save()
        except OSError as error:
            raise ControlError(500, f"the state cannot be written: {error}") from error
        if saved is None:
            raise ControlError(409, "the fleet keeps no state: it was started without a state file")
        return web.json_response({"meters": saved})

    def _page(
        self, request: web.Request, wanted: Callable[[SimulatedMeter], bool]
    ) -> tuple[list[SimulatedMeter], bool]:
        after, limit = page_of(request, _PAGE)
        meters = (meter for meter in self._fleet.contacted() if meter.number > after and wanted(meter))
        page = nsmallest(limit + 1, meters, key=lambda meter: meter.number)
        return page[:limit], len(page) > limit


def _push_json(record: PushRecord) -> dict[str, Any]:
    message = record.message
    return {
        "sequence": record.sequence,
        "number": message.number,
        "finished_ms": record.finished_ms,
        "destination": message.destination,
        "transport": message.transport.value,
        "octets": message.octets.hex(),
        "outcome": record.outcome.value,
        "error": record.error,
    }
