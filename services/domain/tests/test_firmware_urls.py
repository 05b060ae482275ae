"""Firmware files that lie elsewhere: registered by URL and digest, named to whoever sends them to a meter."""

from __future__ import annotations

import hashlib

import pytest
from pydantic import ValidationError

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest
from meterstream.contracts.shared.firmware_files import FirmwareFile

MODEL = {"manufacturer": "TST", "model_code": "T1"}
IMAGE = bytes(range(256)) * 4
SHA256 = hashlib.sha256(IMAGE).digest()
URL = "https://files.example.org/fw%20.bin?X-Amz-Signature=secret"
UPDATE = UpdateFirmwareRequest(firmware_identification="FW-1")


@pytest.fixture
async def registry(domain):
    """A meter of org-a, of model T1; root administers."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await carry_out(domain, "AddManufacturer", manufacturer={"code": "TST", "name": "Testers"})
    await carry_out(domain, "AddDeviceModel", device_model=MODEL)
    await domain.execute('update domain.devices set model = \'{"manufacturer": "TST", "model_code": "T1"}\'')
    return domain


async def carry_out(domain, name, **request):
    result = await domain.carry_out(name, "root", None, **request)
    assert result.status is ResultStatus.OK, result.error
    return result.response


def file(**more):
    named = {"identification": "FW-1", "device_models": [MODEL], "module_versions": {}, "image_identifier": b"IMG-1"}
    return named | {"url": URL, "hash": SHA256.hex()} | more


async def image_sent(registry, uid="update-000000000000001"):
    (request,) = (await registry.handle(registry.command(UPDATE, uid=uid))).requests()
    return request.header.images[0]


async def test_url_and_digest_go_along_with_the_request(registry):
    await carry_out(registry, "AddFirmware", firmware=file(size=len(IMAGE)))
    image = await image_sent(registry)
    assert (image.url, image.sha256, image.size, image.image_identifier) == (URL, SHA256, len(IMAGE), b"IMG-1")
    assert "secret" not in repr(image)
    assert await registry.rows("select * from domain.firmware_contents") == []


async def test_a_size_need_not_be_known(registry):
    await carry_out(registry, "AddFirmware", firmware=file())
    assert (await image_sent(registry)).size == 0


async def test_nobody_is_told_the_signature_of_a_url(registry):
    await carry_out(registry, "AddFirmware", firmware=file())
    (found,) = (await carry_out(registry, "FindAllFirmwares", **MODEL)).firmwares
    assert (found.url, found.hash, found.file) == ("https://files.example.org/fw%20.bin", SHA256.hex(), None)
    assert (await carry_out(registry, "FindFirmware", number=found.number)).firmware.url == found.url


async def test_a_url_that_ran_out_is_replaced(registry):
    await carry_out(registry, "AddFirmware", firmware=file(size=len(IMAGE)))
    named = file(url="https://files.example.org/anew", image_identifier=None)
    await carry_out(registry, "AddOrChangeFirmware", firmware=named)
    image = await image_sent(registry)
    assert (image.url, image.size, image.image_identifier) == (named["url"], 0, b"IMG-1")
    said = {"identification": "FW-1", "device_models": [MODEL], "module_versions": {}}
    await carry_out(registry, "AddOrChangeFirmware", firmware=said)
    assert (await image_sent(registry, "update-000000000000002")).url == named["url"]


async def test_octets_take_the_place_of_a_url_and_a_url_that_of_octets(registry):
    await carry_out(registry, "AddFirmware", firmware=file())
    await carry_out(registry, "AddOrChangeFirmware", firmware=file(url=None, file=IMAGE))
    image = await image_sent(registry)
    assert (image.url, image.size) == (None, len(IMAGE))
    (row,) = await registry.rows("select is_mbus, url, size, contents is not null from domain.firmware_files")
    assert row == (False, None, None, True)
    await carry_out(registry, "AddOrChangeFirmware", firmware=file())
    assert (await image_sent(registry, "update-000000000000002")).url == URL
    assert (await registry.rows("select is_mbus, contents from domain.firmware_files")) == [(None, None)]


async def test_a_meter_needs_the_identifier_of_a_file_that_lies_elsewhere(registry):
    await carry_out(registry, "AddFirmware", firmware=file(image_identifier=None))
    (result,) = (await registry.handle(registry.command(UPDATE))).results()
    assert (result.status, result.error.code) == (ResultStatus.REJECTED, "VALIDATION_ERROR")


async def test_a_size_that_is_not_that_of_the_octets_is_refused(registry):
    result = await registry.carry_out("AddFirmware", "root", None, firmware=file(url=None, file=IMAGE, size=5))
    assert (result.error.code, result.error.details["field"]) == ("VALIDATION_ERROR", "request.firmware.size")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"file": IMAGE}, "exclude each other"),
        ({"hash": None}, "url needs hash"),
        ({"hash_type": "MD5", "hash": "ab" * 16}, "url needs hash"),
        ({"hash": "ab" * 33}, "at most 64"),
        ({"url": "ftp://files.example.org/fw"}, "pattern"),
        ({"url": "https://user:word@files.example.org/fw"}, "pattern"),
        ({"url": "https://files.example.org/f w"}, "pattern"),
        ({"url": "https://files.example.org/" + "f" * 4000}, "4000"),
        ({"size": 0}, "greater"),
    ],
)
def test_a_file_that_nobody_could_fetch_is_refused(change, rule):
    with pytest.raises(ValidationError, match=rule) as caught:
        FirmwareFile.model_validate(file(**change))
    assert "secret" not in str(caught.value.errors(include_input=False, include_url=False))


@pytest.mark.parametrize("spelled", ["SHA256", "sha-256", None])
def test_leading_zeros_of_a_digest_may_be_missing(spelled):
    found = FirmwareFile.model_validate(file(hash="0" * 8 + "ab", hash_type=spelled))
    assert found.hash == "0" * 8 + "ab"
