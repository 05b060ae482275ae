"""Requests that name a firmware file: what goes along with them, alone, in a bundle, and once more."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import error
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest

METER = "TEST1024000000001"
IMAGE = bytes(range(256)) * 4
SHA256 = hashlib.sha256(IMAGE).digest()
MBUS_FILE = bytes.fromhex(
    "534D5235002300110040001000000010000208019315FFFFFFFF500303000000000000404142434445464748494A4B4C4D4E4F"
    "00000000000000000000000000000000"
)
MODEL = {"manufacturer": "TST", "model_code": "T1"}
UPDATE = UpdateFirmwareRequest(firmware_identification="FW-1")


@pytest.fixture
async def registry(domain):
    """A meter of org-a, of model T1, and firmware for it."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await carry_out(domain, "AddManufacturer", manufacturer={"code": "TST", "name": "Testers"})
    for code in ("T1", "T2"):
        await carry_out(domain, "AddDeviceModel", device_model=MODEL | {"model_code": code})
    await of_model(domain, "T1")
    await add(domain)
    return domain


async def carry_out(domain, name, **request):
    result = await domain.carry_out(name, "root", None, **request)
    assert result.status is ResultStatus.OK, result.error


async def of_model(domain, code):
    model = "{}" if code is None else f'{{"manufacturer": "TST", "model_code": "{code}"}}'
    await domain.execute("update domain.devices set model = %s", model)


async def add(domain, **more):
    file = {
        "identification": "FW-1",
        "device_models": [MODEL],
        "module_versions": {},
        "file": IMAGE,
        "image_identifier": b"IMG-1",
    }
    await carry_out(domain, "AddOrChangeFirmware", firmware=file | more)


async def test_the_image_goes_along_with_the_request(registry):
    (request,) = (await registry.handle(registry.command(UPDATE))).requests()
    (image,) = request.header.images
    assert (image.firmware_identification, image.sha256, image.size) == ("FW-1", SHA256, len(IMAGE))
    assert (image.image_identifier, image.url) == (b"IMG-1", None)


async def test_a_redelivered_request_is_the_same_whatever_became_of_the_file(registry):
    message = registry.command(UPDATE)
    first = await registry.handle(message)
    await add(registry, file=b"another image", image_identifier=b"IMG-2")
    again = await registry.handle(message)
    lane = "dlms-requests-normal"
    assert [item for item in again.outgoing if item.topic == lane] == [
        item for item in first.outgoing if item.topic == lane
    ]


async def test_another_attempt_takes_the_file_as_it_is_then(registry):
    (request,) = (await registry.handle(registry.command(UPDATE))).requests()
    away = error("CONNECTION_TIMED_OUT", "away").to_record("PROTOCOL_DLMS")
    await registry.handle(registry.answer(request, error=away, retryable=True))
    await add(registry, file=b"another image", image_identifier=b"IMG-2")
    await registry.pass_time(hours=1)
    (request,) = (await registry.run_timers()).requests()
    assert (request.header.attempt, request.header.images[0].image_identifier) == (2, b"IMG-2")


@pytest.mark.parametrize(
    ("file", "model", "code"),
    [
        ({"identification": "FW-2"}, "T1", "UNKNOWN_FIRMWARE"),
        ({}, None, "UNKNOWN_DEVICEMODEL"),
        ({}, "T2", "FIRMWARE_DOES_NOT_SUPPORT_DEVICE_MODEL"),
        ({"file": MBUS_FILE}, "T1", "VALIDATION_ERROR"),
        ({"file": b"other"}, "T1", "VALIDATION_ERROR"),
    ],
    ids=["no such file", "a device without model", "another model", "a file for M-Bus devices", "no image identifier"],
)
async def test_a_file_that_is_not_for_the_device_is_refused(registry, file, model, code):
    if "identification" in file:
        await registry.execute("update domain.firmware_files set identification = 'FW-2'")
    elif file:
        await add(registry, image_identifier=None, **file)
    await of_model(registry, model)
    sent = await registry.handle(registry.command(UPDATE))
    (result,) = sent.results()
    assert (result.status, result.error.code, sent.requests()) == (ResultStatus.REJECTED, code, [])
    bundled = await registry.handle(registry.command(bundle(registry), uid="B" * 20))
    (request,) = bundled.requests()
    assert ([action.operation for action in request.request.actions], request.header.images) == (
        ["SynchronizeTime"],
        [],
    )
    (result,) = (await registry.handle(registry.answer(request, synchronized(registry)))).results()
    errors = [answer.error and answer.error.code for answer in result.response.answers]
    assert (result.status, errors) == (ResultStatus.OK, [None, code, code])


async def test_a_file_without_contents_is_not_available(registry):
    await registry.execute("update domain.firmware_files set sha256 = null")
    (result,) = (await registry.handle(registry.command(UPDATE))).results()
    assert (result.error.code, result.error.message) == ("UNKNOWN_FIRMWARE", "Firmware file 'FW-1' is not available.")


async def test_a_scheduled_update_is_checked_again_when_it_falls_due(registry):
    due = registry.clock.now + timedelta(hours=2)
    later = {"schedule_time": due, "expires_at": due + timedelta(hours=1)}
    assert (await registry.handle(registry.command(UPDATE, **later))).results() == []
    await registry.execute("delete from domain.firmware_files")
    await registry.pass_time(hours=2, seconds=1)
    (result,) = (await registry.run_timers()).results()
    assert result.error.code == "UNKNOWN_FIRMWARE"


def bundle(domain):
    requests = [("SynchronizeTime", SynchronizeTimeRequest()), ("UpdateFirmware", UPDATE), ("UpdateFirmware", UPDATE)]
    return BundleRequest(
        actions=[BundleAction(operation=name, request=domain.codec.encode(request)) for name, request in requests]
    )


def synchronized(domain):
    done = domain.codec.encode(SynchronizeTimeResponse(set_to=domain.clock.now))
    return BundleResponse(answers=[BundleAnswer(operation="SynchronizeTime", response=done)])


async def test_images_that_a_bundle_names_go_along_once(registry):
    (request,) = (await registry.handle(registry.command(bundle(registry)))).requests()
    assert [image.firmware_identification for image in request.header.images] == ["FW-1"]


async def mbus_device(domain, gateway):
    """Make the meter an M-Bus device behind `gateway`, of model T1."""
    await domain.install("TEST1024000000002", secret=5)
    await of_model(domain, "T1")
    change = "update domain.devices set is_mbus = true, gateway = %s, channel = 1 where device_identification = %s"
    await domain.execute(change, gateway, METER)


async def test_a_file_for_mbus_devices_goes_to_the_gateway(registry):
    await add(registry, file=MBUS_FILE, image_identifier=None)
    await mbus_device(registry, "TEST1024000000002")
    (request,) = (await registry.handle(registry.command(UPDATE))).requests()
    assert (request.header.gateway, request.header.channel) == ("TEST1024000000002", 1)
    assert (request.header.images[0].image_identifier, request.header.images[0].size) == (None, len(MBUS_FILE))


@pytest.mark.parametrize("gateway", [None, "removed"])
async def test_an_mbus_device_needs_a_gateway(registry, gateway):
    await add(registry, file=MBUS_FILE, image_identifier=None)
    await mbus_device(registry, gateway and "TEST1024000000002")
    if gateway is not None:
        await registry.remove("TEST1024000000002")
    (result,) = (await registry.handle(registry.command(UPDATE))).results()
    assert result.error.code == "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE"
