"""Every sample message of the SOAP contract is accepted, or produced equivalently (canonical XML)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from lxml import etree

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operation import Command, Operation, OperationResponse
from meterstream.contracts.operations.add_device import AddDeviceResponse
from meterstream.contracts.operations.bundle import BundleAnswer, BundleResponse
from meterstream.contracts.operations.find_events import Event, EventLogCategory, FindEventsResponse
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsResponse
from meterstream.contracts.operations.get_periodic_meter_reads import (
    GetPeriodicMeterReadsResponse,
    PeriodicMeterReading,
)
from meterstream.contracts.operations.get_power_quality_profile import (
    GetPowerQualityProfileResponse,
    PowerQualityProfile,
)
from meterstream.contracts.operations.replace_keys import ReplaceKeysResponse
from meterstream.contracts.operations.set_activity_calendar import SetActivityCalendarResponse
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectResponse
from meterstream.contracts.operations.set_special_days import SetSpecialDaysResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.contracts.shared.configuration_object import GprsOperationMode
from meterstream.contracts.shared.event_types import EventType
from meterstream.contracts.shared.profiles import (
    CapturedColumn,
    CapturedValue,
    ColumnChoice,
    PowerQualityProfileType,
    ProfileRow,
)
from meterstream.contracts.shared.units import Unit
from meterstream.contracts.types import Quantity
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.validation import Validator

Stack = Any
DEVICE = "E0000000000000001"
ENDPOINT = "/osgp-adapter-ws-smartmetering/smartMetering/anyService/"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def canonical(raw: bytes) -> str:
    """Canonical form without the white space between elements."""
    root = etree.fromstring(raw, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False).decode()


def uid_in(raw: bytes) -> str:
    found = re.search(rb"orrelationUid>([^<]+)<", raw)
    assert found
    return found[1].decode()


async def post(client: aiohttp.ClientSession, raw: bytes, path: str = ENDPOINT) -> tuple[int, bytes]:
    async with client.post(path, data=raw, headers={"Content-Type": "text/xml; charset=utf-8"}) as response:
        return response.status, await response.read()


def kwh(value: str) -> Quantity:
    return Quantity(value=Decimal(value), unit="KWH")


def reads(minute: int) -> GetActualMeterReadsResponse:
    return GetActualMeterReadsResponse(
        log_time=datetime(2025, 3, 14, 10, minute, tzinfo=UTC),
        active_energy_import=kwh("18422.107"),
        active_energy_export=kwh("311.940"),
        active_energy_import_tariff_one=kwh("10020.551"),
        active_energy_import_tariff_two=kwh("8401.556"),
        active_energy_export_tariff_one=kwh("102.330"),
        active_energy_export_tariff_two=kwh("209.610"),
    )


def daily(day: int, one: str, two: str, *flags: str) -> PeriodicMeterReading:
    return PeriodicMeterReading(
        log_time=datetime(2025, 3, day, tzinfo=UTC),
        active_energy_import_tariff_one=kwh(one),
        active_energy_import_tariff_two=kwh(two),
        status=list(flags),
    )


def logged(timestamp: datetime, code: int, name: EventType) -> Event:
    return Event(timestamp=timestamp, code=code, event_type=name, category=EventLogCategory.STANDARD_EVENT_LOG)


def volts(minute: int, number: str) -> ProfileRow:
    captured = CapturedValue(moment=datetime(2025, 3, 13, 0, minute, tzinfo=UTC))
    return ProfileRow(values=[captured, CapturedValue(number=Decimal(number))])


RESPONSES: Mapping[str, OperationResponse] = {
    "01-AddDevice": AddDeviceResponse(revision=1),
    "02-SynchronizeTime": SynchronizeTimeResponse(set_to=datetime(2025, 3, 14, tzinfo=UTC)),
    "03-GetActualMeterReads": reads(15),
    "04-GetPeriodicMeterReads": GetPeriodicMeterReadsResponse(
        period_type="DAILY",
        meter_reads=[
            daily(11, "10000.000", "8390.000"),
            daily(12, "10004.250", "8394.250", "CLOCK_ADJUSTED", "DAYLIGHT_SAVING"),
            daily(13, "10008.500", "8398.500"),
        ],
    ),
    "05-FindEvents": FindEventsResponse(
        events=[
            logged(datetime(2025, 3, 2, 4, 11, 9, tzinfo=UTC), 1, EventType.POWER_FAILURE),
            logged(datetime(2025, 3, 2, 4, 12, 55, tzinfo=UTC), 2, EventType.POWER_RETURNED),
            Event(
                timestamp=datetime(2025, 3, 5, 12, tzinfo=UTC),
                code=71,
                event_type=EventType.METROLOGICAL_MAINTENANCE,
                category=EventLogCategory.COMMUNICATION_SESSION_LOG,
                counter=14,
            ),
        ]
    ),
    "06-SetSpecialDays": SetSpecialDaysResponse(),
    "07-SetActivityCalendar": SetActivityCalendarResponse(),
    "08-SetConfigurationObject": SetConfigurationObjectResponse(),
    "09-ReplaceKeys": ReplaceKeysResponse(),
    "11-GetPowerQualityProfile": GetPowerQualityProfileResponse(
        profiles=[
            PowerQualityProfile(
                logical_name="1.0.99.1.1.255",
                columns=[
                    CapturedColumn(class_id=8, logical_name="0.0.1.0.0.255", attribute=2),
                    CapturedColumn(class_id=3, logical_name="1.0.32.24.0.255", attribute=2, unit=Unit.V),
                ],
                rows=[volts(10, "229.7"), volts(20, "230.4")],
                profile_type=PowerQualityProfileType.PUBLIC,
            )
        ]
    ),
}


def command_of(operation: Operation, uid: str) -> Command:
    """A command of this operation, as if it had been sent under `uid`."""
    request = operation.examples[0] if operation.examples else operation.request.model_construct(actions=[])
    return build_command(
        operation,
        request,
        Caller("DemoGridOrg", "user", "application"),
        device=DEVICE,
        options=Options(correlation_uid=uid),
        now=datetime.now(UTC),
        random=uuid4(),
        reply_partition=0,
    )


@pytest.mark.parametrize("sample", list(RESPONSES))
async def test_request_and_acknowledgement(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes], sample: str
) -> None:
    status, answered = await post(client, samples(f"{sample}-1-request"))
    assert status == 200, answered
    (command,) = stack.domain.commands
    assert command.operation.name == sample[3:]
    expected = samples(f"{sample}-2-acknowledgement")
    assert uid_in(answered) == command.header.correlation_uid
    assert canonical(answered.replace(uid_in(answered).encode(), uid_in(expected).encode())) == canonical(expected)


@pytest.mark.parametrize("sample", list(RESPONSES))
async def test_retrieval_and_response(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes], sample: str
) -> None:
    retrieval = samples(f"{sample}-3-retrieval")
    command = command_of(load_operations()[sample[3:]], uid_in(retrieval))
    await stack.domain.finish(command, response=RESPONSES[sample])
    status, answered = await post(client, retrieval)
    assert status == 200, answered
    assert canonical(answered) == canonical(samples(f"{sample}-4-response"))


async def test_what_the_requests_ask(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    for sample in RESPONSES:
        await post(client, samples(f"{sample}-1-request"))
    add, synchronise, actual, periodic, events, days, calendar, configuration, keys, quality = stack.domain.commands
    device = add.request.device
    assert (device.time_zone, device.protocol_name, device.protocol_version) == ("Europe/Amsterdam", "SMR", "5.1")
    assert (len(device.master_key), device.master_key[:2]) == (256, b"\xe4\x22")
    assert device.delivery_date == datetime(2025, 2, 3, 8, 30, tzinfo=UTC)
    assert (device.hls5_active, device.lls1_active, device.with_list_max, device.port) == (True, False, 32, 4059)
    assert add.request.device_model.manufacturer == "DEM"
    assert add.header.device_identification == DEVICE
    assert (add.header.priority, add.header.response_url) == (6, "https://portal.example.org/callbacks/meters")
    assert (synchronise.header.priority, synchronise.header.bypass_retry) == (9, True)
    assert synchronise.header.schedule_time is None  # the sample's moment has passed: at once
    assert (synchronise.header.user, synchronise.header.application) == ("demo.operator", "DemoPortal")
    assert actual.header.priority == 4
    assert periodic.request.begin_date == datetime(2025, 3, 11, tzinfo=UTC)
    assert periodic.request.period_type == "DAILY"
    assert [log.category for log in events.request.logs] == ["STANDARD_EVENT_LOG", "COMMUNICATION_SESSION_LOG"]
    assert events.request.logs[1].end_date == datetime(2025, 3, 14, tzinfo=UTC)
    assert [(day.date.hex(), day.day_id) for day in days.request.special_days] == [("07e90c19ff", 2), ("ffff0101ff", 3)]
    (season,) = calendar.request.seasons
    assert (calendar.request.calendar_name, season.name, season.week.name) == ("CAL2025A", "1", "1")
    assert [day.day_id for day in season.week.days] == [0, 0, 0, 0, 0, 1, 1]
    assert [action.script_selector for action in season.week.monday.actions] == [1, 2, 1]
    assert [action.start_time[0] for action in season.week.monday.actions] == [0, 7, 23]
    wanted = configuration.request.configuration
    assert wanted.gprs_operation_mode is GprsOperationMode.ALWAYS_ON
    assert [(one.flag.value, one.enabled) for one in wanted.flags] == [
        ("DISCOVER_ON_OPEN_COVER", False),
        ("DISCOVER_ON_POWER_ON", True),
        ("HLS_5_ON_P3_ENABLE", True),
    ]
    assert keys.request.authentication_key.startswith(b"\x53\x7f")
    assert keys.request.encryption_key.startswith(b"\x70\x3d")
    assert "7f83" not in repr(keys.request).lower()
    assert "authentication" not in repr(keys.request)
    column = ColumnChoice(class_id=3, logical_name="1.0.32.24.0.255", attribute=2)
    assert quality.request.selected_values == [column]
    assert quality.request.profile_type is PowerQualityProfileType.PUBLIC


async def test_a_failed_result_without_a_reason_is_not_ok(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples("02-SynchronizeTime-3-retrieval")
    command = command_of(load_operations()["SynchronizeTime"], uid_in(retrieval))
    await stack.domain.finish(command, status=ResultStatus.FAILED)
    _, answered = await post(client, retrieval)
    assert canonical(answered) == canonical(samples("02-SynchronizeTime-5-response-not-ok"))


async def test_a_failed_result_with_a_reason_says_it_in_the_description(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples("02-SynchronizeTime-3-retrieval")
    command = command_of(load_operations()["SynchronizeTime"], uid_in(retrieval))
    await stack.domain.finish(command, error=error("CONNECTION_REFUSED", "10.0.0.1:4059 refuses"))
    status, answered = await post(client, retrieval)
    assert status == 200
    assert b"<adhoc:Description>CONNECTION_REFUSED: 10.0.0.1:4059 refuses</adhoc:Description>" in answered
    assert Validator("smartmetering").violations(etree.fromstring(answered)[0][0]) == []


# Bundle. The sample's words for a set clock are not those of the contract.


@pytest.fixture
def serve_catalogue(
    build_stack: Callable[..., Stack], http_settings: Any
) -> Callable[..., AbstractAsyncContextManager[tuple[Stack, aiohttp.ClientSession]]]:
    """A stack with operations of the test's choice, and a client of its."""

    @asynccontextmanager
    async def serve(catalogue: Mapping[str, Operation]) -> AsyncIterator[tuple[Stack, aiohttp.ClientSession]]:
        built = build_stack(http_settings, catalogue=catalogue)
        await built.listener.start()
        async with aiohttp.ClientSession(built.base, headers=built.as_organisation("DemoGridOrg")) as session:
            yield built, session
        await built.listener.stop()

    return serve


