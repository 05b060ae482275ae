"""Many commands in one request: one answer line each, and no line stops another."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_devices import GetDevicesResponse
from meterstream.ws_adapter.settings import BulkLimits, HttpSettings

DEVICE = "E0000000000000001"
PATH = "/v1/operations"
NDJSON = {"Content-Type": "application/x-ndjson"}


def line(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"operation": "SynchronizeTime", "device_identification": f"E{number:016}", **more}


def to_lines(*documents: Any) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in documents)


async def post(client: aiohttp.ClientSession, body: bytes) -> list[dict[str, Any]]:
    async with client.post(PATH, data=body, headers=NDJSON) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "application/x-ndjson"
        return [json.loads(raw) for raw in (await response.read()).splitlines()]


async def test_each_line_is_answered_in_its_place(stack: Any, client: aiohttp.ClientSession) -> None:
    uid = "my-own-uid-0123456789"
    answers = await post(
        client, to_lines(line(1), line(2, correlation_uid=uid), line(3, operation="get-actual-meter-reads"))
    )
    assert [(one["line"], one["status"], one["command"]["state"]) for one in answers] == [
        (1, 202, "queued"),
        (2, 202, "queued"),
        (3, 202, "queued"),
    ]
    assert [one["command"]["device_identification"] for one in answers] == [f"E{n:016}" for n in (1, 2, 3)]
    assert answers[1]["command"]["correlation_uid"] == uid
    assert [command.operation.name for command in stack.domain.commands] == [
        "SynchronizeTime",
        "SynchronizeTime",
        "GetActualMeterReads",
    ]


async def test_hundreds_of_lines_share_produce_batches_and_keep_their_order(
    stack: Any, client: aiohttp.ClientSession
) -> None:
    answers = await post(client, to_lines(*(line(number) for number in range(450))))
    assert [one["line"] for one in answers] == list(range(1, 451))
    assert [command.header.device_identification for command in stack.domain.commands] == [
        f"E{number:016}" for number in range(450)
    ]
    assert len(stack.domain.batches) < 45


async def test_a_bad_line_stops_no_other(stack: Any, client: aiohttp.ClientSession) -> None:
    body = to_lines(
        line(1),
        b"{",
        b"",
        b"[]",
        b"\xff\xfe",
        {"device_identification": DEVICE},
        line(7, operation="Levitate"),
        line(8, operation=7),
        line(9, priority=10),
        line(10, colour="red"),
        b'{"a":' * 100_000,
        line(12, device_identification="E1"),
        line(13),
    )
    answers = await post(client, body)
    told = [
        (one["line"], one["status"], one.get("problem", {}).get("code"), one.get("problem", {}).get("field"))
        for one in answers
    ]
    assert told == [
        (1, 202, None, None),
        (2, 400, "UNREADABLE_MESSAGE", "line"),
        (4, 422, "VALIDATION_ERROR", "operation"),
        (5, 400, "UNREADABLE_MESSAGE", "line"),
        (6, 422, "VALIDATION_ERROR", "operation"),
        (7, 404, "UNKNOWN_OPERATION", "operation"),
        (8, 422, "VALIDATION_ERROR", "operation"),
        (9, 422, "VALIDATION_ERROR", "priority"),
        (10, 422, "VALIDATION_ERROR", "colour"),
        (11, 400, "UNREADABLE_MESSAGE", "line"),
        (12, 422, "VALIDATION_ERROR", "device_identification"),
        (13, 202, None, None),
    ]
    assert len(stack.domain.commands) == 2


async def test_a_rejected_line_has_domains_error(stack: Any, client: aiohttp.ClientSession) -> None:
    refuse = stack.domain.rejecting(error("UNKNOWN_DEVICE", "no such device", device=DEVICE))
    stack.domain.answer = lambda command: (
        refuse(command) if command.header.device_identification.endswith("2") else stack.domain.queued(command)
    )
    answers = await post(client, to_lines(line(1), line(2), line(3)))
    assert [one["status"] for one in answers] == [202, 404, 202]
    assert (answers[1]["problem"]["code"], answers[1]["problem"]["number"]) == ("UNKNOWN_DEVICE", 201)


async def test_a_synchronous_operation_answers_in_its_line(stack: Any, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = stack.domain.completing(GetDevicesResponse(total_pages=0, devices=[]))
    (answer,) = await post(client, to_lines({"operation": "GetDevices"}))
    assert answer["status"] == 200
    assert answer["command"]["result"]["response"] == {"total_pages": 0, "devices": []}


async def test_an_outage_is_told_on_every_line(stack: Any, client: aiohttp.ClientSession) -> None:
    stack.domain.outage = True
    answers = await post(client, to_lines(line(1), line(2)))
    assert [(one["status"], one["problem"]["code"]) for one in answers] == [(503, "NOT_READY")] * 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", NDJSON, 422, "VALIDATION_ERROR"),
        (b"\n \n", NDJSON, 422, "VALIDATION_ERROR"),
        (b"{}", {"Content-Type": "application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_what_is_no_submission_of_many_is_refused(
    client: aiohttp.ClientSession, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    async with client.post(PATH, data=body, headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (status, code)


async def test_lines_are_bounded_in_number_and_size(build_stack: Any, http_settings: HttpSettings) -> None:
    stack = build_stack(http_settings, bulk=BulkLimits(max_lines=3, max_line_bytes=1024))
    await stack.listener.start()
    try:
        async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("DemoGridOrg")) as session:
            async with session.post(PATH, data=to_lines(*[line()] * 4), headers=NDJSON) as response:
                problem = await response.json(content_type=None)
            assert (response.status, problem["field"]) == (422, "body")
            assert "at most 3 lines" in problem["rule"]
            answers = await post(session, to_lines(line(1), line(2, response_url="http://x/" + "y" * 1024), line(3)))
            assert [(one["status"], one.get("problem", {}).get("code")) for one in answers] == [
                (202, None),
                (413, "MESSAGE_TOO_LARGE"),
                (202, None),
            ]
    finally:
        await stack.listener.stop()


async def test_lines_beyond_the_rate_wait_for_it(build_stack: Any, http_settings: HttpSettings) -> None:
    slow = http_settings.model_copy(update={"requests_per_s": 100.0, "requests_burst": 2})
    stack = build_stack(slow)
    await stack.listener.start()
    try:
        async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("DemoGridOrg")) as session:
            answers = await post(session, to_lines(*(line(number) for number in range(20))))
        assert [one["status"] for one in answers] == [202] * 20
        moments = [command.header.created_at for command in stack.domain.commands]
        assert (max(moments) - min(moments)).total_seconds() > 0.15
    finally:
        await stack.listener.stop()
