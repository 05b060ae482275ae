"""Bad input over REST: a typed problem that names field and rule, never a failure of ours."""

from __future__ import annotations

import asyncio
import gzip
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from yarl import URL

from meterstream.ws_adapter.settings import HttpSettings

DEVICE = "E0000000000000001"
UID = "u" * 20


async def post(client: aiohttp.ClientSession, operation: str, body: Any) -> tuple[int, Any]:
    async with client.post(f"/v1/operations/{operation}", json=body) as response:
        assert response.content_type in ("application/problem+json", "application/json")
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize(
    ("operation", "body", "status", "code", "field", "rule"),
    [
        ("Levitate", {}, 404, "UNKNOWN_OPERATION", "operation", "known name"),
        ("SynchronizeTime", {}, 422, "VALIDATION_ERROR", "device_identification", "required"),
        ("SynchronizeTime", {"device_identification": "E1"}, 422, "VALIDATION_ERROR", "device_identification", "match"),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "request": {"time_zone": "Mars"}},
            422,
            "VALIDATION_ERROR",
            "request.time_zone",
            "is no IANA time zone",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "priority": 10},
            422,
            "VALIDATION_ERROR",
            "priority",
            "less than or equal to 9",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "colour": "red"},
            422,
            "VALIDATION_ERROR",
            "colour",
            "Extra inputs are not permitted",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "schedule_time": "2099-01-01T00:00:00"},
            422,
            "VALIDATION_ERROR",
            "schedule_time",
            "offset",
        ),
        (
            "SynchronizeTime",
            {
                "device_identification": DEVICE,
                "schedule_time": "2099-01-02T00:00:00Z",
                "expires_at": "2099-01-01T00:00:00Z",
            },
            422,
            "VALIDATION_ERROR",
            "request",
            "expires_at must be after schedule_time",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "expires_at": "2020-01-01T00:00:00Z"},
            422,
            "VALIDATION_ERROR",
            "expires_at",
            "must be in the future",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "response_url": "ftp://x"},
            422,
            "VALIDATION_ERROR",
            "response_url",
            "match",
        ),
        (
            "SynchronizeTime",
            {"device_identification": DEVICE, "correlation_uid": "short"},
            422,
            "VALIDATION_ERROR",
            "correlation_uid",
            "at least 20",
        ),
        (
            "GetPeriodicMeterReads",
            {
                "device_identification": DEVICE,
                "request": {
                    "period_type": "DAILY",
                    "begin_date": "2025-03-15T00:00:00Z",
                    "end_date": "2025-03-14T00:00:00Z",
                },
            },
            422,
            "VALIDATION_ERROR",
            "request",
            "begin_date must not be after end_date",
        ),
        (
            "Bundle",
            {"device_identification": DEVICE, "request": {"actions": [{"operation": "AddDevice"}]}},
            422,
            "VALIDATION_ERROR",
            "request.actions.0",
            "expected tags",
        ),
        (
            "Bundle",
            {
                "device_identification": DEVICE,
                "request": {"actions": [{"operation": "SynchronizeTime", "request": {"time_zone": 7}}]},
            },
            422,
            "VALIDATION_ERROR",
            "request.actions.0.request.time_zone",
            "valid string",
        ),
        (
            "AddDevice",
            {
                "device_identification": DEVICE,
                "request": {"device": {"master_key": "00"}, "device_model": {"manufacturer": "DEM"}},
            },
            422,
            "VALIDATION_ERROR",
            "request.device.master_key",
            "at least 64 bytes",
        ),
        ("GetDevices", {"device_identification": DEVICE}, 422, "VALIDATION_ERROR", "device_identification", "Extra"),
    ],
)
async def test_names_field_and_rule(
    client: aiohttp.ClientSession, operation: str, body: Any, status: int, code: str, field: str, rule: str
) -> None:
    found_status, problem = await post(client, operation, body)
    assert (found_status, problem["code"], problem["field"]) == (status, code, field), problem
    assert rule in problem["rule"]
    assert problem["status"] == status
    assert problem["type"] == f"urn:meterstream:problem:{code.lower().replace('_', '-')}"
    assert field in problem["detail"]


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b'{"a":' * 100_000, b"[]", b"null", b'"text"'])
async def test_what_is_no_json_object_is_told(client: aiohttp.ClientSession, raw: bytes) -> None:
    async with client.post("/v1/operations/SynchronizeTime", data=raw) as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) in ((400, "UNREADABLE_MESSAGE"), (422, "VALIDATION_ERROR"))


async def test_an_answer_never_repeats_a_key(client: aiohttp.ClientSession) -> None:
    secret = "00112233445566778899AABBCCDDEEFF"
    request = {"device": {"master_key": secret}, "device_model": {"manufacturer": "DEM"}}
    _, problem = await post(client, "AddDevice", {"device_identification": DEVICE, "request": request})
    assert secret.casefold() not in str(problem).casefold()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("PUT", "/v1/operations/SynchronizeTime", 405, "METHOD_NOT_ALLOWED"),
        ("POST", f"/v1/operations/{UID}/events", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/v1/docs", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/operations/short", 404, "UNKNOWN_CORRELATION_UID"),
        ("GET", f"/v1/operations/{UID}%00", 404, "UNKNOWN_CORRELATION_UID"),
        ("GET", f"/v1/operations/{UID}", 404, "UNKNOWN_CORRELATION_UID"),
        ("GET", f"/v1/operations/{UID}/events", 404, "UNKNOWN_CORRELATION_UID"),
    ],
)
async def test_unknown_places_are_told(
    stack: Any, client: aiohttp.ClientSession, method: str, path: str, status: int, code: str
) -> None:
    async with client.request(method, URL(stack.base + path, encoded=True)) as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (status, code)


