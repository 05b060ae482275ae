"""Every kind of bad input gets a typed error on the face it came from; on Kafka a dead letter with the reason."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from meterstream.contracts.topics import DEAD_LETTER_SUFFIX
from meterstream.demo.client import Client, Platform
from meterstream.demo.commands import actual_reads
from meterstream.demo.faces import COMMON, SOAP, KafkaFace
from meterstream.demo.fleet import DemoMeter
from meterstream.runtime.codec import MARKER
from meterstream.runtime.kafka import Outgoing, Producer

DEADLINE_S = 60.0
UNKNOWN = "E0009999999999999"
MONITORING = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-monitoring/2014/10"
Meters = Callable[[int], list[DemoMeter]]


# --- REST -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """A REST submission and what its problem must say."""

    operation: str
    body: object
    status: int
    code: str
    field: str | None = None


PERIOD = {"period_type": "HOURLY", "begin_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-02T00:00:00Z"}
BAD = {
    "unknown operation": Bad("MakeCoffee", {"device_identification": UNKNOWN, "request": {}}, 404, "UNKNOWN_OPERATION"),
    "unknown device": Bad(
        "GetActualMeterReads", {"device_identification": UNKNOWN, "request": {}}, 404, "UNKNOWN_DEVICE"
    ),
    "missing device": Bad("GetActualMeterReads", {"request": {}}, 422, "VALIDATION_ERROR", "device_identification"),
    "value out of range": Bad(
        "GetPeriodicMeterReads",
        {"device_identification": UNKNOWN, "request": PERIOD},
        422,
        "VALIDATION_ERROR",
        "request.period_type",
    ),
    "priority out of range": Bad(
        "GetActualMeterReads",
        {"device_identification": UNKNOWN, "request": {}, "priority": 10},
        422,
        "VALIDATION_ERROR",
        "priority",
    ),
    "unknown field": Bad(
        "GetActualMeterReads",
        {"device_identification": UNKNOWN, "request": {"speed": "fast"}},
        422,
        "VALIDATION_ERROR",
        "request.speed",
    ),
    "unknown zone": Bad(
        "SynchronizeTime",
        {"device_identification": UNKNOWN, "request": {"time_zone": "Mars/Olympus"}},
        422,
        "VALIDATION_ERROR",
        "request.time_zone",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_rest_names_field_and_rule(client: Client, case: str) -> None:
    bad = BAD[case]
    status, problem = await client.post(f"/v1/operations/{bad.operation}", bad.body)
    assert (status, problem["code"]) == (bad.status, bad.code), problem
    if bad.field is not None:
        assert problem["field"] == bad.field
        assert problem["rule"]


async def test_rest_refuses_malformed_json(client: Client) -> None:
    headers = {"Content-Type": "application/json"}
    url = f"{client.base}/v1/operations/GetActualMeterReads"
    async with client.session.post(url, data=b"{not json", headers=headers) as response:
        problem = await response.json(content_type=None)
    assert response.status == 400
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert problem["code"] in ("UNREADABLE_MESSAGE", "VALIDATION_ERROR")


async def test_rest_refuses_a_body_beyond_the_limit(client: Client, platform: Platform) -> None:
    port = int(client.base.rsplit(":", 1)[1])
    context = platform.stack.authority.client_context(client.organisation)
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    head = (
        "POST /v1/operations/GetActualMeterReads HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {17 * 1024 * 1024}",
    )
    writer.write(("\r\n".join(head) + "\r\n\r\n{").encode())
    async with asyncio.timeout(DEADLINE_S):
        answer = await reader.readuntil(b"}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"MESSAGE_TOO_LARGE" in answer


async def test_a_foreign_organisation_may_not_use_the_device(
    client: Client, stranger: Client, unused_meters: Meters
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    body = {"device_identification": meter.identification, "request": {}}
    status, problem = await stranger.post("/v1/operations/GetActualMeterReads", body)
    assert (status, problem["code"]) == (403, "UNAUTHORIZED")
    uid = await client.rest.submit(actual_reads(meter.identification))
    await client.result(uid)
    async with stranger.session.get(f"{stranger.base}/v1/operations/{uid}") as response:
        assert response.status == 404


# --- SOAP -------------------------------------------------------------------------------------------------------------


def soap(body: str, **headers: str) -> bytes:
    values = {"OrganisationIdentification": "GridOne", "UserName": "u", "ApplicationName": "a"} | headers
    lines = "".join(f"<c:{name}>{value}</c:{name}>" for name, value in values.items() if value)
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:c="{COMMON}"><s:Header>{lines}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def reads(device: str) -> str:
    return (
        f'<m:ActualMeterReadsRequest xmlns:m="{MONITORING}">'
        f"<m:DeviceIdentification>{device}</m:DeviceIdentification></m:ActualMeterReadsRequest>"
    )


async def post_soap(client: Client, data: bytes) -> tuple[int, str]:
    url = f"{client.base}/osgp-adapter-ws-smartmetering/smartMetering/monitoringService/"
    async with client.session.post(url, data=data, headers={"Content-Type": "text/xml"}) as response:
        return response.status, await response.text()


SOAP_BAD = {
    "unknown operation": (soap('<x:MakeCoffeeRequest xmlns:x="urn:x"/>'), 404, ""),
    "unknown device": (soap(reads(UNKNOWN)), 500, "<common:Code>201<"),
    "missing header": (soap(reads(UNKNOWN), UserName=""), 500, 'UserName Soap Header is ""'),
    "foreign certificate": (
        soap(reads(UNKNOWN), OrganisationIdentification="GridTwo"),
        500,
        "Client certificate is untrusted or invalid for organisation [GridTwo]",
    ),
    "schema violation": (soap(reads("E1")), 500, "cvc-minLength-valid"),
    "malformed": (b"<s:Envelope", 400, ""),
    "entities": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + soap(reads("&e;")),
        400,
        "",
    ),
    "priority is no number": (soap(reads(UNKNOWN), MessagePriority="high"), 500, "MessagePriority"),
}


@pytest.mark.parametrize("case", SOAP_BAD)
async def test_soap_answers_with_the_contracts_fault(client: Client, case: str) -> None:
    data, expected_status, text = SOAP_BAD[case]
    status, answer = await post_soap(client, data)
    assert status == expected_status, answer
    assert text in answer


async def test_soap_tells_a_foreign_organisation_that_it_may_not(
    client: Client, stranger: Client, unused_meters: Meters
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    status, answer = await post_soap(stranger, soap(reads(meter.identification), OrganisationIdentification="GridTwo"))
    assert (status, "<common:Code>301<" in answer) == (500, True), answer


# --- Kafka ------------------------------------------------------------------------------------------------------------


class DeadLetters:
    """Follows the dead letters of upstream-commands."""

    def __init__(self, platform: Platform) -> None:
        settings = platform.stack.kafka_settings
        self._topic = f"{settings.topic_prefix}.upstream-commands{DEAD_LETTER_SUFFIX}"
        self._consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False)

    async def start(self) -> None:
        await self._consumer.start()
        partition = TopicPartition(self._topic, 0)
        self._consumer.assign([partition])
        await self._consumer.seek_to_end(partition)
        await self._consumer.position(partition)

    async def stop(self) -> None:
        await self._consumer.stop()

    async def of(self, value: bytes) -> dict[str, str]:
        """The headers of the dead letter with these bytes."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            message = await asyncio.wait_for(self._consumer.getone(), DEADLINE_S)
            if message.value == value:
                return {name: raw.decode() for name, raw in message.headers}
        raise TimeoutError("no dead letter came")


