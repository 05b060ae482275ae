"""Firmware that lies elsewhere reaches a meter: registered by URL and digest, fetched, checked, sent, activated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from https_files import FileServer

from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest
from meterstream.demo.client import Client
from meterstream.demo.faces import Submission
from meterstream.demo.fleet import DemoMeter

DEADLINE_S = 120.0
IMAGE = bytes(range(256)) * 20
MODEL = {"manufacturer": "SIM", "model_code": "FLEET"}


@pytest_asyncio.fixture
async def meter(client: Client, unused_meters: Callable[[int], list[DemoMeter]]) -> DemoMeter:
    """A meter whose model the registry knows."""
    (meter,) = unused_meters(1)
    await client.install([meter])
    for operation, request in (
        ("AddManufacturer", {"manufacturer": {"code": "SIM", "name": "Simulated"}}),
        ("AddDeviceModel", {"device_model": MODEL}),
    ):
        await client.post(f"/v1/operations/{operation}", {"request": request})  # another test may have added them
    return meter


async def register(client: Client, name: str, url: str, octets: bytes) -> None:
    file = {
        "identification": name,
        "device_models": [MODEL],
        "module_versions": {"active": "URL-1"},
        "image_identifier": b"URL-1".hex(),
        "url": url,
        "hash": hashlib.sha256(octets).hexdigest(),
    }
    status, answer = await client.post("/v1/operations/AddFirmware", {"request": {"firmware": file}})
    assert (status, answer["error"]) == (200, None), answer


async def update(client: Client, meter: DemoMeter, name: str) -> dict[str, Any]:
    request = UpdateFirmwareRequest(firmware_identification=name)
    uid = await client.rest.submit(Submission("UpdateFirmware", meter.identification, request))
    await client.watcher.wait_for([uid], DEADLINE_S)
    return await client.result(uid)


async def test_a_file_by_url_reaches_the_meter(client: Client, file_server: FileServer, meter: DemoMeter) -> None:
    file_server.files["/good.bin"] = IMAGE
    await register(client, "URL-GOOD", f"{file_server.base}/good.bin?signature=a%2Fb", IMAGE)
    result = await update(client, meter, "URL-GOOD")
    assert (result["status"], result["response"]) == ("ok", {"activates_at": None}), result
    assert file_server.asked.count("/good.bin?signature=a%2Fb") == 1


@pytest.mark.parametrize(
    ("path", "code"), [("/other.bin", "IMAGE_UNUSABLE"), ("/absent.bin", "IMAGE_UNUSABLE")], ids=["other file", "none"]
)
async def test_a_file_that_is_not_the_registered_one_reaches_no_meter(
    client: Client, file_server: FileServer, meter: DemoMeter, path: str, code: str
) -> None:
    file_server.files["/other.bin"] = IMAGE[::-1]
    name = f"URL{path}".replace("/", "-")
    await register(client, name, f"{file_server.base}{path}", b"registered" + path.encode())
    result = await update(client, meter, name)
    assert (result["status"], result["error"]["code"], result["meter_ms"]) == ("failed", code, 0)
