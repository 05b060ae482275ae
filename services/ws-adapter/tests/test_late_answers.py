"""A synchronous operation whose caller did not wait long enough: what became of it is found by its uid."""

from __future__ import annotations

from typing import Any

import aiohttp

from meterstream.contracts.errors import error

Stack = Any
LINE = {"request": {"filter": {"city": "Arnhem"}}}


async def too_late(stack: Stack, client: aiohttp.ClientSession) -> str:
    """The uid of a query that nobody answered in time."""
    stack.domain.answer = lambda _: None
    async with client.post("/v1/operations/FindDevices", json=LINE) as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (503, "NOT_READY")
    return problem["details"]["correlation_uid"]


async def test_why_it_failed_is_found_by_its_uid(stack: Stack, client: aiohttp.ClientSession) -> None:
    uid = await too_late(stack, client)
    async with client.get(f"/v1/operations/{uid}") as response:
        assert response.status == 404
    failure = error("UNKNOWN_ORGANISATION", "there is no organisation DemoGridOrg")
    await stack.domain.finish(stack.domain.commands[0], error=failure, component="DOMAIN")
    async with client.get(f"/v1/operations/{uid}/result") as response:
        result = await response.json()
    assert (response.status, result["status"], result["error"]["code"]) == (200, "failed", "UNKNOWN_ORGANISATION")


async def test_it_is_nobody_elses(
    stack: Stack, client: aiohttp.ClientSession, other_client: aiohttp.ClientSession
) -> None:
    uid = await too_late(stack, client)
    await stack.domain.finish(stack.domain.commands[0], error=error("TECHNICAL_ERROR", "broken"))
    async with other_client.get(f"/v1/operations/{uid}") as response:
        assert response.status == 404
