"""The core services: acknowledgements, results that are not there yet or read once, direct answers, samples."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from lxml import etree

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operations.set_device_lifecycle_status import SetDeviceLifecycleStatusResponse
from meterstream.contracts.shared.firmware_files import FirmwareFile, ModuleVersions
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.exchange import Exchanges
from meterstream.ws_adapter.soap.validation import Validator

Stack = Any
DEVICE = "E0000000000000001"
ENDPOINT = "/osgp-adapter-ws-core/common/deviceManagementService/"
COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
DMAN = "http://www.opensmartgridplatform.org/schemas/devicemanagement/2014/10"
FMAN = "http://www.opensmartgridplatform.org/schemas/common/firmwaremanagement/2014/10"
SAMPLE = "13-SetDeviceLifecycleStatus"
NOW = datetime(2025, 3, 14, tzinfo=UTC)


def canonical(raw: bytes) -> str:
    root = etree.fromstring(raw, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False).decode()


def uid_in(raw: bytes) -> str:
    found = re.search(rb"CorrelationUid>([^<]+)<", raw)
    assert found
    return found[1].decode()


async def post(client: aiohttp.ClientSession, raw: bytes) -> tuple[int, bytes]:
    async with client.post(ENDPOINT, data=raw, headers={"Content-Type": "text/xml; charset=utf-8"}) as response:
        return response.status, await response.read()


def envelope(body: str, namespace: str = DMAN) -> bytes:
    header = "".join(
        f"<c:{name}>{value}</c:{name}>"
        for name, value in (
            ("OrganisationIdentification", "DemoGridOrg"),
            ("UserName", "demo.operator"),
            ("ApplicationName", "DemoPortal"),
        )
    )
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="{COMMON}" xmlns="{namespace}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges(load_operations(), Codec(), UTC)


async def test_the_samples_request_is_acknowledged(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    status, answered = await post(client, samples(f"{SAMPLE}-1-request"))
    assert status == 200, answered
    (command,) = stack.domain.commands
    assert command.request.lifecycle_status is DeviceLifecycleStatus.IN_USE
    assert command.header.device_identification == DEVICE
    expected = samples(f"{SAMPLE}-2-acknowledgement")
    assert canonical(answered.replace(uid_in(answered).encode(), uid_in(expected).encode())) == canonical(expected)


async def test_a_result_is_not_found_before_it_is_there_and_after_it_was_read(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples(f"{SAMPLE}-3-retrieval")
    operation = load_operations()["SetDeviceLifecycleStatus"]
    command = build_command(
        operation,
        operation.examples[0],
        Caller("DemoGridOrg", "user", "application"),
        device=DEVICE,
        options=Options(correlation_uid=uid_in(retrieval)),
        now=datetime.now(UTC),
        random=uuid4(),
        reply_partition=0,
    )
    status, early = await post(client, retrieval)
    assert (status, b"<dman:Result>NOT FOUND</dman:Result><dman:Description/>" in early) == (200, True)
    await stack.domain.finish(command, response=SetDeviceLifecycleStatusResponse(recorded_at=NOW))
    status, answered = await post(client, retrieval)
    assert canonical(answered) == canonical(samples(f"{SAMPLE}-4-response"))
    status, late = await post(client, retrieval)
    assert (status, b"NOT FOUND" in late) == (200, True)


async def test_an_acknowledgement_may_lie_one_level_deeper(stack: Stack, client: aiohttp.ClientSession) -> None:
    asked = f"<DeviceIdentification>{DEVICE}</DeviceIdentification><Version>2.4</Version>"
    status, answered = await post(client, envelope(f"<SwitchFirmwareRequest>{asked}</SwitchFirmwareRequest>", FMAN))
    assert status == 200, answered
    body = etree.fromstring(answered)[0][0]
    assert Validator("core").violations(body) == []
    assert [etree.QName(child).localname for child in body] == ["AsyncResponse"]
    assert [(etree.QName(child).localname, child.text) for child in body[0]] == [
        ("CorrelationUid", stack.domain.commands[0].header.correlation_uid),
        ("DeviceId", DEVICE),
    ]
    uid, device = (
        f"<c:{name}>{body[0][place].text}</c:{name}>" for place, name in enumerate(["CorrelationUid", "DeviceId"])
    )
    asked = f"<SwitchFirmwareAsyncRequest><AsyncRequest>{uid}{device}</AsyncRequest></SwitchFirmwareAsyncRequest>"
    status, answered = await post(client, envelope(asked, FMAN))
    assert (status, b"NOT FOUND" in answered) == (200, True)


@pytest.mark.parametrize(
    ("local", "asked"),
    [
        (
            "SetDeviceAliasRequest",
            "<DeviceAlias>a</DeviceAlias>{}".replace("{}", "<DeviceOutputSettings>{}</DeviceOutputSettings>"),
        ),
        ("UpdateDeviceRequest", "<UpdatedDevice><OutputSettings>{}</OutputSettings></UpdatedDevice>"),
    ],
)
async def test_what_meters_do_not_have_is_refused(
    stack: Stack, client: aiohttp.ClientSession, local: str, asked: str
) -> None:
    relay = "<internalId>1</internalId><externalId>1</externalId><relayType>LIGHT</relayType>"
    device = f"<DeviceIdentification>{DEVICE}</DeviceIdentification>"
    status, answered = await post(client, envelope(f"<{local}>{device}{asked.format(relay)}</{local}>"))
    assert (status, b"OutputSettings: is not supported" in answered) == (500, True)
    assert stack.domain.commands == []


def test_a_direct_answer_names_its_command_where_the_schema_wants_it(exchanges: Exchanges) -> None:
    exchange = exchanges.of_operation["UpdateDevice"]
    response = load_operations()["UpdateDevice"].response.model_validate({"recorded_at": NOW})
    answered = exchange.respond(response, DEVICE, "A" * 20)
    assert Validator("core").violations(answered) == []
    assert [child.text for child in answered[0]] == ["A" * 20, DEVICE]


def test_files_are_base64(exchanges: Exchanges) -> None:
    exchange = exchanges.of_operation["FindFirmware"]
    firmware = FirmwareFile(number=7, module_versions=ModuleVersions(), file=b"\xff\x00?", image_identifier=b"id")
    answered = exchange.respond(load_operations()["FindFirmware"].response(firmware=firmware), None, "A" * 20)
    assert Validator("core").violations(answered) == []
    assert answered.findtext(f".//{{{FMAN}}}File") == "/wA/"
    asked = exchanges.of_operation["AddFirmware"]
    element = etree.fromstring(
        f'<AddFirmwareRequest xmlns="{FMAN}"><Firmware><Id>0</Id><PushToNewDevices>false</PushToNewDevices>'
        "<Active>true</Active><FirmwareModuleData/><File>/wA\n/</File></Firmware></AddFirmwareRequest>"
    )
    assert asked.read(element).request.firmware.file == b"\xff\x00?"  # type: ignore[attr-defined]  # of this operation


async def test_an_operation_has_a_place_in_two_services(stack: Stack, client: aiohttp.ClientSession) -> None:
    due = "2199-01-01T00:00:00Z"
    asked = (
        f"<DeviceIdentification>{DEVICE}</DeviceIdentification><FirmwareIdentification>DM-2.4</FirmwareIdentification>"
        f"<FirmwareModuleType>FUNCTIONAL</FirmwareModuleType><scheduled_time>{due}</scheduled_time>"
    )
    status, answered = await post(client, envelope(f"<UpdateFirmwareRequest>{asked}</UpdateFirmwareRequest>", FMAN))
    assert status == 200, answered
    (command,) = stack.domain.commands
    assert (command.operation.name, command.request.firmware_identification) == ("UpdateFirmware", "DM-2.4")
    assert command.header.schedule_time == datetime(2199, 1, 1, tzinfo=UTC)


def test_every_place_of_an_operation_fits_the_schema(exchanges: Exchanges) -> None:
    services = {exchange.request.service for exchange in exchanges.every if exchange.operation.name == "UpdateFirmware"}
    assert services == {"SmartMeteringConfiguration", "CoreFirmwareManagement"}
    assert all(exchange.uncovered() == [] for exchange in exchanges.every)
