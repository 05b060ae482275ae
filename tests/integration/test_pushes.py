"""An alarm on its way from a meter's push to whoever it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lxml import etree

from meterstream.demo.client import Client, eventually
from meterstream.demo.faces import COMMON, SOAP
from meterstream.demo.fleet import DemoMeter
from meterstream.dlms.data import LogicalName
from meterstream.simulator.push import notification_push, standard_values

MONITORING = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-monitoring/2014/10"
SERVICE = "/osgp-adapter-ws-smartmetering/smartMetering/monitoringService/"
ALARM = LogicalName.parse("0.1.25.9.0.255")
POWER_UP_AND_FRAUD = 0x2004
Meters = Callable[[int], list[DemoMeter]]


async def push(port: int, octets: bytes) -> None:
    """As a meter does: a connection, the push, the end; the platform ends its side once it has kept the push."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    await writer.wait_closed()


async def retrieve(client: Client, uid: str) -> tuple[int, etree._Element]:
    """RetrievePushNotificationAlarm over SOAP."""
    envelope = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:c="{COMMON}" xmlns:m="{MONITORING}"><s:Header>'
        f"<c:OrganisationIdentification>{client.organisation}</c:OrganisationIdentification>"
        "<c:UserName>u</c:UserName><c:ApplicationName>a</c:ApplicationName></s:Header><s:Body>"
        f"<m:RetrievePushNotificationAlarmRequest><m:CorrelationUid>{uid}</m:CorrelationUid>"
        "</m:RetrievePushNotificationAlarmRequest></s:Body></s:Envelope>"
    )
    async with client.session.post(client.base + SERVICE, data=envelope.encode()) as response:
        return response.status, etree.fromstring(await response.read())


async def test_an_alarm_reaches_the_owner_and_nobody_else(
    client: Client, stranger: Client, unused_meters: Meters, push_port: int
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    identification = meter.identification.encode()
    await push(push_port, notification_push(standard_values(identification, ALARM, (POWER_UP_AND_FRAUD,))))

    async def told() -> bytes | None:
        bodies = client.platform.receiver.bodies("/soap", meter.identification)
        return next((one.body for one in bodies if b"PUSH_NOTIFICATION_ALARM" in one.body), None)

    notice = etree.fromstring(await eventually(told))
    uid = next(one.text for one in notice.iter() if etree.QName(one).localname == "correlationUid")
    assert uid

    status, answered = await retrieve(client, uid)
    found = [one.text for one in answered.iter() if etree.QName(one).localname == "AlarmTypes"]
    assert (status, found) == (200, ["POWER_UP", "FRAUD_ATTEMPT"])
    status, refused = await retrieve(stranger, uid)
    assert (status, refused.findtext(".//{*}Code")) == (500, "405")

    async with client.session.get(f"{client.base}/v1/devices/{meter.identification}/events") as response:
        listed = await response.json()
    assert "ALARM_NOTIFICATION" in [one["event_type"] for one in listed["events"]]
