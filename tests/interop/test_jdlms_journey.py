"""A meter that no one here wrote, registered as a device and read through the whole platform."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from meterstream.demo.client import Client
from meterstream.demo.commands import actual_reads, synchronize_time
from meterstream.demo.fleet import DemoMeter


class ForeignMeter(Protocol):
    """What the fixture `jdlms_meter` gives."""

    host: str
    port: int
    identification: str
    master_key: bytes
    authentication_key: bytes
    encryption_key: bytes


def as_device(meter: ForeignMeter) -> DemoMeter:
    return DemoMeter(
        number=0,
        identification=meter.identification,
        host=meter.host,
        port=meter.port,
        logical_id=1,
        protocol_name="DSMR",
        protocol_version="4.2.2",
        master_key=meter.master_key,
        authentication_key=meter.authentication_key,
        encryption_key=meter.encryption_key,
    )


async def test_a_foreign_meter_is_installed_set_and_read(client: Client, jdlms_meter: ForeignMeter) -> None:
    device = as_device(jdlms_meter)
    await client.install([device])
    for _ in range(2):  # its own counter begins anew on every connection
        clock = await client.result(await client.soap.submit(synchronize_time(device.identification)))
        assert clock["status"] == "ok", clock
        found = await client.result(await client.rest.submit(actual_reads(device.identification)))
        assert found["status"] == "ok", found
        imported = found["response"]["active_energy_import"]
        assert imported["unit"] == "KWH"
        assert Decimal(imported["value"]) > 0
