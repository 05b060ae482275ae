"""Files beside the JSON of a command: as they are, within bounds, and told what arrived."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operations.add_firmware import AddFirmwareResponse
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.openapi import build_openapi
from meterstream.ws_adapter.rest.uploads import octet_fields

FILE = bytes(range(256)) * 4000
MODEL = {"manufacturer": "SIM", "model_code": "FLEET"}
FIRMWARE = {"identification": "FW-1", "device_models": [MODEL], "module_versions": {}}
PATH = "/v1/operations/AddFirmware"
FIELD = "request.firmware.file"


def parts(command: Any, **octets: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    text = command if isinstance(command, bytes) else json.dumps(command).encode()
    form.add_field("command", text.decode(), content_type="application/json")
    for name, value in octets.items():
        form.add_field(name, io.BytesIO(value), filename="f.bin", content_type="application/octet-stream")
    return form


def asked(**more: Any) -> dict[str, Any]:
    return {"request": {"firmware": FIRMWARE | more}}


async def post(client: aiohttp.ClientSession, data: Any, path: str = PATH) -> tuple[int, dict[str, Any]]:
    async with client.post(path, data=data) as response:
        return response.status, await response.json(content_type=None)


async def test_a_file_arrives_as_it_is_and_is_told_by_its_digest(stack: Any, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = stack.domain.completing(AddFirmwareResponse(recorded_at=datetime(2026, 5, 1, tzinfo=UTC)))
    data = parts(asked(), **{FIELD: FILE, "request.firmware.image_identifier": b"IMG"})
    status, answer = await post(client, data)
    assert status == 200, answer
    (command,) = stack.domain.commands
    assert (command.request.firmware.file, command.request.firmware.image_identifier) == (FILE, b"IMG")
    assert answer["uploads"][FIELD] == {"octets": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()}


@pytest.mark.parametrize(
    ("data", "status", "code", "field"),
    [
        (lambda: parts(asked(), **{"request.firmware.description": b"x"}), 422, "VALIDATION_ERROR", "body"),
        (lambda: parts(asked(file="00"), **{FIELD: b"x"}), 422, "VALIDATION_ERROR", FIELD),
        (lambda: parts({"request": {}}, **{FIELD: b"x"}), 422, "VALIDATION_ERROR", "request.firmware"),
        (lambda: parts([], **{FIELD: b"x"}), 422, "VALIDATION_ERROR", "request.firmware"),
        (lambda: parts(b"{", **{FIELD: b"x"}), 400, "UNREADABLE_MESSAGE", "command"),
        (lambda: parts(asked(), **{FIELD: b""}), 422, "VALIDATION_ERROR", FIELD),
        (lambda: aiohttp.FormData({FIELD: "x"}, default_to_multipart=True), 422, "VALIDATION_ERROR", "command"),
    ],
)
async def test_parts_that_make_no_command_are_refused(
    stack: Any, client: aiohttp.ClientSession, data: Any, status: int, code: str, field: str
) -> None:
    found, problem = await post(client, data())
    assert (found, problem["code"], problem["field"]) == (status, code, field)
    assert stack.domain.commands == []


async def test_what_says_it_is_multipart_and_is_none(stack: Any, client: aiohttp.ClientSession) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        async with client.post(PATH, data=b"nothing of the kind", headers={"Content-Type": kind}) as response:
            problem = await response.json(content_type=None)
        assert (response.status, problem["code"]) in ((400, "UNREADABLE_MESSAGE"), (422, "VALIDATION_ERROR"))
    assert stack.domain.commands == []


async def test_all_parts_together_are_bounded(stack: Any, client: aiohttp.ClientSession) -> None:
    half = bytes(stack.settings.max_upload_bytes // 2 + 1)
    both = {FIELD: half, "request.firmware.image_identifier": half}
    status, problem = await post(client, parts(asked(), **both))
    assert (status, problem["code"]) == (413, "MESSAGE_TOO_LARGE")


async def test_a_part_comes_once(client: aiohttp.ClientSession) -> None:
    data = parts(asked(), **{FIELD: b"x"})
    data.add_field(FIELD, b"y", filename="f.bin")
    status, problem = await post(client, data)
    assert (status, problem["field"]) == (422, FIELD)


def test_the_fields_of_octets_are_found() -> None:
    request = load_operations()["AddFirmware"].request
    assert sorted(octet_fields(request, "request.")) == [FIELD, "request.firmware.image_identifier"]


def test_octets_within_lists_are_no_parts() -> None:
    request = load_operations()["SetActivityCalendar"].request
    assert list(octet_fields(request)) == ["activate_passive_calendar_time"]


def test_the_document_tells_of_the_parts(forms: Forms) -> None:
    document = build_openapi(forms.by_name)
    content = document["paths"][PATH]["post"]["requestBody"]["content"]["multipart/form-data"]
    parts_told = content["schema"]["properties"]
    assert sorted(parts_told) == ["command", FIELD, "request.firmware.image_identifier"]
    assert parts_told[FIELD]["format"] == "binary"
    reading = document["paths"]["/v1/operations/GetActualMeterReads"]["post"]["requestBody"]["content"]
    assert list(reading) == ["application/json"]
