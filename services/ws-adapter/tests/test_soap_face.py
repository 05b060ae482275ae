"""Headers, faults, order of checks and retrieval over SOAP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from lxml import etree

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import State, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_devices import DeviceSummary, GetDevicesResponse
from meterstream.contracts.operations.get_specific_attribute_value import GetSpecificAttributeValueResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.validation import Validator

Stack = Any
DEVICE = "E0000000000000001"
ENDPOINT = "/osgp-adapter-ws-smartmetering/smartMetering/adhocService/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
SCHEMAS = "http://www.opensmartgridplatform.org/schemas/smartmetering"
MANDATORY = {"OrganisationIdentification": "DemoGridOrg", "UserName": "operator", "ApplicationName": "Portal"}
SYNCHRONISE = (
    f'<a:SynchronizeTimeRequest xmlns:a="{SCHEMAS}/sm-adhoc/2014/10"><a:DeviceIdentification>{DEVICE}'
    "</a:DeviceIdentification><a:SynchronizeTimeRequestData><a:TimeZone>Europe/Amsterdam</a:TimeZone>"
    "</a:SynchronizeTimeRequestData></a:SynchronizeTimeRequest>"
)
BUNDLE = (
    f'<b:BundleRequest xmlns:b="{SCHEMAS}/sm-bundle/2014/10"><b:DeviceIdentification>{DEVICE}</b:DeviceIdentification>'
    "<b:Actions><b:GetActualMeterReadsRequest/></b:Actions></b:BundleRequest>"
)
ADD = (
    f'<i:AddDeviceRequest xmlns:i="{SCHEMAS}/sm-installation/2014/10"><i:Device><i:Device_Identification>{DEVICE}'
    "</i:Device_Identification><i:Delivery_date>2025-02-03T09:30:00</i:Delivery_date>"
    "<i:ChallengeLength>16</i:ChallengeLength></i:Device><i:DeviceModel><i:Manufacturer>DEM</i:Manufacturer>"
    "</i:DeviceModel><i:overwrite>false</i:overwrite></i:AddDeviceRequest>"
)


def envelope(body: str, headers: dict[str, str] | None = None, namespace: str = COMMON, **more: str) -> bytes:
    """A request with the mandatory headers and more."""
    wanted = {**MANDATORY, **more} if headers is None else headers
    spelled = "".join(f'<h:{name} xmlns:h="{namespace}">{value}</h:{name}>' for name, value in wanted.items())
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{spelled}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()


async def post(client: aiohttp.ClientSession, raw: bytes, path: str = ENDPOINT) -> tuple[int, str]:
    async with client.post(path, data=raw, headers={"Content-Type": "text/xml"}) as response:
        return response.status, (await response.read()).decode()


def text_of(name: str, answered: str) -> str:
    found = re.search(rf"{name}(?: [^>]*)?>([^<]*)<", answered)
    assert found, answered
    return found[1]


# Headers


async def test_headers_are_known_by_local_name_and_the_first_counts(
    stack: Stack, client: aiohttp.ClientSession
) -> None:
    raw = envelope(SYNCHRONISE, namespace="http://www.opensmartgridplatform.org/schemas/common")
    raw = raw.replace(b"</s:Header>", b"<UserName>second</UserName></s:Header>")
    status, _ = await post(client, raw)
    assert status == 200
    assert stack.domain.commands[0].header.user == "operator"


@pytest.mark.parametrize("missing", list(MANDATORY))
@pytest.mark.parametrize("empty", [True, False])
async def test_a_mandatory_header_that_is_missing_or_empty(
    client: aiohttp.ClientSession, missing: str, empty: bool
) -> None:
    headers = {**MANDATORY, missing: ""} if empty else {k: v for k, v in MANDATORY.items() if k != missing}
    status, answered = await post(client, envelope(SYNCHRONISE, headers))
    assert status == 500
    assert text_of("faultstring", answered) == f'{missing} Soap Header is ""'
    assert text_of("faultcode", answered) == "soapenv:Server"
    assert "<detail" not in answered


@pytest.mark.parametrize(("given", "taken"), [("-5", 0), ("12", 9), ("7", 7), (None, 4)])
async def test_priority_is_held_within_its_bounds(
    stack: Stack, client: aiohttp.ClientSession, given: str | None, taken: int
) -> None:
    await post(client, envelope(SYNCHRONISE, **({} if given is None else {"MessagePriority": given})))
    assert stack.domain.commands[0].header.priority == taken


@pytest.mark.parametrize("name", ["MessagePriority", "ScheduleTime"])
async def test_a_number_that_is_none(stack: Stack, client: aiohttp.ClientSession, name: str) -> None:
    wrong = {name: "2025-03-14T10:00:00Z"}
    status, answered = await post(client, envelope(SYNCHRONISE, **wrong))
    assert status == 500
    assert "2025-03-14T10:00:00Z" in text_of("faultstring", answered)
    assert "<detail" not in answered
    status, answered = await post(client, envelope(ADD, **wrong))
    assert (status, "TechnicalFault>" in answered) == (500, True)
    status, _ = await post(client, envelope(BUNDLE, **wrong))
    assert status == 200
    (command,) = stack.domain.commands
    assert (command.header.priority, command.header.schedule_time) == (0, None)


async def test_schedule_and_latest_moment(stack: Stack, client: aiohttp.ClientSession) -> None:
    due = datetime(2099, 1, 1, tzinfo=UTC)
    latest = due + timedelta(hours=2)
    times = {
        "ScheduleTime": str(int(due.timestamp() * 1000)),
        "MaxScheduleTime": str(int(latest.timestamp() * 1000)),
    }
    await post(client, envelope(BUNDLE, **times))
    await post(client, envelope(SYNCHRONISE, **times))
    bundle, single = (command.header for command in stack.domain.commands)
    assert (bundle.schedule_time, bundle.expires_at) == (due, latest)
    assert (single.schedule_time, single.expires_at) == (due, due + timedelta(hours=24))
    status, answered = await post(client, envelope(SYNCHRONISE, ScheduleTime="9" * 18))
    assert (status, "ScheduleTime" in text_of("faultstring", answered)) == (500, True)


@pytest.mark.parametrize(("given", "taken"), [("true", True), ("TRUE", True), ("1", False), ("yes", False)])
async def test_bypass_is_the_word_true(stack: Stack, client: aiohttp.ClientSession, given: str, taken: bool) -> None:
    await post(client, envelope(SYNCHRONISE, BypassRetry=given))
    assert stack.domain.commands[0].header.bypass_retry is taken


async def test_the_client_may_choose_the_uid(stack: Stack, client: aiohttp.ClientSession) -> None:
    uid = "client-chosen-0123456789"
    _, answered = await post(client, envelope(SYNCHRONISE, CorrelationUid=uid))
    assert text_of("CorrelationUid", answered) == uid
    status, answered = await post(client, envelope(SYNCHRONISE, CorrelationUid="short"))
    assert (status, text_of("Code", answered)) == (500, "401")
    assert text_of("InnerMessage", answered).startswith("CorrelationUid: ")
    assert len(stack.domain.commands) == 1


async def test_headers_that_break_the_commands_rules_are_named(client: aiohttp.ClientSession) -> None:
    for name, value in (("ResponseUrl", "ftp://example.org"), ("ApplicationName", "x" * 41)):
        status, answered = await post(client, envelope(SYNCHRONISE, **{name: value}))
        assert (status, text_of("Code", answered), text_of("Message", answered)) == (500, "401", "VALIDATION_ERROR")
        assert text_of("InnerMessage", answered).startswith(f"{name}: ")


async def test_a_header_that_must_be_understood(client: aiohttp.ClientSession) -> None:
    raw = envelope(SYNCHRONISE).replace(b"<h:UserName ", b'<h:UserName s:mustUnderstand="1" ')
    status, answered = await post(client, raw)
    assert (status, text_of("faultcode", answered)) == (500, "soapenv:MustUnderstand")


# Who calls


async def test_the_certificate_must_belong_to_the_organisation(
    stack: Stack, client: aiohttp.ClientSession, other_client: aiohttp.ClientSession
) -> None:
    status, answered = await post(other_client, envelope(SYNCHRONISE))
    assert status == 500
    sentence = "Client certificate is untrusted or invalid for organisation [DemoGridOrg]"
    assert text_of("faultstring", answered) == sentence
    assert "<detail" not in answered
    assert stack.domain.commands == []


async def test_an_unknown_and_a_disabled_organisation(stack: Stack) -> None:
    for name, code in (("Nobody", "101"), ("Shut", "104")):
        if name == "Shut":
            record = stack.organisations.admit("DemoGridOrg").model_copy(
                update={"organisation": "Shut", "enabled": False}
            )
            stack.organisations.apply("Shut", record)
        headers = stack.as_organisation(name)
        async with aiohttp.ClientSession(stack.base, headers=headers) as session:
            status, answered = await post(session, envelope(SYNCHRONISE, OrganisationIdentification=name))
        assert (status, text_of("Code", answered)) == (500, code)
        assert text_of("Component", answered) == "WS_SMART_METERING"


async def test_the_order_of_the_checks(stack: Stack, other_client: aiohttp.ClientSession) -> None:
    """Each request breaks the rule under test and all that come later."""
    invalid = SYNCHRONISE.replace(DEVICE, "E1")
    unknown = invalid.replace("SynchronizeTimeRequest", "LevitateRequest")
    status, _ = await post(other_client, envelope(unknown, {"OrganisationIdentification": "Nobody"}))
    assert status == 404
    status, answered = await post(other_client, envelope(invalid, {"OrganisationIdentification": "Nobody"}))
    assert text_of("faultstring", answered) == 'UserName Soap Header is ""'
    status, answered = await post(other_client, envelope(invalid, OrganisationIdentification="Nobody"))
    assert "certificate" in text_of("faultstring", answered)
    async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("Nobody")) as nobody:
        status, answered = await post(nobody, envelope(invalid, OrganisationIdentification="Nobody"))
        assert text_of("faultstring", answered) == "Validation error"
        status, answered = await post(nobody, envelope(SYNCHRONISE, OrganisationIdentification="Nobody"))
        assert text_of("Code", answered) == "101"
    assert stack.domain.commands == []


# Bodies


@pytest.mark.parametrize(
    ("broken", "replaced", "code"),
    [
        (DEVICE, "E1", "cvc-minLength-valid"),
        (DEVICE, "E_000000000000000001", "cvc-pattern-valid"),
        ("<a:TimeZone>Europe/Amsterdam</a:TimeZone>", "", "cvc-complex-type.2.4"),
        ("<a:TimeZone>", "<a:Zone/><a:TimeZone>", "cvc-complex-type.2.4"),
        ("<a:SynchronizeTimeRequestData>", '<a:SynchronizeTimeRequestData x="1">', "cvc-complex-type.3.2.1"),
    ],
)
async def test_a_body_that_breaks_the_schema(
    client: aiohttp.ClientSession, broken: str, replaced: str, code: str
) -> None:
    status, answered = await post(client, envelope(SYNCHRONISE.replace(broken, replaced)))
    assert (status, text_of("faultcode", answered)) == (500, "soapenv:Client")
    assert text_of("faultstring", answered) == "Validation error"
    assert text_of("ValidationError", answered).startswith(f"{code}: ")
    assert 'xmlns:sws="http://springframework.org/spring-ws"' in answered


async def test_every_violation_is_told_and_no_key_is_repeated(client: aiohttp.ClientSession) -> None:
    wrong = ADD.replace(
        "<i:Delivery_date>", "<i:Master_key>0011223344556677889</i:Master_key><i:Delivery_date>"
    ).replace(">16<", ">many<")
    status, answered = await post(client, envelope(wrong))
    assert status == 500
    assert answered.count("</sws:ValidationError>") == 2
    assert "0011223344556677889" not in answered


async def test_rules_beyond_the_schema(stack: Stack, client: aiohttp.ClientSession) -> None:
    status, answered = await post(client, envelope(SYNCHRONISE.replace("Europe/Amsterdam", "Mars")))
    assert (status, text_of("Code", answered), text_of("Component", answered)) == (500, "401", "WS_SMART_METERING")
    assert text_of("InnerMessage", answered) == "TimeZone: is no IANA time zone"
    for device in ("E" * 41, "E000 000000000001"):
        status, answered = await post(client, envelope(SYNCHRONISE.replace(DEVICE, device)))
        assert (status, "<detail" in answered) == (500, False)
        assert "Device identification" in text_of("faultstring", answered)
    absent = ADD.replace(f"<i:Device_Identification>{DEVICE}</i:Device_Identification>", "")
    status, answered = await post(client, envelope(absent))
    assert (status, text_of("Code", answered)) == (500, "401")
    assert stack.domain.commands == []


async def test_a_time_without_offset_is_taken_in_the_configured_zone(
    stack: Stack, client: aiohttp.ClientSession
) -> None:
    status, _ = await post(client, envelope(ADD))
    assert status == 200
    assert stack.domain.commands[0].request.device.delivery_date == datetime(2025, 2, 3, 9, 30, tzinfo=UTC)


async def test_an_operation_of_the_schemas_that_the_catalogue_lacks(
    build_stack: Callable[..., Stack], http_settings: Any
) -> None:
    known = {name: operation for name, operation in load_operations().items() if name != "ReadAlarmRegister"}
    narrower = build_stack(http_settings, catalogue=known)
    body = (
        f'<m:ReadAlarmRegisterRequest xmlns:m="{SCHEMAS}/sm-monitoring/2014/10"><m:DeviceIdentification>{DEVICE}'
        "</m:DeviceIdentification></m:ReadAlarmRegisterRequest>"
    )
    await narrower.listener.start()
    async with aiohttp.ClientSession(narrower.base, headers=narrower.as_organisation("DemoGridOrg")) as session:
        status, answered = await post(session, envelope(body))
    await narrower.listener.stop()
    assert (status, text_of("Code", answered)) == (500, "407")


# Verdicts


async def test_a_rejection_without_number_is_a_technical_fault(stack: Stack, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = stack.domain.rejecting(error("CORRELATION_UID_REUSED", "another request has this uid"))
    status, answered = await post(client, envelope(SYNCHRONISE))
    assert status == 500
    assert "TechnicalFault>" in answered
    assert text_of("InnerException", answered) == "CORRELATION_UID_REUSED"


async def test_an_outage_is_a_technical_fault(stack: Stack, client: aiohttp.ClientSession) -> None:
    stack.domain.outage = True
    status, answered = await post(client, envelope(SYNCHRONISE))
    assert (status, text_of("InnerException", answered)) == (500, "NOT_READY")


async def test_without_a_verdict_the_command_is_acknowledged(stack: Stack, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = lambda _: None
    status, answered = await post(client, envelope(SYNCHRONISE))
    assert (status, text_of("CorrelationUid", answered)) == (200, stack.domain.commands[0].header.correlation_uid)


async def test_get_devices_answers_at_once(stack: Stack, client: aiohttp.ClientSession) -> None:
    device = DeviceSummary(
        device_uid="1",
        device_identification=DEVICE,
        device_type="SMART_METER_E",
        activated=True,
        has_schedule=False,
        public_key_present=False,
    )
    stack.domain.answer = stack.domain.completing(GetDevicesResponse(total_pages=1, devices=[device, device]))
    body = f'<m:GetDevicesRequest xmlns:m="{SCHEMAS}/sm-management/2014/10"><m:Page>0</m:Page></m:GetDevicesRequest>'
    status, answered = await post(client, envelope(body))
    assert status == 200
    assert answered.count(f"DeviceIdentification>{DEVICE}<") == 2
    assert stack.domain.commands[0].header.device_identification is None
    assert Validator("smartmetering").violations(etree.fromstring(answered.encode())[0][0]) == []


# Retrieval


def retrieval(uid: str, operation: str = "SynchronizeTime", service: str = "sm-adhoc") -> bytes:
    body = (
        f'<a:{operation}AsyncRequest xmlns:a="{SCHEMAS}/{service}/2014/10" xmlns:c="{COMMON}"><c:DeviceIdentification>'
        f"{DEVICE}</c:DeviceIdentification><c:CorrelationUid>{uid}</c:CorrelationUid></a:{operation}AsyncRequest>"
    )
    return envelope(body)


def sent(operation: str) -> Any:
    known = load_operations()[operation]
    return build_command(
        known,
        known.examples[0],
        Caller("DemoGridOrg", "user", "app"),
        device=DEVICE,
        options=Options(),
        now=datetime.now(UTC),
        random=uuid4(),
        reply_partition=0,
    )


async def test_a_retrieval_waits_for_the_result(
    stack: Stack, client: aiohttp.ClientSession, until: Callable[..., Any]
) -> None:
    command = sent("SynchronizeTime")
    await stack.domain.move(command, State.QUEUED)
    waiting = asyncio.create_task(post(client, retrieval(command.header.correlation_uid)))
    await until(lambda: stack.watchers.count)
    await stack.domain.finish(command, response=SynchronizeTimeResponse(set_to=datetime.now(UTC)))
    status, answered = await waiting
    assert (status, text_of("Result", answered)) == (200, "OK")


async def test_a_result_that_is_not_there_in_time(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = sent("SynchronizeTime")
    await stack.domain.move(command, State.QUEUED)
    status, answered = await post(client, retrieval(command.header.correlation_uid))
    assert (status, text_of("Code", answered)) == (500, "405")
    assert text_of("faultstring", answered) == "CorrelationUid is unknown."


async def test_a_uid_of_another_kind_of_request(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = sent("GetSpecificAttributeValue")
    await stack.domain.finish(command, response=GetSpecificAttributeValueResponse(value="visible-string: x"))
    for name, service in (("ActualMeterReads", "sm-monitoring"), ("SynchronizeTime", "sm-adhoc")):
        status, answered = await post(client, retrieval(command.header.correlation_uid, name, service))
        assert (status, text_of("Code", answered)) == (500, "401")
        sentence = "CorrelationUid does not match any data of the requested type."
        assert text_of("faultstring", answered) == sentence
    status, answered = await post(client, retrieval(command.header.correlation_uid, "GetSpecificAttributeValue"))
    assert (status, text_of("AttributeValueData", answered)) == (200, "visible-string: x")


async def test_a_failed_result_raises_the_fault_that_was_stored(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = sent("GetActualMeterReads")
    await stack.domain.finish(command, error=error("CONNECTION_REFUSED", "10.0.0.1:4059 refuses"))
    status, answered = await post(
        client, retrieval(command.header.correlation_uid, "ActualMeterReads", "sm-monitoring")
    )
    assert (status, text_of("Code", answered)) == (500, "225")
    assert text_of("Message", answered) == "CONNECTION_REFUSED"
    assert text_of("Component", answered) == "PROTOCOL_DLMS"
    assert text_of("InnerMessage", answered) == "10.0.0.1:4059 refuses"


async def test_text_of_a_meter_that_xml_does_not_have(stack: Stack, client: aiohttp.ClientSession) -> None:
    command = sent("GetSpecificAttributeValue")
    await stack.domain.finish(command, response=GetSpecificAttributeValueResponse(value="a\x01b<&\ud7ff"))
    status, answered = await post(client, retrieval(command.header.correlation_uid, "GetSpecificAttributeValue"))
    assert (status, text_of("AttributeValueData", answered)) == (200, "a\ufffdb&lt;&amp;\ud7ff")


# Transport


@pytest.mark.parametrize(
    "path",
    [
        "/osgp-adapter-ws-smartmetering/smartMetering/adHocService/",
        "/OSGP-adapter-ws-smartmetering/smartmetering/whatever",
        "/osgp-adapter-ws-smartmetering/",
    ],
)
async def test_the_path_below_the_context_root_does_not_matter(client: aiohttp.ClientSession, path: str) -> None:
    status, _ = await post(client, envelope(SYNCHRONISE), path)
    assert status == 200


async def test_descriptions_and_schemas_are_served(client: aiohttp.ClientSession, stack: Stack) -> None:
    for address in (f"{ENDPOINT}?wsdl", f"{ENDPOINT.lower()}?WSDL", f"{ENDPOINT}SmartMeteringAdhoc.wsdl"):
        async with client.get(address) as response:
            described = etree.fromstring(await response.read())
        (location,) = described.xpath("//*[local-name()='address']/@location")
        assert (response.status, location) == (200, f"{stack.base}{ENDPOINT}")
        for imported in described.xpath("//*[local-name()='import']/@schemaLocation"):
            async with client.get(ENDPOINT + imported) as response:
                assert response.status == 200
                assert etree.fromstring(await response.read()).tag.endswith("schema")
    async with client.get(f"{ENDPOINT}?xsd=common.xsd") as response:
        assert response.status == 200
    for method in ("GET", "PUT", "DELETE"):
        async with client.request(method, ENDPOINT) as response:
            assert response.status == 405


async def test_large_requests_leave_the_event_loop(
    build_stack: Callable[..., Stack], http_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from meterstream.ws_adapter.soap.receive import Receiver

    threads: list[bool] = []
    receive = Receiver.receive

    def noting(self: Receiver, raw: bytes, certificate_name: str) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return receive(self, raw, certificate_name)

    monkeypatch.setattr(Receiver, "receive", noting)
    stack = build_stack(http_settings, verdict_s=0.5)
    await stack.listener.start()
    many = BUNDLE.replace("<b:GetActualMeterReadsRequest/>", "<b:GetActualMeterReadsRequest/>" * 1000)
    async with aiohttp.ClientSession(stack.base, headers=stack.as_organisation("DemoGridOrg")) as session:
        assert (await post(session, envelope(many)))[0] == 200
        assert (await post(session, envelope(many + " " * 60_000)))[0] == 200
        assert (await post(session, envelope(SYNCHRONISE)))[0] == 200
        too_many = many.replace("<b:Actions>", "<b:Actions><b:GetActualMeterReadsRequest/>")
        status, answered = await post(session, envelope(too_many))
        assert (status, text_of("Code", answered)) == (500, "401")
        assert "at most 1000 actions" in answered
    await stack.listener.stop()
    assert threads == [True, False, True, True]
    assert len(stack.domain.commands[0].request.actions) == 1000


async def test_a_verdict_of_a_scheduled_command_is_acknowledged(stack: Stack, client: aiohttp.ClientSession) -> None:
    stack.domain.answer = lambda command: stack.domain.reply(command, Verdict.SCHEDULED)
    status, _ = await post(client, envelope(SYNCHRONISE, ScheduleTime="4102444800000"))
    assert status == 200
