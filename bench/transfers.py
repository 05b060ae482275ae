"""What takes long on a slow line: ten days of a load profile, and a firmware image of 400 kB.

The whole platform, from REST to the meter and back; each answer of the meter takes 100 ms. The image goes in blocks of
the size that the meter asks for (216 octets), is verified and activated.

* `profile_10_days_s`: from the request to the result of the 960 rows of 15 minutes that a meter keeps;
* `firmware_400kb_s`, `firmware_400kb_cpu_ms`: from the request to the result, and the CPU that protocol-dlms took.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import uvloop

from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.add_device_model import AddDeviceModelRequest
from meterstream.contracts.operations.add_firmware import AddFirmwareRequest
from meterstream.contracts.operations.add_manufacturer import AddManufacturerRequest
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest
from meterstream.contracts.shared.device_models import Manufacturer, ModelEntry
from meterstream.contracts.shared.firmware_files import FirmwareFile, ModuleVersions
from meterstream.contracts.shared.periods import PeriodType
from meterstream.demo.client import Client, Platform, open_client
from meterstream.demo.commands import Installer
from meterstream.demo.faces import Submission
from meterstream.demo.fleet import FleetSettings, running_fleet
from meterstream.demo.receiver import running_receiver
from meterstream.demo.stack import Organisation, StackSettings, running_stack

ORGANISATION: Final = "BenchGrid"
DIRECTORY: Final = Path(".local") / "bench" / "transfers"
LINE_MS: Final = 100
ROWS: Final = 959
"""Of 960 that the meter keeps; one may be captured meanwhile."""
IMAGE_OCTETS: Final = 400 * 1024
DEADLINE_S: Final = 1200.0
_IDENTIFICATION: Final = "BENCH-FW-1"
_MODEL: Final = ModelEntry(manufacturer="SIM", model_code="FLEET")


async def carried_out(client: Client, operation: str, device: str, request: OperationRequest) -> tuple[float, Any]:
    """Seconds until the result, and the result. Raises: RuntimeError where it is none."""
    began = time.perf_counter()
    uid = await client.rest.submit(Submission(operation, device, request))
    await client.watcher.wait_for([uid], DEADLINE_S)
    elapsed = time.perf_counter() - began
    outcome = client.watcher.outcomes[uid]
    if outcome.error is not None:
        raise RuntimeError(f"{operation}: {outcome.error}")
    return elapsed, await client.result(uid)


async def registered(client: Client, operation: str, request: OperationRequest) -> None:
    """Carry out what concerns the registry alone."""
    body = {"request": request.model_dump(mode="json", exclude_none=True)}
    status, answer = await client.post(f"/v1/operations/{operation}", body)
    if status != 200 or answer.get("error"):
        raise RuntimeError(f"{operation}: {status} {answer}")


async def measure(platform: Platform) -> dict[str, float]:
    """One meter, read and updated."""
    service = platform.stack.services["protocol-dlms-0"]
    meter = platform.fleet.meter(1)
    now = datetime.now(UTC)  # the meter keeps ten days and no more
    ten_days = GetPeriodicMeterReadsRequest(
        period_type=PeriodType.INTERVAL, begin_date=now - timedelta(days=10), end_date=now
    )
    async with open_client(platform, ORGANISATION) as client:
        await client.install([meter])
        profile_s, found = await carried_out(client, "GetPeriodicMeterReads", meter.identification, ten_days)
        rows = len(found["response"]["meter_reads"])
        if rows < ROWS:
            raise RuntimeError(f"{rows} rows instead of {ROWS}")
        await registered(
            client, "AddManufacturer", AddManufacturerRequest(manufacturer=Manufacturer(code="SIM", name="Simulated"))
        )
        await registered(client, "AddDeviceModel", AddDeviceModelRequest(device_model=_MODEL))
        file = FirmwareFile(
            identification=_IDENTIFICATION,
            file_name="image.bin",
            device_models=[_MODEL],
            module_versions=ModuleVersions(active="1"),
            file=os.urandom(IMAGE_OCTETS),
            image_identifier=b"bench image",
        )
        await registered(client, "AddFirmware", AddFirmwareRequest(firmware=file))
        cpu = service.cpu_seconds()
        update = UpdateFirmwareRequest(firmware_identification=_IDENTIFICATION)
        firmware_s, _ = await carried_out(client, "UpdateFirmware", meter.identification, update)
        cpu = service.cpu_seconds() - cpu
    return {"profile_10_days_s": profile_s, "firmware_400kb_s": firmware_s, "firmware_400kb_cpu_ms": cpu * 1000}


def run() -> dict[str, float]:
    """Seconds and CPU of long transfers."""
    arguments = (f"--delay-ms={LINE_MS}", "--delay-per=answer", "--image=activate_ms=1000", "--image=restart_ms=1000")
    directory = DIRECTORY.resolve()
    settings = StackSettings(
        directory=directory / "stack",
        organisations=(Organisation(ORGANISATION, admin=True),),
        device_partitions=2,
        spread_partitions=1,
        environment={
            "METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S": "0",
            "METERSTREAM_LOG__LEVEL": "WARNING",
            "METERSTREAM_DELIVERY__ALLOW_PRIVATE_TARGETS": "true",
        },
    )
    with (
        running_fleet(FleetSettings(directory / "fleet", 2, "transfers", arguments=arguments)) as fleet,
        running_receiver() as receiver,
        running_stack(settings) as stack,
    ):
        return uvloop.run(measure(Platform(stack, fleet, receiver, Installer(stack.keys / "rsa-public.pem"))))
