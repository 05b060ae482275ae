"""Every sample of an exchange is accepted, or produced equivalently (canonical XML), whatever operation it is of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from lxml import etree
from soap_messages import ORGANISATION, Spelling

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.exchange import Exchange, Exchanges
from meterstream.ws_adapter.soap.services import ServiceOperation, operations_by_input
from meterstream.ws_adapter.soap.validation import Validator

Stack = Any
FOLDER = Path(__file__).with_name("samples")
ENDPOINT = "/osgp-adapter-ws-smartmetering/smartMetering/anyService/"
UID = re.compile(rb"(orrelationUid>)[^<\s]+<")
ASKED = re.compile(r"-\d-(request|retrieval)$")


def body_of(name: str) -> etree._Element:
    root = etree.fromstring((FOLDER / f"{name}.xml").read_bytes(), etree.XMLParser(remove_blank_text=True))
    body = root.find("{*}Body")
    assert body is not None
    return body[0]


def operation_of(name: str) -> ServiceOperation | None:
    return operations_by_input().get(str(body_of(name).tag))


PLACES = {(place.service, place.operation) for known in load_operations().values() for place in known.soap_bindings}
NAMES = sorted(path.stem for path in FOLDER.glob("*.xml"))
SERVED = {
    name: operation
    for name in NAMES
    if ASKED.search(name)
    if (operation := operation_of(name)) is not None
    if (operation.service, operation.result_of or operation.name) in PLACES
}
REQUESTS = [name for name, operation in SERVED.items() if operation.kind == "request"]
RETRIEVALS = [name for name, operation in SERVED.items() if operation.kind == "retrieval"]


@pytest.fixture(scope="module")
def exchanges(codec: Codec) -> Exchanges:
    return Exchanges(load_operations(), codec, ZoneInfo("UTC"))


def found(exchanges: Exchanges, operation: ServiceOperation) -> Exchange:
    exchange = exchanges.find(operation)
    assert exchange is not None
    return exchange


async def post(client: aiohttp.ClientSession, raw: bytes) -> tuple[int, bytes]:
    async with client.post(ENDPOINT, data=raw, headers={"Content-Type": "text/xml"}) as response:
        return response.status, await response.read()


def same(answered: bytes, sample: str) -> None:
    """Both messages are equal but for the uid, which is new each time."""
    expected = (FOLDER / f"{sample}.xml").read_bytes()
    told, wanted = (
        etree.canonicalize(UID.sub(rb"\1uid<", raw).decode(), rewrite_prefixes=True, strip_text=True)
        for raw in (answered, expected)
    )
    assert told == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_keeps_the_schema(name: str) -> None:
    body = body_of(name)
    if etree.QName(body).localname == "Fault":
        (detail,) = body.findall("detail") or [body]
        bodies = [one for one in detail if etree.QName(one).localname.endswith("Fault")]
    else:
        bodies = [body]
    schema_set = "core" if "devicemanagement" in str(etree.QName(body).namespace) else "smartmetering"
    for one in bodies:
        assert Validator(schema_set).violations(one) == []


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_is_accepted_and_acknowledged(
    stack: Stack, client: aiohttp.ClientSession, exchanges: Exchanges, name: str
) -> None:
    operation = SERVED[name]
    status, answered = await post(client, (FOLDER / f"{name}.xml").read_bytes())
    assert status == 200, answered
    same(answered, name.replace("-1-request", "-2-acknowledgement"))
    (command,) = stack.domain.commands
    exchange = found(exchanges, operation)
    assert command.operation is exchange.operation
    place = next(p for p in exchange.operation.soap_bindings if p.operation == operation.name)
    again = Spelling(exchange.operation, place, exchange, stack.codec).ask(
        command.request, command.header.device_identification, command.header.schedule_time
    )
    spelled = iter(values(again))
    assert all(value in spelled for value in values(body_of(name)))  # what was left out may stand there as its default


def values(element: etree._Element) -> list[tuple[str, str]]:
    """Names and values in order; numbers and times in one spelling each."""
    found = []
    for one in element.iter(etree.Element):
        text = (one.text or "").strip()
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\S+", text):
            text = datetime.fromisoformat(text).astimezone(UTC).isoformat()
        found.append((str(one.tag), text.upper() if re.fullmatch(r"[0-9a-fA-F]{8,}", text) else text))
    return found


@pytest.mark.parametrize("name", RETRIEVALS)
async def test_a_response_is_produced(
    stack: Stack, client: aiohttp.ClientSession, exchanges: Exchanges, name: str
) -> None:
    exchange = found(exchanges, SERVED[name])
    if issubclass(exchange.operation.request, BundleRequest):
        return  # its answers are put together from those of others: test_soap_samples
    response = name.replace("-3-retrieval", "-4-response")
    raw = (FOLDER / f"{name}.xml").read_bytes()
    uid = re.search(rb"orrelationUid>([^<]+)<", raw)
    assert uid is not None
    command = build_command(
        exchange.operation,
        exchange.operation.examples[0],
        Caller(ORGANISATION, "user", "application"),
        device="E0000000000000001",
        options=Options(correlation_uid=uid[1].decode()),
        now=datetime.now(UTC),
        random=UUID(int=7),
        reply_partition=0,
    )
    spelling = Spelling(exchange.operation, exchange.operation.soap_bindings[0], exchange, stack.codec)
    await stack.domain.finish(command, response=spelling.answer(body_of(response)), status=ResultStatus.OK)
    status, answered = await post(client, raw)
    assert status == 200, answered
    same(answered, response)
