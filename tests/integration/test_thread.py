"""The thread from each face to the meters and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from lxml import etree

from meterstream.contracts.envelope import ResultStatus
from meterstream.demo.client import Client, eventually
from meterstream.demo.commands import actual_reads, bundle, periodic_reads, synchronize_time
from meterstream.demo.faces import COMMON, SOAP, FaceRefused
from meterstream.demo.fleet import DemoMeter
from meterstream.runtime.codec import Codec

DEADLINE_S = 60.0
MONITORING = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-monitoring/2014/10"
Meters = Callable[[int], list[DemoMeter]]


async def test_every_face_reaches_the_meter(client: Client, unused_meters: Meters) -> None:
    meters = unused_meters(3)
    await client.install(meters)
    now = datetime.now(UTC)
    makers = [synchronize_time, actual_reads, periodic_reads(now), bundle(Codec())]
    uids = [
        await face.submit(make(meter.identification))
        for face in (client.soap, client.rest, client.kafka)
        for make in makers
        for meter in meters
    ]
    await client.watcher.wait_for(uids, DEADLINE_S)
    outcomes = [client.watcher.outcomes[uid] for uid in uids]
    assert [outcome.error for outcome in outcomes] == [None] * len(uids)
    assert {outcome.status for outcome in outcomes} == {ResultStatus.OK}
    assert client.platform.fleet.stats()["repeated_nonces"] == 0


async def test_a_reading_is_the_meters_register_in_kwh(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    found = await client.result(await client.rest.submit(actual_reads(meter.identification)))
    response = found["response"]
    imported = response["active_energy_import"]
    parts = [Decimal(response[f"active_energy_import_tariff_{tariff}"]["value"]) for tariff in ("one", "two")]
    assert imported["unit"] == "KWH"
    assert Decimal(imported["value"]) == sum(parts)
    age = datetime.now(UTC) - datetime.fromisoformat(response["log_time"])
    assert abs(age) < timedelta(minutes=10)


async def test_daily_rows_lie_in_the_range_and_rise(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    now = datetime.now(UTC)
    found = await client.result(await client.rest.submit(periodic_reads(now)(meter.identification)))
    rows = found["response"]["meter_reads"]
    times = [datetime.fromisoformat(row["log_time"]) for row in rows]
    assert len(rows) == 3
    assert all(now - timedelta(days=3) <= moment <= now for moment in times)
    values = [Decimal(row["active_energy_import_tariff_one"]["value"]) for row in rows]
    assert values == sorted(values)


async def test_a_clock_that_is_set_is_set_on_the_meter(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    before = client.platform.fleet.control("GET", f"/meters/{meter.number}")
    found = await client.result(await client.kafka.submit(synchronize_time(meter.identification)))
    after = client.platform.fleet.control("GET", f"/meters/{meter.number}")
    assert found["status"] == "ok"
    assert after != before
    assert abs(datetime.now(UTC) - datetime.fromisoformat(found["response"]["set_to"])) < timedelta(minutes=1)


def envelope(organisation: str, body: str, extra: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:c="{COMMON}"><s:Header>'
        f"<c:OrganisationIdentification>{organisation}</c:OrganisationIdentification>"
        f"<c:UserName>u</c:UserName><c:ApplicationName>a</c:ApplicationName>{extra}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


async def test_soap_retrieval_gives_the_readings_with_units(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    uid = await client.soap.submit(actual_reads(meter.identification))
    body = (
        f'<m:ActualMeterReadsAsyncRequest xmlns:m="{MONITORING}">'
        f"<c:DeviceIdentification>{meter.identification}</c:DeviceIdentification>"
        f"<c:CorrelationUid>{uid}</c:CorrelationUid></m:ActualMeterReadsAsyncRequest>"
    )
    await client.watcher.wait_for([uid], DEADLINE_S)
    url = f"{client.base}/osgp-adapter-ws-smartmetering/smartMetering/monitoringService/"
    async with client.session.post(url, data=envelope(client.organisation, body)) as response:
        text = await response.read()
    assert response.status == 200, text
    found = etree.fromstring(text).find(f".//{{{MONITORING}}}ActiveEnergyImport")
    assert found is not None
    assert found.get("unit") == "KWH"
    assert Decimal(found.text or "") > 0


async def test_states_stream_until_the_result(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    uid = await client.rest.submit(actual_reads(meter.identification))
    events: list[dict[str, object]] = []
    async with client.session.get(f"{client.base}/v1/operations/{uid}/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        events.extend([json.loads(line[5:]) async for line in response.content if line.startswith(b"data:")])
    assert events[-1]["state"] == "ok"


async def test_the_organisation_is_told_by_soap_and_webhook(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    uid = await client.rest.submit(actual_reads(meter.identification))
    receiver = client.platform.receiver

    async def told() -> bool | None:
        return True if receiver.bodies("/soap", uid) and receiver.bodies("/webhook", uid) else None

    assert await eventually(told)
    (soap,) = receiver.bodies("/soap", uid)
    assert b"REQUEST_ACTUAL_METER_DATA" in soap.body
    assert b">OK<" in soap.body


async def all_devices(client: Client) -> list[str]:
    """Page by page, for other tests have installed meters too."""
    found: list[str] = []
    page, pages = 0, 1
    while page < pages:
        status, answer = await client.post("/v1/operations/GetDevices", {"request": {"page": page}})
        assert status == 200
        response = answer["result"]["response"]
        found += [device["device_identification"] for device in response["devices"]]
        page, pages = page + 1, response["total_pages"]
    return found


async def test_devices_are_listed_for_their_organisation_only(
    client: Client, stranger: Client, unused_meters: Meters
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    assert meter.identification in await all_devices(client)
    assert meter.identification not in await all_devices(stranger)


async def test_a_scheduled_command_waits_and_can_be_cancelled(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    due = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"device_identification": meter.identification, "request": {}, "schedule_time": due}
    status, answer = await client.post("/v1/operations/GetActualMeterReads", body)
    assert status == 202, answer
    uid = answer["correlation_uid"]
    async with client.session.delete(f"{client.base}/v1/operations/{uid}") as response:
        assert response.status in (200, 202), await response.text()
    assert (await client.result(uid))["status"] == "cancelled"


async def test_a_scheduled_command_runs_when_it_is_due(client: Client, unused_meters: Meters) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    due = datetime.now(UTC) + timedelta(seconds=3)
    body = {"device_identification": meter.identification, "request": {}, "schedule_time": due.isoformat()}
    _, answer = await client.post("/v1/operations/GetActualMeterReads", body)
    found = await client.result(answer["correlation_uid"])
    assert found["status"] == "ok"
    assert datetime.fromisoformat(found["finished_at"]) >= due


async def test_the_same_uid_answers_with_the_same_result(client: Client, unused_meters: Meters) -> None:
    first, second = unused_meters(2)
    await client.install([first, second])
    uid = f"chosen-{first.identification}-by-the-client"
    body = {"device_identification": first.identification, "correlation_uid": uid, "request": {}}
    assert (await client.post("/v1/operations/GetActualMeterReads", body))[0] == 202
    once = await client.result(uid)
    assert (await client.post("/v1/operations/GetActualMeterReads", body))[0] == 200  # final, so there is no waiting
    assert await client.result(uid) == once
    other = body | {"device_identification": second.identification}
    status, problem = await client.post("/v1/operations/GetActualMeterReads", other)
    assert (status, problem["code"]) == (409, "CORRELATION_UID_REUSED")


async def test_a_uid_names_one_command_whatever_face_it_comes_by(client: Client, unused_meters: Meters) -> None:
    first, second = unused_meters(2)
    await client.install([first, second])
    uid = f"chosen-{first.identification}-for-all-faces"
    faces = (client.soap, client.rest, client.kafka)
    assert [await face.submit(synchronize_time(first.identification), uid) for face in faces] == [uid] * 3
    once = await client.result(uid)
    assert (once["status"], once["attempt"]) == ("ok", 1)
    assert [await face.submit(synchronize_time(first.identification), uid) for face in faces] == [uid] * 3
    for face in (client.soap, client.rest):
        with pytest.raises(FaceRefused, match="CORRELATION_UID_REUSED"):
            await face.submit(synchronize_time(second.identification), uid)
    assert await client.result(uid) == once


@pytest.mark.parametrize("attribute", [("8", "0.0.1.0.0.255"), ("3", "1.0.1.8.0.255")])
async def test_any_attribute_can_be_read(client: Client, unused_meters: Meters, attribute: tuple[str, str]) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    class_id, obis = attribute
    request = {"class_id": int(class_id), "attribute": 2, "obis": obis}
    body = {"device_identification": meter.identification, "request": request}
    _, answer = await client.post("/v1/operations/GetSpecificAttributeValue", body)
    found = await client.result(answer["correlation_uid"])
    assert found["status"] == "ok", found
    assert found["response"]["value"].startswith("DataObject: Choice=")
