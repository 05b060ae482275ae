"""HTTP control of a running fleet: what happened, what a meter knows, and how to change it. For loopback only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

from aiohttp import web

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import EncodeError
from meterstream.simulator.faults import FAULT_FIELDS, Fault
from meterstream.simulator.jsondata import data_from_json, data_to_json
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.settings import FleetSettings, MeterAddress
from meterstream.simulator.stats import Stats

_MAX_BODY: Final = 1 << 20
_LOOPBACK: Final = "127.0.0.1"
_CLOCK_SETS: Final = 1000


class ControlError(Exception):
    """A request the control interface refuses: HTTP status and the sentence that goes with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ControlledFleet(Protocol):
    """What the control interface needs of a fleet."""

    @property
    def settings(self) -> FleetSettings: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def known(self) -> int:
        """How many meters have been contacted."""

    def contacted(self) -> Iterator[SimulatedMeter]: ...

    def meter(self, number: int) -> SimulatedMeter: ...

    def address(self, number: int) -> MeterAddress: ...

    def identification(self, number: int) -> str: ...

    def is_connected(self, number: int) -> bool: ...


async def start_control(fleet: ControlledFleet, port: int) -> tuple[web.AppRunner, int]:
    """Listen on loopback; gives the runner, to be cleaned up, and the port."""
    control = Control(fleet)
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_errors])
    app.add_routes(
        [
            web.get("/stats", control.stats),
            web.post("/reset-stats", control.reset_stats),
            web.get("/clock-sets", control.clock_sets),
            web.get("/meters/{number}", control.meter),
            web.get("/meters/{number}/attributes/{class}/{obis}/{attribute}", control.get_attribute),
            web.put("/meters/{number}/attributes/{class}/{obis}/{attribute}", control.put_attribute),
            web.delete("/meters/{number}/attributes/{class}/{obis}/{attribute}", control.delete_attribute),
            web.post("/meters/{number}/fault", control.fault),
            web.post("/meters/{number}/clock-offset", control.clock_offset),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, _LOOPBACK, port).start()
    return runner, int(runner.addresses[0][1])


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=error.status)


