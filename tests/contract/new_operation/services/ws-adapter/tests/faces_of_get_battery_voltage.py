"""GetBatteryVoltage on SOAP, REST and in the documents, with the fixtures that all operations are tested with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
from lxml import etree
from soap_messages import DEVICE, envelope

from meterstream.contracts.catalogue import find_operation

NAME = "GetBatteryVoltage"
BATTERY = "urn:example:meterstream:battery"
COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
ENDPOINT = "/osgp-adapter-ws-smartmetering/smartMetering/batteryService/"
READ_AT = datetime(2026, 3, 14, 10, 15, tzinfo=UTC)


def response() -> Any:
    return find_operation(NAME).response(lowest=Decimal("3.512"), read_at=READ_AT)


async def post(client: aiohttp.ClientSession, body: str) -> tuple[int, etree._Element]:
    async with client.post(ENDPOINT, data=envelope(body), headers={"Content-Type": "text/xml"}) as answer:
        return answer.status, etree.fromstring(await answer.read())[0][0]


def ask(samples: int) -> str:
    return (
        f'<b:GetBatteryVoltageRequest xmlns:b="{BATTERY}"><b:DeviceIdentification>{DEVICE}</b:DeviceIdentification>'
        f"<b:Samples>{samples}</b:Samples></b:GetBatteryVoltageRequest>"
    )


async def test_soap(stack: Any, client: aiohttp.ClientSession) -> None:
    status, acknowledged = await post(client, ask(3))
    assert (status, acknowledged.tag) == (200, f"{{{BATTERY}}}GetBatteryVoltageAsyncResponse")
    (command,) = stack.domain.commands
    assert (command.operation.name, command.request.samples) == (NAME, 3)
    await stack.domain.finish(command, response=response())
    uid = acknowledged.findtext(f"{{{COMMON}}}CorrelationUid")
    status, found = await post(
        client,
        f'<b:GetBatteryVoltageAsyncRequest xmlns:b="{BATTERY}" xmlns:c="{COMMON}"><c:DeviceIdentification>{DEVICE}'
        f"</c:DeviceIdentification><c:CorrelationUid>{uid}</c:CorrelationUid></b:GetBatteryVoltageAsyncRequest>",
    )
    told = [(etree.QName(child).localname, child.text) for child in found]
    assert (status, told) == (200, [("Result", "OK"), ("Lowest", "3.512"), ("ReadAt", "2026-03-14T10:15:00.000Z")])


async def test_soap_refuses_what_the_facts_refuse(stack: Any, client: aiohttp.ClientSession) -> None:
    status, fault = await post(client, ask(11))
    assert status == 500
    assert "cvc-maxInclusive-valid" in "".join(fault.itertext())
    assert "Samples" in "".join(fault.itertext())
    assert stack.domain.commands == []


async def test_its_service_is_described(client: aiohttp.ClientSession) -> None:
    async with client.get(ENDPOINT, params={"wsdl": ""}) as answer:
        description = await answer.text()
    assert 'name="GetBatteryVoltageResponse"' in description
    async with client.get(ENDPOINT, params={"xsd": "battery.xsd"}) as answer:
        assert b'name="Samples"' in await answer.read()


async def test_rest(stack: Any, client: aiohttp.ClientSession) -> None:
    for number, name in enumerate((NAME, "get-battery-voltage", "ReadBatteryVoltage")):
        body = {"device_identification": DEVICE, "request": {"samples": 2}}
        async with client.post(f"/v1/operations/{name}", json=body) as answer:
            assert answer.status == 202, await answer.text()
            where = answer.headers["Location"]
        command = stack.domain.commands[number]
        await stack.domain.finish(command, response=response())
        async with client.get(where) as answer:
            found = await answer.json()
        assert found["result"]["response"] == {"lowest": "3.512", "read_at": "2026-03-14T10:15:00Z"}
    async with client.post(f"/v1/operations/{NAME}", json={**body, "request": {"samples": 11}}) as answer:
        problem = await answer.json()
    assert (answer.status, problem["field"]) == (422, "request.samples")
    assert "less than or equal to 10" in problem["detail"]


async def test_an_action_of_a_bundle(stack: Any, client: aiohttp.ClientSession) -> None:
    actions = [{"operation": NAME, "request": {"samples": 4}}]
    body = {"device_identification": DEVICE, "request": {"actions": actions}}
    async with client.post("/v1/operations/Bundle", json=body) as answer:
        assert answer.status == 202, await answer.text()
    (action,) = stack.domain.commands[0].request.actions
    assert stack.codec.decode(action.request) == find_operation(NAME).request(samples=4)


async def test_documents(client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/openapi.json") as answer:
        document = json.loads(await answer.read())
    described = document["paths"][f"/v1/operations/{NAME}"]["post"]
    assert described["operationId"] == "get_battery_voltage"
    assert document["components"]["schemas"]["GetBatteryVoltageRequest"]["properties"]["samples"]["maximum"] == 10
    async with client.get("/v1/docs") as answer:
        assert f"/v1/operations/{NAME}" in await answer.text()
