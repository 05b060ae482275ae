"""Invalid values in every request over REST: a typed problem that names field and rule, never a failure of ours.

Parametrised over what the catalogue has; no operation is named here. Requests travel as lines of a bulk submission.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from io import BytesIO
from itertools import accumulate
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from record_breakages import Breakage, breakages

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.ws_adapter.model.submission import names_device
from meterstream.ws_adapter.settings import BulkLimits, HttpSettings

Stack = Any
DEVICE = "E0000000000000001"
ORGANISATION = "DemoGridOrg"
EVERY = list(load_operations().values())
BUNDLED = [operation for operation in EVERY if operation.bundle_action]
BUNDLE = next(operation for operation in EVERY if issubclass(operation.request, BundleRequest))
MOST_BYTES = 2 * 1024 * 1024
"""Of one bulk submission; the face takes 4 MiB."""


def to_json(value: Any) -> Any:
    """What JSON has no type for: octets are hexadecimal, moments text."""
    if isinstance(value, bytes):
        return value.hex()
    assert isinstance(value, datetime)
    return value.isoformat()


def broken_requests(operation: Operation) -> Iterator[Breakage]:
    yield from breakages(operation.request, operation.examples[0] if operation.examples else None)


def line(operation: Operation, request: Any) -> dict[str, Any]:
    device = {"device_identification": DEVICE} if names_device(operation) else {}
    return {"operation": operation.name, **device, "request": request}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(build_stack: Callable[..., Stack]) -> AsyncIterator[Stack]:
    built = build_stack(HttpSettings(host="127.0.0.1", port=0, trusted_proxies="127.0.0.1", requests_per_s=1e6))
    await built.listener.start()
    yield built
    await built.listener.stop()


async def answers_of(stack: Stack, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    posted = [json.dumps(one, default=to_json).encode() + b"\n" for one in lines]
    found: list[dict[str, Any]] = []
    async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation(ORGANISATION)) as client:
        while len(found) < len(posted):
            sizes = accumulate(map(len, posted[len(found) :]))
            count = max(1, sum(size < MOST_BYTES for size in sizes))
            body = b"".join(posted[len(found) : len(found) + count])
            headers = {"Content-Type": "application/x-ndjson"}
            async with client.post("/v1/operations", data=BytesIO(body), headers=headers) as response:
                answers = [json.loads(raw) for raw in (await response.read()).splitlines()]
            if response.status == 413 and count == 1:
                answers = [{"status": response.status, "problem": answers[0]}]
            assert len(answers) == count, answers
            found += answers
    return found


def is_told(answer: dict[str, Any], field: str, breakage: Breakage) -> bool:
    """Whether a problem names that field, or one inside it, and the rule."""
    problem = answer.get("problem", {})
    if (answer["status"], problem.get("code")) == (413, "MESSAGE_TOO_LARGE"):
        return len(json.dumps(breakage.values, default=to_json)) > BulkLimits().max_line_bytes
    if (answer["status"], problem.get("code")) != (422, "VALIDATION_ERROR"):
        return False
    named = str(problem.get("field"))
    inside = named == field or named.startswith(f"{field}.") or (not breakage.path and named == "request")
    return inside and bool(problem["rule"]) and breakage.says in problem["rule"] and field in problem["detail"]


async def check(stack: Stack, operation: Operation, wrap: Callable[[Any], dict[str, Any]], inside: str) -> None:
    """Each broken request, as `wrap` makes a line of it, is told; its fields lie at `inside`."""
    broken = list(broken_requests(operation))
    answers = await answers_of(stack, [wrap(one.values) for one in broken])
    pairs = zip(broken, answers, strict=True)
    untold = [
        (one.label, answer)
        for one, answer in pairs
        if not is_told(answer, ".".join((inside, one.field)) if one.path else inside, one)
    ]
    assert untold == []
    assert stack.domain.commands == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("operation", [one for one in EVERY if one is not BUNDLE], ids=lambda one: one.name)
async def test_each_rule_broken_once_is_told_with_field_and_rule(stack: Stack, operation: Operation) -> None:
    await check(stack, operation, lambda request: line(operation, request), "request")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("operation", BUNDLED, ids=lambda one: one.name)
async def test_so_it_is_inside_a_bundle(stack: Stack, operation: Operation) -> None:
    def wrap(request: Any) -> dict[str, Any]:
        return line(BUNDLE, {"actions": [{"operation": operation.name, "request": request}]})

    await check(stack, operation, wrap, "request.actions.0.request")
