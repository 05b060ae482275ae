"""Headers and retrievals of every operation, as the facts of the services have them; no operation is named here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from lxml import etree
from soap_instances import builder_of
from soap_messages import DEVICE, ORGANISATION, envelope

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import State
from meterstream.contracts.errors import PlatformTrouble, error
from meterstream.contracts.operation import Command, Operation
from meterstream.ws_adapter.model.failures import UNKNOWN_UID, WRONG_KIND
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.envelope import PlainFault
from meterstream.ws_adapter.soap.headers import read_options, rules_of
from meterstream.ws_adapter.soap.services import ServiceOperation, operations_by_input

Stack = Any
ENDPOINT = "/osgp-adapter-ws-smartmetering/"
EVERY = list(operations_by_input().values())
REQUESTS = [operation for operation in EVERY if operation.kind == "request"]
PLACES = {
    (place.service, place.operation): operation
    for operation in load_operations().values()
    for place in operation.soap_bindings
}
RETRIEVALS = [
    operation
    for operation in EVERY
    if operation.kind == "retrieval" and operation.result_of and (operation.service, operation.result_of) in PLACES
]
GIVEN = {
    "MessagePriority": "8",
    "ScheduleTime": "4102444800000",
    "MaxScheduleTime": "4102448400000",
    "BypassRetry": "TRUE",
    "ResponseUrl": "https://client.example.org/soap",
}
FIELDS = {
    "MessagePriority": ("priority", 8),
    "ScheduleTime": ("schedule_time", datetime(2100, 1, 1, tzinfo=UTC)),
    "MaxScheduleTime": ("expires_at", datetime(2100, 1, 1, 1, tzinfo=UTC)),
    "BypassRetry": ("bypass_retry", True),
    "ResponseUrl": ("response_url", "https://client.example.org/soap"),
}


def name_of(operation: ServiceOperation) -> str:
    return f"{operation.service}.{operation.name}"


@pytest.mark.parametrize("operation", REQUESTS, ids=name_of)
def test_a_request_hears_the_headers_that_it_honours_and_no_others(operation: ServiceOperation) -> None:
    unheard = read_options({}, operation)
    options = read_options(GIVEN, operation)
    for header, (field, value) in FIELDS.items():
        expected = value if header in operation.optional_headers else getattr(unheard, field)
        assert getattr(options, field) == expected, header
    assert unheard == Options(priority=rules_of(operation).priority)


@pytest.mark.parametrize("operation", REQUESTS, ids=name_of)
@pytest.mark.parametrize("header", ["MessagePriority", "ScheduleTime"])
def test_a_header_that_should_be_a_number(operation: ServiceOperation, header: str) -> None:
    rule = rules_of(operation).wrong_number if header in operation.optional_headers else "ignored"
    if rule == "ignored":
        assert read_options({header: "soon"}, operation) == read_options({}, operation)
        return
    with pytest.raises(PlainFault if rule == "fault" else PlatformTrouble, match="soon"):
        read_options({header: "soon"}, operation)


def asked(operation: ServiceOperation, uid: str) -> bytes:
    """A retrieval of that uid."""
    element = builder_of(operation.schema_set).full(operation.input).root
    for one in element.iterfind(".//{*}CorrelationUid"):
        one.text = uid
    return envelope(etree.tostring(element).decode())


def command_of(operation: Operation) -> Command:
    return build_command(
        operation,
        operation.examples[0] if operation.examples else operation.request.model_construct(actions=[]),
        Caller(ORGANISATION, "operator", "Portal"),
        device=DEVICE,
        options=Options(),
        now=datetime.now(UTC),
        random=uuid4(),
        reply_partition=0,
    )


async def post(client: aiohttp.ClientSession, raw: bytes) -> tuple[int, etree._Element]:
    async with client.post(ENDPOINT, data=raw, headers={"Content-Type": "text/xml"}) as response:
        return response.status, etree.fromstring(await response.read())[0][0]


@pytest.fixture
async def hasty(build_stack: Callable[..., Stack], http_settings: Any) -> AsyncIterator[Stack]:
    """A stack whose retrievals wait for nothing."""
    built = build_stack(http_settings, retrieval_s=0.0)
    await built.listener.start()
    yield built
    await built.listener.stop()


async def test_retrievals_before_the_result_after_a_failure_and_of_other_kinds(
    hasty: Stack,
) -> None:
    """Not ready, foreign, wrong kind, failed, read once or often: all retrievals in the way that their facts have."""
    headers = {name: hasty.as_organisation(name) for name in (ORGANISATION, "OtherGridOrg")}
    async with (
        aiohttp.ClientSession(hasty.base, headers=headers[ORGANISATION]) as client,
        aiohttp.ClientSession(hasty.base, headers=headers["OtherGridOrg"]) as other,
    ):
        for retrieval in RETRIEVALS:
            await check_retrieval(hasty, client, other, retrieval)


async def check_retrieval(
    stack: Stack, client: aiohttp.ClientSession, other: aiohttp.ClientSession, retrieval: ServiceOperation
) -> None:
    assert retrieval.retrieval is not None
    facts, name = retrieval.retrieval, name_of(retrieval)
    operation = PLACES[retrieval.service, str(retrieval.result_of)]
    command = command_of(operation)
    raw = asked(retrieval, command.header.correlation_uid)
    await stack.domain.move(command, State.QUEUED)
    check_not_ready(name, facts.not_ready, *await post(client, raw))
    await stack.domain.finish(command, error=error("CONNECTION_REFUSED", "10.0.0.1:4059 refuses"))
    theirs = raw.replace(f">{ORGANISATION}</h:Org".encode(), b">OtherGridOrg</h:Org")
    check_not_ready(name, facts.not_ready, *await post(other, theirs))
    for wrong in RETRIEVALS:
        if PLACES[wrong.service, str(wrong.result_of)] is not operation:
            status, fault = await post(client, asked(wrong, command.header.correlation_uid))
            assert (status, text_of(fault, "Code")) == (500, "401"), name
            assert text_of(fault, "Message") == WRONG_KIND
            break
    check_failed(name, facts.on_failure, *await post(client, raw))
    if facts.consumes:
        check_not_ready(name, facts.not_ready, *await post(client, raw))
    else:
        check_failed(name, facts.on_failure, *await post(client, raw))


def check_not_ready(name: str, rule: str, status: int, body: etree._Element) -> None:
    if rule == "result_not_found":
        assert (status, text_of(body, "Result")) == (200, "NOT FOUND"), name
        return
    assert status == 500, name
    assert text_of(body, "Message") == UNKNOWN_UID, name
    assert text_of(body, "Code") == ("405" if rule == "functional_fault_405" else None), name


def check_failed(name: str, rule: str, status: int, body: etree._Element) -> None:
    if rule in ("result_not_ok", "empty_result"):
        assert status == 200, name
        assert text_of(body, "Result") in (("NOT OK",) if rule == "result_not_ok" else ("NOT OK", None)), name
        return
    assert status == 500, name
    assert text_of(body, "Code") == ("225" if rule == "fault" else None), name
    assert text_of(body, "Component") == "PROTOCOL_DLMS", name


def text_of(body: etree._Element, local: str) -> str | None:
    return body.findtext(f".//{{*}}{local}")
