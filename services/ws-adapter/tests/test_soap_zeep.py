"""zeep, a client made by others, loads every description from the running face and calls what it describes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
import zeep
from lxml import etree
from soap_instances import builder_of
from soap_messages import COMMON, DEVICE, MANDATORY, Spelling
from zeep.exceptions import Fault
from zeep.transports import Transport

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Kind
from meterstream.ws_adapter.soap.exchange import Exchange, Exchanges
from meterstream.ws_adapter.soap.facts import load_facts

Stack = Any
SERVICES = {service["name"]: service for service in load_facts().services}
CALLED = [service for service in SERVICES.values() if service["direction"] == "client_to_platform"]


@pytest.fixture
def load(stack: Stack) -> Callable[[dict[str, Any]], zeep.Client]:
    """A client of a service, made of nothing but its address."""

    def made(service: dict[str, Any]) -> zeep.Client:
        session = requests.Session()
        session.headers.update(stack.as_organisation("DemoGridOrg"))
        session.trust_env = False
        return zeep.Client(f"{stack.base}{service['endpoint']}?wsdl", transport=Transport(session=session, timeout=30))

    return made


def headers() -> list[etree._Element]:
    found = []
    for name, value in MANDATORY.items():
        element = etree.Element(f"{{{COMMON}}}{name}")
        element.text = value
        found.append(element)
    return found


def call(client: zeep.Client, name: str, element: etree._Element) -> Any:
    """Call an operation with the values of an element, which zeep reads and spells by its own means."""
    asked = client.get_element(etree.QName(element)).parse(element, client.wsdl.types)
    values = zeep.helpers.serialize_object(asked)
    for child in element:
        local = etree.QName(child).localname
        if values.get(local) is None and not child.text:  # zeep reads an empty element as none
            values[local] = {}
    return client.service[name](_soapheaders=headers(), **values)


@pytest.mark.parametrize("service", CALLED, ids=lambda service: service["name"])
async def test_a_client_made_from_the_description_calls_every_operation(
    stack: Stack, load: Callable[[dict[str, Any]], zeep.Client], service: dict[str, Any]
) -> None:
    client = await asyncio.to_thread(load, service)
    described = {operation["name"] for operation in service["operations"]}
    assert set(client.service._binding.all()) == described
    exchanges = Exchanges(load_operations(), stack.codec, ZoneInfo("UTC"))
    for exchange in exchanges.every:
        if exchange.request.service == service["name"] and exchange.operation.kind is Kind.ASYNCHRONOUS:
            await exchanged(stack, client, exchange)


async def exchanged(stack: Stack, client: zeep.Client, exchange: Exchange) -> None:
    """One request, and the retrieval of its failure in the way that the facts have it."""
    operation = exchange.operation
    if not operation.examples or exchange.retrieval is None:
        return
    facts = exchange.retrieval.retrieval
    assert facts is not None
    place = next(
        one
        for one in operation.soap_bindings
        if (one.service, one.operation) == (exchange.request.service, exchange.request.name)
    )
    asked = Spelling(operation, place, exchange, stack.codec).ask(operation.examples[0], DEVICE)
    before = len(stack.domain.commands)
    told = await asyncio.to_thread(call, client, exchange.request.name, asked)
    assert len(stack.domain.commands) == before + 1
    command = stack.domain.commands[-1]
    assert command.operation is operation
    assert command.header.correlation_uid in str(told)
    await stack.domain.finish(command, error=error("CONNECTION_REFUSED", "10.0.0.1:4059 refuses"))
    retrieval = builder_of(exchange.request.schema_set).full(exchange.retrieval.input).root
    for uid in retrieval.iterfind(".//{*}CorrelationUid"):
        uid.text = command.header.correlation_uid
    retrieve = asyncio.to_thread(call, client, exchange.retrieval.name, retrieval)
    if facts.on_failure in ("fault", "technical_fault"):
        with pytest.raises(Fault, match=r"CONNECTION_REFUSED|10\.0\.0\.1:4059 refuses") as caught:
            await retrieve
        (detail,) = caught.value.detail
        kind = "FunctionalFault" if facts.on_failure == "fault" else "TechnicalFault"
        assert detail.tag == f"{{{COMMON}}}{kind}"
        assert detail.findtext(f"{{{COMMON}}}Code") == ("225" if facts.on_failure == "fault" else None)
    else:
        answered = await retrieve
        assert facts.on_failure == "empty_result" or "NOT OK" in str(answered)