@pytest_asyncio.fixture
async def dead_letters(platform: Platform) -> AsyncIterator[DeadLetters]:
    letters = DeadLetters(platform)
    await letters.start()
    yield letters
    await letters.stop()


async def publish(client: Client, value: bytes, key: str = UNKNOWN) -> None:
    producer = Producer(client.platform.stack.kafka_settings)
    await producer.start()
    try:
        await producer.send([Outgoing(KafkaFace.topic, key.encode(), value)])
    finally:
        await producer.stop()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"this is no Avro", "UNREADABLE_MESSAGE"),
        (MARKER + bytes(8) + b"body", "UNKNOWN_SCHEMA"),
        (json.dumps({"operation": "GetActualMeterReads"}).encode(), "UNREADABLE_MESSAGE"),
    ],
)
async def test_kafka_dead_letters_what_nobody_can_read(
    client: Client, dead_letters: DeadLetters, value: bytes, code: str
) -> None:
    await publish(client, value)
    headers = await dead_letters.of(value)
    assert headers["dead_letter_code"] == code
    assert headers["dead_letter_reason"]


async def test_kafka_dead_letters_a_stale_command(
    client: Client, dead_letters: DeadLetters, unused_meters: Meters
) -> None:
    (meter,) = unused_meters(1)
    past = datetime.now(UTC) - timedelta(days=3)
    message = client.kafka.message("a-command-that-nobody-waits-for", actual_reads(meter.identification), past)
    assert message.value is not None
    await publish(client, message.value, meter.identification)
    assert (await dead_letters.of(message.value))["dead_letter_code"] == "STALE"


async def test_kafka_rejects_an_unknown_device_with_a_result(client: Client) -> None:
    uid = await client.kafka.submit(actual_reads(UNKNOWN))
    found = await client.result(uid)
    assert (found["status"], found["error"]["code"]) == ("rejected", "UNKNOWN_DEVICE")


async def test_kafka_is_closed_to_an_organisation_that_may_not_publish(
    stranger: Client, dead_letters: DeadLetters
) -> None:
    message = stranger.kafka.message("an-uninvited-command", actual_reads(UNKNOWN), datetime.now(UTC))
    assert message.value is not None
    await publish(stranger, message.value)
    assert (await dead_letters.of(message.value))["dead_letter_code"] == "UNAUTHORIZED"