@pytest.fixture
async def reworded(serve_catalogue: Any) -> AsyncIterator[tuple[Stack, aiohttp.ClientSession]]:
    known = load_operations()
    synchronise = known["SynchronizeTime"]
    assert synchronise.soap is not None
    worded = replace(synchronise, soap=replace(synchronise.soap, result_text="clock set"))
    async with serve_catalogue({**known, "SynchronizeTime": worded}) as served:
        yield served


async def test_bundle_request_and_acknowledgement(
    reworded: tuple[Stack, aiohttp.ClientSession], samples: Callable[[str], bytes]
) -> None:
    stack, client = reworded
    status, answered = await post(client, samples("10-Bundle-1-request"))
    assert status == 200, answered
    (command,) = stack.domain.commands
    header = command.header
    assert (header.priority, header.expires_at) == (0, header.created_at)  # the time of the sample is over
    actions = [stack.codec.decode(action.request) for action in command.request.actions]
    assert [action.operation for action in command.request.actions] == [
        "GetActualMeterReads",
        "SynchronizeTime",
        "GetActualMeterReadsGas",
    ]
    assert actions[1].time_zone == "Europe/Amsterdam"
    assert actions[2].device_identification == "G0000000000000001"
    expected = samples("10-Bundle-2-acknowledgement")
    assert canonical(answered.replace(uid_in(answered).encode(), uid_in(expected).encode())) == canonical(expected)


