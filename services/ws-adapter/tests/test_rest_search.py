"""Lists of commands, results, entity tags, resources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from multidict import MultiDict
from pydantic import Field

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import Advance, State
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.operations.get_devices import DeviceSummary, GetDevicesResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.search import Search
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.resources import UnfitResource, resources_of

T0 = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
DEVICES = ("E0000000000000001", "E0000000000000002")
SET = SynchronizeTimeResponse(set_to=T0)


def row(number: int, organisation: str = "DemoGridOrg", **fields: Any) -> Progress:
    values = {
        "key": CommandKey(organisation, f"uid-{number:020}"),
        "operation": "SynchronizeTime" if number % 3 else "GetActualMeterReads",
        "device_identification": DEVICES[number % 2],
        "priority": 4,
        "created_at": T0 + timedelta(minutes=number // 2),  # two of each moment
        "expires_at": T0 + timedelta(days=1),
        "state": "queued",
        "attempt": 1,
        "changed_at": T0,
    }
    return Progress(**{**values, **fields})


async def fetch(client: aiohttp.ClientSession, **query: Any) -> tuple[int, dict[str, Any]]:
    async with client.get("/v1/operations", params=query) as response:
        return response.status, await response.json(content_type=None)


def numbers(page: dict[str, Any]) -> list[int]:
    return [int(one["correlation_uid"].removeprefix("uid-")) for one in page["commands"]]


@pytest.fixture
async def filled(stack: Any) -> Any:
    rows = [row(number) for number in range(20)]
    ended = {"state": "failed", "finished_at": T0, "changed_at": T0}
    rows[7] = row(7, **ended, error=error("CONNECTION_REFUSED", "refused").to_record("PROTOCOL_DLMS"))
    rows[6] = row(6, state="running", advance=Advance(done=1, total=4, percent=25))
    rows[8] = row(8, **ended, deleted=True)
    await stack.model.upsert([*rows, row(99, "OtherGridOrg")])
    return stack


async def test_lists_newest_first_and_only_ones_own(filled: Any, client: aiohttp.ClientSession) -> None:
    status, page = await fetch(client)
    assert status == 200
    assert numbers(page) == [number for number in range(19, -1, -1) if number != 8]
    assert page["next_cursor"] is None
    assert "result" not in page["commands"][0]
    (running,) = [one for one in page["commands"] if one["state"] == "running"]
    assert (running["advance"]["done"], running["advance"]["percent"]) == (1, 25)
    assert page["commands"][0]["advance"] is None
    assert next(one for one in page["commands"] if one["state"] == "failed")["error"]["code"] == "CONNECTION_REFUSED"


async def test_pages_follow_each_other_while_new_commands_come(filled: Any, client: aiohttp.ClientSession) -> None:
    found: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        _, page = await fetch(client, page_size=3, **cursor)
        found += numbers(page)
        await filled.model.upsert([row(100 + len(found))])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [number for number in range(19, -1, -1) if number != 8]


async def test_searches_by_device_operation_state_and_time(filled: Any, client: aiohttp.ClientSession) -> None:
    _, page = await fetch(client, device_identification=DEVICES[1])
    assert numbers(page) == list(range(19, 0, -2))
    _, page = await fetch(client, operation="get-actual-meter-reads")
    assert numbers(page) == [18, 15, 12, 9, 6, 3, 0]
    async with client.get("/v1/operations?state=failed&state=cancelled") as response:
        assert numbers(await response.json()) == [7]
    _, page = await fetch(client, created_from="2025-03-14T10:17:00Z", created_before="2025-03-14T11:19:00+01:00")
    assert numbers(page) == [7, 6, 5, 4]
    _, page = await fetch(client, device_identification=DEVICES[0], state="ok")
    assert page == {"commands": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({"colour": "red"}, "colour", "is no parameter"),
        ({"page_size": 0}, "page_size", "greater than or equal to 1"),
        ({"page_size": 501}, "page_size", "less than or equal to 500"),
        ({"page_size": "x"}, "page_size", "valid integer"),
        ({"device_identification": "E1"}, "device_identification", "match"),
        ({"state": "asleep"}, "state.0", "is one of"),
        ({"created_from": "yesterday"}, "created_from", "valid datetime"),
        ({"created_from": "2025-03-14T10:17:00"}, "created_from", "offset"),
        ({"created_from": "2025-03-15T00:00:00Z", "created_before": "2025-03-14T00:00:00Z"}, "request", "before"),
        ({"operation": "Levitate"}, "operation", "known name"),
        ({"cursor": "x"}, "cursor", "this very search"),
        ({"cursor": "\u00e9"}, "cursor", "this very search"),
        ({"cursor": "W10"}, "cursor", "this very search"),
        ({"cursor": "A" * 2000}, "cursor", "at most 1000"),
    ],
)
async def test_a_wrong_search_names_parameter_and_rule(
    client: aiohttp.ClientSession, query: dict[str, Any], field: str, rule: str
) -> None:
    status, problem = await fetch(client, **query)
    assert (status, problem["field"]) == (404 if field == "operation" else 422, field), problem
    assert rule in problem["rule"]


async def test_a_parameter_is_given_once(client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/operations?page_size=1&page_size=2") as response:
        assert (response.status, (await response.json(content_type=None))["field"]) == (422, "page_size")


def test_a_cursor_is_good_for_its_search_only() -> None:
    search = Search("A", size=2)
    cursor = search.cursor_after(row(3))
    assert search.at(cursor).after == (row(3).created_at, row(3).key.correlation_uid)
    for other in (Search("B"), Search("A", states=("ok",)), Search("A", created_from=T0)):
        with pytest.raises(PlatformError, match="cursor"):
            other.at(cursor)


async def test_what_did_not_change_is_not_sent_again(filled: Any, client: aiohttp.ClientSession) -> None:
    for path in ("/v1/operations?page_size=2", f"/v1/operations/{row(19).key.correlation_uid}"):
        async with client.get(path) as response:
            tag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "private, no-cache"
        for known in (tag, f'"x", W/{tag}', "*"):
            async with client.get(path, headers={"If-None-Match": known}) as response:
                assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", tag)
        await filled.model.upsert([row(19, state="running", changed_at=T0 + timedelta(seconds=len(path)))])
        async with client.get(path, headers={"If-None-Match": tag}) as response:
            assert response.status == 200
            assert response.headers["ETag"] != tag


async def test_a_result_alone(stack: Any, client: aiohttp.ClientSession, other_client: aiohttp.ClientSession) -> None:
    body = {"device_identification": DEVICES[0]}
    async with client.post("/v1/operations/SynchronizeTime", json=body) as response:
        assert response.status == 202
    (command,) = stack.domain.commands
    path = f"/v1/operations/{command.header.correlation_uid}/result"
    await stack.domain.move(command, State.QUEUED)
    async with client.get(path) as response:
        assert (response.status, (await response.json())["state"]) == (202, "queued")
    async with client.delete(path) as response:
        assert response.status == 404
    await stack.domain.finish(command, response=SET)
    async with client.get(path) as response:
        found = await response.json()
    assert (response.status, found["status"], found["response"]) == (200, "ok", {"set_to": "2025-03-14T10:15:00Z"})
    for method in ("GET", "DELETE"):
        async with other_client.request(method, path) as response:
            assert response.status == 404
    async with client.delete(path) as response:
        assert response.status == 204
    async with client.get(path) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (404, "UNKNOWN_CORRELATION_UID")


async def test_a_resource_is_its_operation_read(stack: Any, client: aiohttp.ClientSession) -> None:
    device = DeviceSummary(
        device_uid="1",
        device_identification=DEVICES[0],
        device_type="SMART_METER_E",
        activated=True,
        has_schedule=False,
        public_key_present=False,
    )
    stack.domain.answer = stack.domain.completing(GetDevicesResponse(total_pages=9, devices=[device]))
    async with client.get("/v1/devices?page=7") as response:
        found = await response.json()
        tag = response.headers["ETag"]
    assert (response.status, found["total_pages"], len(found["devices"])) == (200, 9, 1)
    assert stack.domain.commands[-1].request.page == 7
    async with client.get("/v1/devices?page=7", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    for query, field in (("page=-1", "page"), ("pages=1", "pages"), ("page=1&page=2", "page")):
        async with client.get(f"/v1/devices?{query}") as response:
            assert (response.status, (await response.json(content_type=None))["field"]) == (422, field)
    async with client.post("/v1/devices") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET")
    stack.domain.answer = stack.domain.rejecting(error("UNAUTHORIZED", "not yours"))
    async with client.get("/v1/devices") as response:
        assert response.status == 403


class FindThingRequest(OperationRequest):
    """A thing."""

    name: str
    colours: list[str] = Field(default_factory=list)


class FindThingResponse(OperationResponse):
    """It."""


def thing(name: str = "FindThing", **fields: Any) -> Operation:
    values = {
        "request": FindThingRequest,
        "response": FindThingResponse,
        "function": "FIND",
        "summary": "Find.",
        "target": Target.REGISTRY,
        "kind": Kind.SYNCHRONOUS,
        "repeatable": True,
        "needs_known_device": False,
        "resources": ("things/{name}",),
    }
    return Operation(name, **{**values, **fields})


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ([thing(target=Target.METER)], "only an operation on the registry"),
        ([thing(repeatable=False)], "changes nothing"),
        ([thing(resources=("things/{colour}",))], "no field of the request"),
        ([thing(needs_known_device=True)], "does not name the device"),
        ([thing(), thing("FindOther")], "both read at"),
    ],
)
def test_a_resource_must_fit_its_operation(codec: Any, operations: list[Operation], reason: str) -> None:
    forms = Forms({one.name: one for one in operations}, codec)
    with pytest.raises(UnfitResource, match=reason):
        resources_of(forms.by_name)


def test_fields_come_from_path_and_query(codec: Any) -> None:
    forms = Forms(
        {
            "FindThing": thing(),
            "FindMine": thing(
                "FindMine", needs_known_device=True, resources=("devices/{device_identification}/{name}",)
            ),
        },
        codec,
    )
    found = resources_of(forms.by_name)
    query = MultiDict([("colours", "red"), ("colours", "blue")])
    request, device, _ = found["things/{name}"].read({"name": "x"}, query)
    assert (request, device) == (FindThingRequest(name="x", colours=["red", "blue"]), None)
    matched = {"name": "x", "device_identification": DEVICES[0]}
    _, device, _ = found["devices/{device_identification}/{name}"].read(matched, MultiDict())
    assert device == DEVICES[0]


def test_the_released_resources_fit(codec: Any) -> None:
    assert "devices" in resources_of(Forms(load_operations(), codec).by_name)
