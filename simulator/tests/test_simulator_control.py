"""The HTTP control interface."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned
from meterstream.dlms.errors import LinkError
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
IMPORT = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)


@pytest.fixture
async def fleet(clock: Any) -> AsyncIterator[SimulatedFleet]:
    async with SimulatedFleet(FleetSettings(meters=5, control_port=0), clock) as fleet:
        yield fleet


@pytest.fixture
async def http(fleet: SimulatedFleet) -> AsyncIterator[ClientSession]:
    async with ClientSession(fleet.control_url) as session:
        yield session


async def _json(http: ClientSession, path: str) -> Any:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_it_listens_on_loopback(fleet: SimulatedFleet) -> None:
    assert fleet.control_url is not None
    assert fleet.control_url.startswith("http://127.0.0.1:")


async def test_stats_and_reset(fleet: SimulatedFleet, http: ClientSession, open_meter: Any, counters: Any) -> None:
    async with await open_meter(fleet, 1, counters(10)) as session:
        await session.get(IMPORT)
        stats = await _json(http, "/stats")
        assert (stats["open_connections"], stats["open_associations"], stats["gets"]) == (1, 1, 1)
        assert (stats["meters"], stats["known_meters"], stats["repeated_nonces"]) == (5, 1, 0)
        async with http.post("/reset-stats") as answer:
            assert answer.status == 204
        stats = await _json(http, "/stats")
        assert (stats["open_associations"], stats["gets"], stats["associations"]) == (1, 0, 0)
    with pytest.raises(LinkError):
        await open_meter(fleet, 1, counters(10))
    assert (await _json(http, "/stats"))["repeated_nonces"] == 1


async def test_a_meter(fleet: SimulatedFleet, http: ClientSession, open_meter: Any, counters: Any) -> None:
    async with await open_meter(fleet, 2, counters(10)) as session:
        await session.set(CLOCK, await session.get(CLOCK))
        state = await _json(http, "/meters/2")
    assert state["identification"] == "E0001000000000002"
    assert state["protocol"] == "SMR 5.0.0"
    assert state["address"] == fleet.address(2)._asdict()
    assert state["connected"] is True
    assert (state["associations"], state["gets"], state["sets"], state["clock_sets"]) == (1, 1, 1, 1)
    assert state["last_invocation_counter"] == 14
    assert state["last_clock_set"]["deviation"] == -120
    assert state["fault"] is None
    assert fleet.keys(2).encryption.hex() not in json.dumps(state)


async def test_clock_sets(fleet: SimulatedFleet, http: ClientSession, open_meter: Any, clock: Any) -> None:
    for number in (4, 2, 3):
        async with await open_meter(fleet, number) as session:
            await session.set(CLOCK, await session.get(CLOCK))
    page = await _json(http, "/clock-sets")
    assert [row["number"] for row in page["clock_sets"]] == [2, 3, 4]
    assert page["clock_sets"][0] == {
        "number": 2, "received": clock(), "moment": clock(), "deviation": -120, "status": 128, "count": 1,
    }  # fmt: skip
    page = await _json(http, "/clock-sets?after=2&limit=1")
    assert ([row["number"] for row in page["clock_sets"]], page["more"]) == ([3], True)


async def test_attributes(fleet: SimulatedFleet, http: ClientSession, open_meter: Any) -> None:
    path = "/meters/3/attributes/3/1.0.1.8.0.255/2"
    own = await _json(http, path)
    assert own["type"] == "double-long-unsigned"
    async with http.put(path, json={"type": "double-long-unsigned", "value": 5}) as answer:
        assert answer.status == 204
    assert (await _json(http, path))["value"] == 5
    async with await open_meter(fleet, 3) as session:
        assert await session.get(IMPORT) == double_long_unsigned(5)
    written = (await _json(http, "/meters/3"))["written"]
    assert written == [
        {"class": 3, "obis": "1.0.1.8.0.255", "attribute": 2, "type": "double-long-unsigned", "value": 5}
    ]
    async with http.delete(path) as answer:
        assert answer.status == 204
    assert await _json(http, path) == own
    nested = {
        "type": "array",
        "value": [
            {"type": "structure", "value": [{"type": "octet-string", "value": "00ff"}, {"type": "null-data"}]},
            {"type": "bit-string", "value": "0101"},
            {"type": "boolean", "value": True},
            {"type": "visible-string", "value": "x"},
            {"type": "float32", "value": 1.5},
        ],
    }
    async with http.put(path, json=nested) as answer:
        assert answer.status == 204
    nested["value"][0]["value"][1]["value"] = None
    assert await _json(http, path) == nested


async def test_fault_and_clock_offset(fleet: SimulatedFleet, http: ClientSession, open_meter: Any) -> None:
    async with http.post("/meters/1/fault", json={"kind": "refuse", "connections": 2}) as answer:
        assert answer.status == 204
    with pytest.raises(LinkError):
        await open_meter(fleet, 1)
    fault = (await _json(http, "/meters/1"))["fault"]
    assert fault == {
        "kind": "refuse", "after": 0, "connections": 1, "delay_ms": 10_000, "down_ms": 30_000, "clock_lost": False,
    }  # fmt: skip
    async with http.post("/meters/1/fault", json={"kind": None}) as answer:
        assert answer.status == 204
    async with http.post("/meters/1/clock-offset", json={"offset_ms": -90_000}) as answer:
        assert answer.status == 204
    assert (await _json(http, "/meters/1"))["clock_offset_ms"] == -90_000
    async with await open_meter(fleet, 1) as session:
        assert (await session.get(CLOCK)).value[7] == 0  # seconds: 12:07:30 - 90 s


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/meters/6", None, 404, "no meter 6; the fleet has 1 to 5"),
        ("GET", "/meters/0", None, 404, "no meter 0"),
        ("GET", "/meters/one", None, 400, "number 'one' is no whole number"),
        ("GET", "/meters/1/attributes/3/9.9.9.9.9.9/2", None, 404, "OBJECT_UNDEFINED"),
        ("GET", "/meters/1/attributes/3/1.0.1.8/2", None, 400, "is not an OBIS code"),
        ("PUT", "/meters/1/attributes/3/9.9.9.9.9.9/2", {"type": "null-data"}, 404, "OBJECT_UNDEFINED"),
        ("PUT", "/meters/1/attributes/3/1.0.1.8.0.255/2", {"type": "word", "value": 5}, 400, "type 'word' is unknown"),
        ("PUT", "/meters/1/attributes/3/1.0.1.8.0.255/2", {"type": "unsigned", "value": 256}, 400, "does not fit"),
        ("PUT", "/meters/1/attributes/3/1.0.1.8.0.255/2", {"type": "unsigned", "value": "5"}, 400, "is no value of"),
        ("PUT", "/meters/1/attributes/3/1.0.1.8.0.255/2", {"type": "octet-string", "value": "xy"}, 400, "hexadecimal"),
        ("PUT", "/meters/1/attributes/3/1.0.1.8.0.255/2", [], 400, "expected an object"),
        ("POST", "/meters/1/fault", {}, 400, "kind is missing"),
        ("POST", "/meters/1/fault", {"kind": "broken"}, 400, "kind 'broken' is unknown"),
        ("POST", "/meters/1/fault", {"kind": "cut", "before": 1}, 400, "unknown field before"),
        ("POST", "/meters/1/fault", {"kind": "cut", "after": "1"}, 400, "after is no whole number"),
        ("POST", "/meters/1/fault", {"kind": "cut", "connections": 0}, 400, "connections is 0, expected 1 or more"),
        ("POST", "/meters/1/clock-offset", {"offset_ms": 1.5}, 400, "offset_ms is 1.5, expected a whole number from"),
        ("GET", "/clock-sets?after=x", None, 400, "after 'x' is no whole number"),
    ],
)
async def test_refused(http: ClientSession, method: str, path: str, body: object, status: int, error: str) -> None:
    async with http.request(method, path, json=body) as answer:
        assert answer.status == status
        assert error in (await answer.json())["error"]


async def test_a_body_that_is_no_json(http: ClientSession) -> None:
    async with http.post("/meters/1/fault", data=b"{") as answer:
        assert answer.status == 400
        assert "no JSON" in (await answer.json())["error"]