async def test_a_body_beyond_the_limit_is_refused(stack: Any, client: aiohttp.ClientSession) -> None:
    limit = stack.settings.max_body_bytes
    async with client.post("/v1/operations/SynchronizeTime", data=BytesIO(b" " * (limit + 1))) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "MESSAGE_TOO_LARGE")

    async def chunks() -> Any:
        for _ in range(limit // 65536 + 2):
            yield b" " * 65536

    async with client.post("/v1/operations/SynchronizeTime", data=chunks()) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "MESSAGE_TOO_LARGE")


async def test_a_compressed_body_counts_as_what_it_becomes(stack: Any, client: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(b" " * (stack.settings.max_body_bytes * 8))
    headers = {"Content-Encoding": "gzip"}
    async with client.post("/v1/operations/SynchronizeTime", data=bomb, headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "MESSAGE_TOO_LARGE")


async def test_a_header_about_the_caller_that_breaks_its_rule_is_named(client: aiohttp.ClientSession) -> None:
    body = {"device_identification": DEVICE}
    for name, value in (("X-User-Name", "u" * 321), ("X-Application-Name", "a" * 41)):
        async with client.post("/v1/operations/SynchronizeTime", json=body, headers={name: value}) as response:
            problem = await response.json(content_type=None)
        assert (response.status, problem["code"], problem["field"]) == (422, "VALIDATION_ERROR", name)


async def test_a_header_that_is_no_text_is_named(stack: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.listener.port)
    body = b'{"device_identification": "E0000000000000001"}'
    certificate = stack.as_organisation("DemoGridOrg")["Client-Cert"].encode()
    writer.write(
        b"POST /v1/operations/SynchronizeTime HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User-Name: \xff\xfe\r\n"
        b"Client-Cert: %b\r\nContent-Length: %d\r\n\r\n%b" % (certificate, len(body), body)
    )
    answered = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answered.startswith(b"HTTP/1.1 422")
    assert b'"field": "X-User-Name"' in answered


async def test_a_message_that_the_topic_does_not_take_is_refused(stack: Any, client: aiohttp.ClientSession) -> None:
    stack.domain.largest = 64
    status, problem = await post(client, "SynchronizeTime", {"device_identification": DEVICE})
    assert (status, problem["code"]) == (413, "MESSAGE_TOO_LARGE")
    assert stack.domain.sent == []


async def test_a_head_beyond_the_limit_is_refused(client: aiohttp.ClientSession) -> None:
    headers = {f"X-Filling-{number}": "x" * 4000 for number in range(10)}
    async with client.get(f"/v1/operations/{UID}", headers=headers) as response:
        assert response.status == 431


async def test_requests_of_one_organisation_are_bounded(
    stack: Any, client: aiohttp.ClientSession, other_client: aiohttp.ClientSession
) -> None:
    stack.domain.answer = lambda _: None
    body = {"device_identification": DEVICE}
    limit = stack.settings.max_requests
    answers = await asyncio.gather(*(post(client, "SynchronizeTime", body) for _ in range(limit + 20)))
    codes = [problem.get("code") for status, problem in answers if status == 429]
    assert codes == ["TOO_MANY_REQUESTS"] * 20
    status, _ = await post(other_client, "SynchronizeTime", body)
    assert status == 202


async def test_waiting_requests_are_bounded(build_stack: Any, http_settings: HttpSettings) -> None:
    wide = http_settings.model_copy(update={"max_requests": 1000})
    stack = build_stack(wide, verdict_s=0.5, synchronous_s=0.5)
    stack.domain.answer = lambda _: None
    await stack.listener.start()
    connector = aiohttp.TCPConnector(limit=200)
    headers = stack.as_organisation("DemoGridOrg")
    async with aiohttp.ClientSession(stack.base, headers=headers, connector=connector) as session:
        body = {"device_identification": DEVICE}
        answers = await asyncio.gather(*(post(session, "SynchronizeTime", body) for _ in range(130)))
    await stack.listener.stop()
    assert sorted({status for status, _ in answers}) == [202, 503]
    assert sum(status == 202 for status, _ in answers) >= 100


async def test_an_organisation_must_be_known_and_enabled(stack: Any) -> None:
    from meterstream.contracts.records import OrganisationRecord

    record = OrganisationRecord(organisation="Shut", revision=1, name="Shut", enabled=False)
    stack.organisations.apply("Shut", record)
    for name, code in (("Shut", "DISABLED_ORGANISATION"), ("Nobody", "UNKNOWN_ORGANISATION")):
        async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation(name)) as session:
            status, problem = await post(session, "SynchronizeTime", {"device_identification": DEVICE})
            assert (status, problem["code"]) == (403, code)


async def test_a_certificate_may_speak_for_an_organisation_of_another_name(stack: Any) -> None:
    from meterstream.contracts.records import OrganisationRecord

    for name in ("One", "Two"):
        record = OrganisationRecord(
            organisation=name, revision=1, name=name, enabled=True, certificate_names=[f"gateway.{name}", "shared"]
        )
        stack.organisations.apply(name, record)
    body = {"device_identification": DEVICE}
    async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("gateway.Two")) as session:
        status, _ = await post(session, "SynchronizeTime", body)
        assert status == 202
        assert stack.domain.commands[-1].header.organisation == "Two"
    async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("shared")) as session:
        status, problem = await post(session, "SynchronizeTime", body)
        assert (status, problem["code"]) == (403, "UNAUTHORIZED")