class Control:
    """The handlers; each runs between two requests of meters, so it sees and leaves a consistent fleet."""

    def __init__(self, fleet: ControlledFleet) -> None:
        self._fleet = fleet

    async def stats(self, _request: web.Request) -> web.Response:
        """GET /stats: totals, and how many meters have been contacted."""
        fleet = self._fleet
        return web.json_response(
            {**fleet.stats.as_dict(), "meters": fleet.settings.meters, "known_meters": fleet.known}
        )

    async def reset_stats(self, _request: web.Request) -> web.Response:
        """POST /reset-stats: totals to zero; counters and clocks of meters stay."""
        self._fleet.stats.reset()
        return web.Response(status=204)

    async def clock_sets(self, request: web.Request) -> web.Response:
        """GET /clock-sets?after=n&limit=n: the last clock SET of each meter that had one, by number."""
        after = _integer(request.query.get("after", "0"), "after")
        limit = min(_integer(request.query.get("limit", str(_CLOCK_SETS)), "limit"), _CLOCK_SETS)
        rows = [(meter.number, _clock_set(meter)) for meter in self._fleet.contacted() if meter.last_clock_set]
        rows = sorted(row for row in rows if row[0] > after)
        page = [{"number": number, **values} for number, values in rows[:limit] if values]
        return web.json_response({"clock_sets": page, "more": len(rows) > limit})

    async def meter(self, request: web.Request) -> web.Response:
        """GET /meters/{number}: state, counters, clock, what has been written."""
        meter = self._meter(request)
        address = self._fleet.address(meter.number)
        return web.json_response(
            {
                "number": meter.number,
                "identification": self._fleet.identification(meter.number),
                "protocol": str(meter.model.profile),
                "address": address._asdict(),
                "connected": self._fleet.is_connected(meter.number),
                "associations": meter.associations,
                "gets": meter.gets,
                "sets": meter.sets,
                "actions": meter.actions,
                "repeated_nonces": meter.repeated_nonces,
                "last_invocation_counter": meter.last_invocation_counter,
                "own_invocation_counter": meter.own_counter,
                "clock_offset_ms": meter.clock_offset_ms,
                "clock_sets": meter.clock_sets,
                "last_clock_set": _clock_set(meter),
                "fault": None if meter.fault is None else _fault_json(meter.fault),
                "written": [
                    {"obis": str(LogicalName(name)), "attribute": attribute, **data_to_json(data)}
                    for (name, attribute), data in meter.written_values()
                ],
            }
        )

    async def get_attribute(self, request: web.Request) -> web.Response:
        """GET .../attributes/{class}/{obis}/{attribute}: what the management client would read now."""
        meter, ref = self._meter(request), _ref(request)
        result = meter.read(ref)
        if isinstance(result, DataAccessResult):
            raise ControlError(404, f"{ref}: {result.name}")
        return web.json_response(data_to_json(result))

    async def put_attribute(self, request: web.Request) -> web.Response:
        """PUT .../attributes/{class}/{obis}/{attribute}: {"type": "double-long-unsigned", "value": 5}."""
        meter, ref = self._meter(request), _ref(request)
        try:
            data = data_from_json(await _body(request))
            result = meter.override(ref, data)
        except (ValueError, EncodeError) as error:
            raise ControlError(400, str(error)) from error
        return _outcome(ref, result)

    async def delete_attribute(self, request: web.Request) -> web.Response:
        """DELETE .../attributes/{class}/{obis}/{attribute}: the attribute has its own value again."""
        meter, ref = self._meter(request), _ref(request)
        return _outcome(ref, meter.override(ref, None))

    async def fault(self, request: web.Request) -> web.Response:
        """POST .../fault: {"kind": "cut", "after": 40, "connections": 1}; {"kind": null} makes the meter well."""
        meter, body = self._meter(request), await _body(request)
        if not isinstance(body, dict) or "kind" not in body:
            raise ControlError(400, "kind is missing")
        if body["kind"] is None:
            if len(body) > 1:
                raise ControlError(400, "kind null, which heals, goes with no other field")
            meter.fault = None
            return web.Response(status=204)
        try:
            meter.fault = Fault.from_fields(body)
        except ValueError as error:
            raise ControlError(400, str(error)) from error
        return web.Response(status=204)

    async def clock_offset(self, request: web.Request) -> web.Response:
        """POST .../clock-offset: {"offset_ms": -90000}: the meter's clock has drifted by so much."""
        meter, body = self._meter(request), await _body(request)
        offset = body.get("offset_ms") if isinstance(body, dict) else None
        if type(offset) is not int or abs(offset) > 10**12:
            raise ControlError(400, "offset_ms is a whole number of milliseconds")
        meter.clock_offset_ms = offset
        return web.Response(status=204)

    def _meter(self, request: web.Request) -> SimulatedMeter:
        number = _integer(request.match_info["number"], "number")
        if not 1 <= number <= self._fleet.settings.meters:
            raise ControlError(404, f"no meter {number}; the fleet has 1 to {self._fleet.settings.meters}")
        return self._fleet.meter(number)


async def _body(request: web.Request) -> Any:
    try:
        return await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ControlError(400, f"the body is no JSON: {error}") from error


def _ref(request: web.Request) -> AttributeRef:
    try:
        name = LogicalName.parse(request.match_info["obis"])
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    class_id = _integer(request.match_info["class"], "class")
    return AttributeRef(class_id, name, _integer(request.match_info["attribute"], "attribute"))


def _integer(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ControlError(400, f"{name} {text!r} is no whole number")
    return int(text)


def _outcome(ref: AttributeRef, result: DataAccessResult) -> web.Response:
    if result is DataAccessResult.SUCCESS:
        return web.Response(status=204)
    raise ControlError(404, f"{ref}: {result.name}")


def _clock_set(meter: SimulatedMeter) -> dict[str, float] | None:
    last = meter.last_clock_set
    return None if last is None else {**last._asdict(), "count": meter.clock_sets}


def _fault_json(fault: Fault) -> dict[str, str | int | None]:
    return {"kind": fault.kind, **{name: getattr(fault, name) for name in FAULT_FIELDS}}
