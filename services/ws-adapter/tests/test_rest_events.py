"""Server-sent events: the states of a command, then its result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from meterstream.contracts.envelope import Advance, State
from meterstream.contracts.errors import error
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.runtime.errors import DatabaseOutage
from meterstream.ws_adapter.rest import events as events_module

Stack = Any
DEVICE = "E0000000000000001"


async def submitted(stack: Stack, client: aiohttp.ClientSession) -> Any:
    async with client.post("/v1/operations/SynchronizeTime", json={"device_identification": DEVICE}) as response:
        assert response.status == 202
    return stack.domain.commands[-1]


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    block: dict[str, Any] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            block[name or "comment"] = json.loads(value) if name == "data" else value
        elif block:
            yield block
            block = {}


async def test_tells_each_state_and_ends_with_the_result(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = await submitted(stack, client)
    await stack.domain.move(command, State.QUEUED)
    seen = []
    async with asyncio.timeout(10), client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        async for event in events(response):
            if "data" not in event:
                assert event == {"retry": "2000"}
                continue
            seen.append((event["event"], event["data"]["state"]))
            match event["data"]["state"]:
                case "queued":
                    await stack.domain.move(
                        command,
                        State.WAITING_FOR_RETRY,
                        changed_at=command.header.created_at + timedelta(seconds=1),
                        error=error("RESPONSE_TIMEOUT", "silence").to_record("PROTOCOL_DLMS"),
                    )
                case "waiting_for_retry":
                    assert event["data"]["error"]["code"] == "RESPONSE_TIMEOUT"
                    await stack.domain.finish(command, response=SynchronizeTimeResponse(set_to=datetime.now(UTC)))
                case "ok":
                    assert event["data"]["result"]["response"]["set_to"]
    assert seen == [("state", "queued"), ("state", "waiting_for_retry"), ("result", "ok")]
    assert stack.watchers.count == 0


async def test_tells_how_far_a_long_command_is(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = await submitted(stack, client)

    async def run(done: int) -> None:
        at = command.header.created_at + timedelta(seconds=done)
        advance = Advance(done=done, total=50, percent=done * 2, per_second=1, seconds_left=50 - done)
        await stack.domain.move(command, State.RUNNING, changed_at=at, advance=advance)

    await run(10)
    seen = []
    async with asyncio.timeout(10), client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        async for event in events(response):
            if "data" in event:
                seen.append((event["data"]["state"], event["data"].get("advance")))
                match seen:
                    case [_]:
                        await run(30)
                    case [_, _]:
                        await stack.domain.finish(command, response=SynchronizeTimeResponse(set_to=datetime.now(UTC)))
    told = {"total": 50, "per_second": 1, "action": None}
    assert seen == [
        ("running", told | {"done": 10, "percent": 20, "seconds_left": 40}),
        ("running", told | {"done": 30, "percent": 60, "seconds_left": 20}),
        ("ok", None),
    ]


async def test_a_final_command_is_told_at_once(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = await submitted(stack, client)
    await stack.domain.finish(command, error=error("UNKNOWN_DEVICE"), component="DOMAIN_CORE")
    async with client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        found = [event async for event in events(response) if "data" in event]
    assert [(event["event"], event["data"]["error"]["code"]) for event in found] == [("result", "UNKNOWN_DEVICE")]


async def test_a_silent_stream_is_kept_alive(
    stack: Stack, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT_S", 0.02)
    command = await submitted(stack, client)
    await stack.domain.move(command, State.QUEUED)
    async with asyncio.timeout(10), client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        beats = 0
        async for event in events(response):
            beats += event.get("comment") == "heartbeat"
            if beats == 3:
                break


async def test_streams_of_one_organisation_are_bounded(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = await submitted(stack, client)
    await stack.domain.move(command, State.QUEUED)
    url = f"/v1/operations/{command.header.correlation_uid}/events"
    streams = [await client.get(url) for _ in range(stack.settings.max_streams)]
    async with client.get(url) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (429, "TOO_MANY_REQUESTS")
    for stream in streams:
        stream.close()


async def test_streams_end_with_the_process(
    stack: Stack, client: aiohttp.ClientSession, until: Callable[..., Any]
) -> None:
    command = await submitted(stack, client)
    await stack.domain.move(command, State.QUEUED)
    async with asyncio.timeout(10), client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        await until(lambda: stack.watchers.count)
        stopping = asyncio.create_task(stack.listener.stop())
        found = [event async for event in events(response) if "data" in event]
        await stopping
    assert [event["data"]["state"] for event in found] == ["queued"]


async def test_a_stream_ends_when_the_store_is_away(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = await submitted(stack, client)
    await stack.domain.move(command, State.QUEUED)

    async def away(keys: Any) -> Any:
        raise DatabaseOutage("away")

    async with asyncio.timeout(10), client.get(f"/v1/operations/{command.header.correlation_uid}/events") as response:
        told = events(response)
        assert "retry" in await anext(told)
        assert (await anext(told))["event"] == "state"
        stack.model.read = away
        stack.watchers.wake(None)
        assert [event async for event in told] == []
    async with client.get(f"/v1/operations/{command.header.correlation_uid}") as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "NOT_READY")