async def test_bundle_retrieval_and_response(
    reworded: tuple[Stack, aiohttp.ClientSession], samples: Callable[[str], bytes]
) -> None:
    stack, client = reworded
    retrieval = samples("10-Bundle-3-retrieval")
    fault = ErrorRecord(
        code="VALIDATION_ERROR",
        number=401,
        message="gas meter is not coupled",
        component="DOMAIN_SMART_METERING",
        details={"cause": "java.lang.AssertionError"},
    )
    answers = [
        BundleAnswer(operation="GetActualMeterReads", response=stack.codec.encode(reads(20))),
        BundleAnswer(
            operation="SynchronizeTime", response=stack.codec.encode(SynchronizeTimeResponse(set_to=datetime.now(UTC)))
        ),
        BundleAnswer(operation="GetActualMeterReadsGas", error=fault),
    ]
    command = command_of(load_operations()["Bundle"], uid_in(retrieval))
    await stack.domain.finish(command, response=BundleResponse(answers=answers))
    status, answered = await post(client, retrieval)
    assert status == 200, answered
    assert canonical(answered) == canonical(samples("10-Bundle-4-response"))


async def test_a_result_text_names_the_meter(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples("10-Bundle-3-retrieval")
    answers = [BundleAnswer(operation="ReplaceKeys", response=stack.codec.encode(ReplaceKeysResponse()))]
    command = command_of(load_operations()["Bundle"], uid_in(retrieval))
    await stack.domain.finish(command, response=BundleResponse(answers=answers))
    _, answered = await post(client, retrieval)
    text = f"<common:resultString>Replace keys for device {DEVICE} was successful</common:resultString>"
    assert text.encode() in answered
    assert Validator("smartmetering").violations(etree.fromstring(answered)[0][0]) == []


async def test_answers_that_cannot_be_spelled_are_faults_in_their_place(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples("10-Bundle-3-retrieval")
    answers = [
        BundleAnswer(operation="OfANewerRelease", response=b"\xc3\x01"),
        BundleAnswer(operation="GetActualMeterReads"),
        BundleAnswer(operation="GetActualMeterReads", response=stack.codec.encode(reads(20))),
    ]
    command = command_of(load_operations()["Bundle"], uid_in(retrieval))
    await stack.domain.finish(command, response=BundleResponse(answers=answers))
    status, answered = await post(client, retrieval)
    assert status == 200
    body = etree.fromstring(answered)[0][0]
    assert [etree.QName(answer).localname for answer in body[0]] == [
        "FaultResponse",
        "FaultResponse",
        "ActualMeterReadsResponse",
    ]
    assert Validator("smartmetering").violations(body) == []
    async with client.get(f"/v1/operations/{uid_in(retrieval)}") as response:
        found = (await response.json())["result"]["response"]["answers"]
    assert found[0]["error"]["code"] == "UNKNOWN_OPERATION"


async def test_an_action_that_no_operation_is_known_for_is_refused(
    serve_catalogue: Any, samples: Callable[[str], bytes]
) -> None:
    known = {name: operation for name, operation in load_operations().items() if name != "GetActualMeterReadsGas"}
    async with serve_catalogue(known) as (stack, client):
        status, answered = await post(client, samples("10-Bundle-1-request"))
    assert status == 500
    assert b"<common:Code>407</common:Code>" in answered
    assert b"Actions[2]: GetActualMeterReadsGasRequest is not supported" in answered
    assert stack.domain.commands == []


# Deletion and faults


async def test_deletes_a_result_once(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    request = samples("14-DeleteResponseData-1-request")
    command = command_of(load_operations()["GetActualMeterReads"], uid_in(request))
    await stack.domain.finish(command, response=reads(15))
    status, answered = await post(client, request)
    assert status == 200
    assert canonical(answered) == canonical(samples("14-DeleteResponseData-2-response"))
    status, answered = await post(client, request)
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-functional-not-ready"))


async def test_fault_not_ready(stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]) -> None:
    status, answered = await post(client, samples("03-GetActualMeterReads-3-retrieval"))
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-functional-not-ready"))


async def test_fault_unknown_device(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    sentence = f'Device with id "{DEVICE}" could not be found.'
    stack.domain.answer = stack.domain.rejecting(error("UNKNOWN_DEVICE", sentence, cause="example.UnknownEntity"))
    status, answered = await post(client, samples("02-SynchronizeTime-1-request"))
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-functional-unknown-device"))


async def test_fault_missing_header(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    raw = samples("02-SynchronizeTime-1-request").replace(b"<common:UserName>demo.operator</common:UserName>", b"")
    status, answered = await post(client, raw)
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-missing-header"))


async def test_fault_technical(stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]) -> None:
    failure: PlatformError = error(
        "TECHNICAL_ERROR",
        "unexpected error while talking to the meter",
        cause="example.ProtocolError",
        cause_message="unreadable frame",
    )
    stack.domain.answer = stack.domain.rejecting(failure, "PROTOCOL_DLMS")
    status, answered = await post(client, samples("02-SynchronizeTime-1-request"))
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-technical"))


async def test_fault_validation(stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]) -> None:
    """The text after the rule's code is the parser's own."""
    raw = samples("03-GetActualMeterReads-1-request").replace(DEVICE.encode(), b"E1")
    status, answered = await post(client, raw)
    assert status == 500
    after_code = re.compile(rb"(cvc-minLength-valid: )[^<]*")
    expected = after_code.sub(rb"\1", samples("15-Fault-validation"))
    assert canonical(after_code.sub(rb"\1", answered)) == canonical(expected)
    assert b"minimum length of '16'" in answered


async def test_a_result_that_another_organisation_asks_for_is_unknown(
    stack: Stack, other_client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    retrieval = samples("03-GetActualMeterReads-3-retrieval")
    command = command_of(load_operations()["GetActualMeterReads"], uid_in(retrieval))
    await stack.domain.finish(command, response=reads(15))
    theirs = retrieval.replace(b">DemoGridOrg</common:Org", b">OtherGridOrg</common:Org")
    status, answered = await post(other_client, theirs)
    assert status == 500
    assert canonical(answered) == canonical(samples("15-Fault-functional-not-ready"))


async def test_a_verdict_of_completion_is_still_acknowledged(
    stack: Stack, client: aiohttp.ClientSession, samples: Callable[[str], bytes]
) -> None:
    stack.domain.answer = lambda command: stack.domain.reply(command, Verdict.COMPLETED)
    status, answered = await post(client, samples("02-SynchronizeTime-1-request"))
    assert status == 200
    assert b"SynchronizeTimeAsyncResponse" in answered
