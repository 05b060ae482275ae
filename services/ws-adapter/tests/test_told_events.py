"""Events that an organisation fetches by the uid of a notification: each its own only, through SOAP and REST."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from soap_messages import envelope

from meterstream.contracts.catalogue import answered_by_events
from meterstream.contracts.events import Event, EventKind, LifecycleChange
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.system_events import SystemEventType

Stack = Any
METER = "E0000000000000001"
UID = "0123456789abcdef0123456789abcdef"
T0 = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
ROOT = "/osgp-adapter-ws-smartmetering/smartMetering"
SCHEMAS = "http://www.opensmartgridplatform.org/schemas/smartmetering"
RETRIEVE = (
    f"{ROOT}/monitoringService/",
    (
        '<m:RetrievePushNotificationAlarmRequest xmlns:m="{schemas}/sm-monitoring/2014/10">'
        "<m:CorrelationUid>{uid}</m:CorrelationUid></m:RetrievePushNotificationAlarmRequest>"
    ),
)
GET = (
    f"{ROOT}/configurationService/",
    (
        '<m:GetPushNotificationAlarmAsyncRequest xmlns:m="{schemas}/sm-configuration/2014/10"'
        ' xmlns:c="http://www.opensmartgridplatform.org/schemas/common/2014/10">'
        "<c:DeviceIdentification>{device}</c:DeviceIdentification><c:CorrelationUid>{uid}</c:CorrelationUid>"
        "</m:GetPushNotificationAlarmAsyncRequest>"
    ),
)
SYSTEM = (
    f"{ROOT}/monitoringService/",
    (
        '<m:GetSystemEventAsyncRequest xmlns:m="{schemas}/sm-monitoring/2014/10"'
        ' xmlns:c="http://www.opensmartgridplatform.org/schemas/common/2014/10">'
        "<c:DeviceIdentification>{device}</c:DeviceIdentification><c:CorrelationUid>{uid}</c:CorrelationUid>"
        "</m:GetSystemEventAsyncRequest>"
    ),
)


def event(**fields: Any) -> Event:
    values = {
        "event_id": UID,
        "device_identification": METER,
        "organisations": ["DemoGridOrg"],
        "kind": EventKind.ALARM,
        "occurred_at": T0,
        "recorded_at": T0,
        "alarms": [AlarmType.LAST_GASP, AlarmType.FRAUD_ATTEMPT],
        "octets": b"\x00\x01",
    }
    return Event(**{**values, **fields})


def system_event(**fields: Any) -> Event:
    values = {
        "kind": EventKind.SYSTEM_EVENT,
        "alarms": [],
        "octets": b"",
        "system_event": SystemEventType.INVOCATION_COUNTER_THRESHOLD_REACHED,
        "reason": "the counter stands at 4000000000",
    }
    return event(**{**values, **fields})


async def ask(client: aiohttp.ClientSession, asked: tuple[str, str], uid: str = UID) -> tuple[int, str]:
    path, body = asked
    raw = envelope(body.format(schemas=SCHEMAS, uid=uid, device=METER))
    async with client.post(path, data=raw, headers={"Content-Type": "text/xml"}) as response:
        return response.status, await response.text()


def texts(answered: str, name: str) -> list[str]:
    return re.findall(rf"<(?:\w+:)?{name}>([^<]*)<", answered)


async def test_an_alarm_is_fetched_over_soap(stack: Stack, client: aiohttp.ClientSession) -> None:
    await stack.domain.publish("events", event())
    for _ in range(2):
        status, answered = await ask(client, RETRIEVE)
        assert status == 200, answered
        assert texts(answered, "DeviceIdentification") == [METER]
        assert texts(answered, "AlarmTypes") == ["LAST_GASP", "FRAUD_ATTEMPT"]
    status, answered = await ask(client, GET)
    assert (status, texts(answered, "Result")) == (200, ["OK"])
    assert texts(answered, "alarm") == ["LAST_GASP", "FRAUD_ATTEMPT"]
    assert texts(answered, "encodedMessage") == ["0001"]
    assert texts(answered, "decodedMessage") == ["LAST_GASP, FRAUD_ATTEMPT"]
    assert stack.domain.commands == []


async def test_a_system_event_is_fetched_over_soap(stack: Stack, client: aiohttp.ClientSession) -> None:
    await stack.domain.publish("events", system_event())
    status, answered = await ask(client, SYSTEM)
    assert status == 200, answered
    assert texts(answered, "SystemEventType") == ["INVOCATION_COUNTER_THRESHOLD_REACHED"]
    assert texts(answered, "DeviceIdentification") == [METER]
    assert texts(answered, "Reason") == ["the counter stands at 4000000000"]
    assert texts(answered, "Timestamp")[0].startswith("2025-03-14T")


@pytest.mark.parametrize("asked", [RETRIEVE, GET, SYSTEM])
async def test_the_event_of_another_organisation_is_unknown(
    stack: Stack, client: aiohttp.ClientSession, asked: tuple[str, str]
) -> None:
    await stack.domain.publish("events", event(organisations=["OtherGridOrg"]))
    await stack.domain.publish("events", system_event(organisations=["OtherGridOrg"], event_id="f" * 32))
    for uid in (UID, "f" * 32):
        status, answered = await ask(client, asked, uid)
        assert (status, texts(answered, "Code")) == (500, ["405"])
        assert texts(answered, "Message") == ["CorrelationUid is unknown."]


@pytest.mark.parametrize("asked", [RETRIEVE, GET, SYSTEM])
async def test_a_uid_of_something_else_does_not_match(
    stack: Stack, client: aiohttp.ClientSession, asked: tuple[str, str]
) -> None:
    body = {"device_identification": METER}
    async with client.post("/v1/operations/SynchronizeTime", json=body) as response:
        uid = (await response.json())["correlation_uid"]
    await stack.domain.finish(stack.domain.commands[0], response=SynchronizeTimeResponse(set_to=T0))
    other = system_event if asked is not SYSTEM else event
    await stack.domain.publish("events", other())
    for named in (uid, UID):
        status, answered = await ask(client, asked, named)
        assert (status, texts(answered, "Code")) == (500, ["401"])
        assert texts(answered, "Message") == ["CorrelationUid does not match any data of the requested type."]


async def test_a_notification_may_overtake_the_store(
    stack: Stack, client: aiohttp.ClientSession, until: Callable[..., Any]
) -> None:
    asking = asyncio.create_task(ask(client, RETRIEVE))
    await until(lambda: stack.watchers.count)
    await stack.domain.publish("events", event())
    status, answered = await asking
    assert (status, texts(answered, "AlarmTypes")) == (200, ["LAST_GASP", "FRAUD_ATTEMPT"])


async def test_each_organisation_of_an_event_has_its_own(
    stack: Stack, client: aiohttp.ClientSession, other_client: aiohttp.ClientSession
) -> None:
    await stack.domain.publish("events", event(organisations=["DemoGridOrg", "OtherGridOrg"]))
    async with client.delete(f"/v1/operations/{UID}/result") as response:
        assert response.status == 204
    body = {"request": {"correlation_uid": UID}}
    async with client.post("/v1/operations/RetrievePushNotificationAlarm", json=body) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (404, "UNKNOWN_CORRELATION_UID")
    async with other_client.post("/v1/operations/RetrievePushNotificationAlarm", json=body) as response:
        document = await response.json()
    assert (response.status, document["final"]) == (200, True)
    assert document["result"]["response"] == {
        "device_identification": METER,
        "alarms": ["LAST_GASP", "FRAUD_ATTEMPT"],
    }


async def test_an_event_is_listed_and_shown_like_a_command_that_is_final(
    stack: Stack, client: aiohttp.ClientSession
) -> None:
    await stack.domain.publish("events", event())
    async with client.get(f"/v1/operations/{UID}") as response:
        document = await response.json()
    assert (document["operation"], document["state"]) == ("GetPushNotificationAlarm", "ok")
    assert document["result"]["response"]["encoded_message"] == "0001"
    async with client.get("/v1/operations", params={"device_identification": METER}) as response:
        assert [row["correlation_uid"] for row in (await response.json())["commands"]] == [UID]


async def test_events_that_nobody_fetches_are_not_kept(stack: Stack, client: aiohttp.ClientSession) -> None:
    added = event(kind=EventKind.LIFECYCLE, alarms=[], lifecycle=LifecycleChange.ADDED)
    await stack.domain.publish("events", added)
    async with client.get("/v1/operations") as response:
        assert (await response.json())["commands"] == []


def test_what_is_answered_by_events_names_one() -> None:
    answered = answered_by_events()
    assert answered
    for operation in answered:
        assert "correlation_uid" in operation.request.model_fields
        assert operation.repeatable
