"""What is read beside commands: devices, events, message logs, organisations, firmware, and what Kafka carries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Command, OperationResponse
from meterstream.contracts.operations.find_message_logs import FindMessageLogsResponse, MessageLogEntry
from meterstream.contracts.operations.find_organisation import FindOrganisationResponse
from meterstream.contracts.operations.find_stored_events import FindStoredEventsResponse
from meterstream.contracts.operations.get_device import GetDeviceResponse
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.contracts.shared.paging import Page
from meterstream.contracts.shared.stored_events import StoredEvent, StoredEventType

Stack = Any
METER = "E0000000000000001"
T0 = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
EVENT = StoredEvent(
    device_identification=METER,
    occurred_at=T0,
    event_type=StoredEventType.ALARM_NOTIFICATION,
    description="LAST_GASP",
)
EVENTS = FindStoredEventsResponse(events=[EVENT], page=Page(total_pages=1, page_size=25, current_page=0))
FRAME = MessageLogEntry(
    timestamp=T0,
    organisation="DemoGridOrg",
    device_identification=METER,
    decoded_message="get-request-normal",
    encoded_message="c001",
    incoming=False,
    valid=True,
)
FRAMES = FindMessageLogsResponse(total_pages=1, entries=[FRAME])


async def read(client: aiohttp.ClientSession, path: str, **options: Any) -> tuple[int, Any, str]:
    async with client.get(path, **options) as response:
        body = await response.read()
        return response.status, json.loads(body) if body else None, response.headers.get("ETag", "")


@pytest.mark.parametrize(
    ("path", "answer", "operation", "asked", "device"),
    [
        ("/v1/events?page_size=5", EVENTS, "FindStoredEvents", {"page_size": 5}, None),
        (f"/v1/devices/{METER}/events", EVENTS, "FindStoredEvents", {"device_identification": METER}, None),
        (f"/v1/devices/{METER}/message-logs?page=2", FRAMES, "FindMessageLogs", {"page": 2}, METER),
    ],
)
async def test_lists_are_read_with_a_tag(
    stack: Stack,
    client: aiohttp.ClientSession,
    path: str,
    answer: OperationResponse,
    operation: str,
    asked: dict[str, Any],
    device: str | None,
) -> None:
    stack.domain.answer = stack.domain.completing(answer)
    status, document, tag = await read(client, path)
    assert (status, document) == (200, answer.model_dump(mode="json"))
    (command,) = stack.domain.commands
    assert (command.operation.name, command.header.device_identification) == (operation, device)
    assert command.request.model_dump(exclude_defaults=True) == asked
    status, document, again = await read(client, path, headers={"If-None-Match": tag})
    assert (status, document, again) == (304, None, tag)


async def test_one_thing_that_is_not_there_is_not_found(stack: Stack, client: aiohttp.ClientSession) -> None:
    entry = OrganisationEntry(
        organisation="OrgC", name="Sea", prefix="CCC", function_group="USER", enabled=True, domains=["COMMON"]
    )
    stack.domain.answer = stack.domain.completing(FindOrganisationResponse(organisation=entry))
    status, document, _ = await read(client, "/v1/organisations/OrgC")
    assert (status, document["organisation"]["name"]) == (200, "Sea")
    for path, absent in (
        ("/v1/organisations/Nobody", FindOrganisationResponse()),
        (f"/v1/devices/{METER}", GetDeviceResponse()),
    ):
        stack.domain.answer = stack.domain.completing(absent)
        status, document, _ = await read(client, path)
        assert (status, document["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/events?page_size=0", "page_size"),
        ("/v1/events?until=2025-01-01", "until"),
        ("/v1/devices/short/events", "device_identification"),
        ("/v1/devices/short", "device_identification"),
        ("/v1/devices/short/message-logs", "device_identification"),
        ("/v1/firmware", "model_code"),
        ("/v1/firmware/none", "number"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_named(
    stack: Stack, client: aiohttp.ClientSession, path: str, field: str
) -> None:
    status, document, _ = await read(client, path)
    assert (status, document["field"]) == (422, field)
    assert stack.domain.commands == []


async def test_a_failure_is_told_as_such(stack: Stack, client: aiohttp.ClientSession) -> None:
    def failing(command: Command) -> Any:
        unknown = error("UNKNOWN_DEVICE", f"there is no device {METER}")
        result = stack.domain.result(command, error=unknown, status=ResultStatus.FAILED)
        return stack.domain.reply(command, Verdict.COMPLETED, result=stack.codec.encode(result))

    for answer in (failing, stack.domain.rejecting(error("UNKNOWN_DEVICE", f"there is no device {METER}"))):
        stack.domain.answer = answer
        for path in (f"/v1/devices/{METER}/message-logs", f"/v1/devices/{METER}/events"):
            status, document, _ = await read(client, path)
            assert (status, document["code"]) == (404, "UNKNOWN_DEVICE"), path


async def test_without_an_answer_in_time_the_uid_is_told(stack: Stack, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = lambda _: None
    status, document, _ = await read(client, f"/v1/devices/{METER}/message-logs")
    assert (status, document["code"]) == (503, "NOT_READY")
    assert document["details"]["correlation_uid"] == stack.domain.commands[0].header.correlation_uid


async def test_what_kafka_carries_is_described(client: aiohttp.ClientSession) -> None:
    status, document, _ = await read(client, "/v1/asyncapi.json")
    assert (status, document["asyncapi"]) == (200, "3.0.0")
    assert {"events", "device-events", "message-logs"} <= document["channels"].keys()
    payload = document["components"]["messages"]["Event"]["payload"]["schema"]["$ref"]
    status, schema, _ = await read(client, "/v1/" + payload.removeprefix("./"))
    assert (status, schema["name"]) == (200, "Event")


@pytest.mark.parametrize(
    "path", ["events/Event/999.avsc", "events/Event", "..%2f..%2fasyncapi.json", "events%2f..%2f..%2f..%2fREADME.md"]
)
async def test_there_is_no_schema_elsewhere(client: aiohttp.ClientSession, path: str) -> None:
    status, _, _ = await read(client, f"/v1/avro/{path}")
    assert status == 404


def test_every_resource_is_an_operation_on_the_registry() -> None:
    read_too = [operation for operation in load_operations().values() if operation.resources]
    assert len(read_too) > 5
    assert all(operation.target == "registry" and operation.repeatable for operation in read_too)
