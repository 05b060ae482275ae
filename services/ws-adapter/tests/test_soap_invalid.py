"""Invalid and daring values in every request: a typed fault that names field and rule, never an unexpected failure.

Parametrised over what services and catalogue have; no operation is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from soap_instances import Breakage, Instance, at, breakages, builder_of, daring_texts
from soap_messages import ORGANISATION, envelope

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import DEFAULT_PRIORITY
from meterstream.contracts.records import OrganisationRecord
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.soap.envelope import SOAP
from meterstream.ws_adapter.soap.exchange import Exchanges
from meterstream.ws_adapter.soap.face import answer_to
from meterstream.ws_adapter.soap.faults import COMMON, SPRING_WS
from meterstream.ws_adapter.soap.receive import Received, Receiver
from meterstream.ws_adapter.soap.services import ServiceOperation, operations_by_input

EVERY = list(operations_by_input().values())
BOUND = {(place.service, place.operation) for known in load_operations().values() for place in known.soap_bindings}
SERVED = [operation for operation in EVERY if (operation.service, operation.name) in BOUND]


def name_of(operation: ServiceOperation) -> str:
    return f"{operation.service}.{operation.name}"


@pytest.fixture(scope="module")
def receiver(codec: Codec) -> Receiver:
    organisations = Organisations()
    organisations.apply(
        ORGANISATION, OrganisationRecord(organisation=ORGANISATION, revision=1, name=ORGANISATION, enabled=True)
    )
    return Receiver(Exchanges(load_operations(), codec, ZoneInfo("UTC")), organisations)


def receive(receiver: Receiver, element: etree._Element) -> Received | etree._Element:
    """What the face makes of a body: the request, or the fault in its answer."""
    try:
        return receiver.receive(envelope(etree.tostring(element).decode()), ORGANISATION)
    except Exception as failure:  # as the face does
        response = answer_to(failure)
    assert response.status == 500
    return etree.fromstring(response.body)[0][0]


def told(fault: etree._Element) -> list[str]:
    """The violations of a validation fault."""
    assert fault.tag == f"{{{SOAP}}}Fault"
    assert fault.findtext("faultcode") == "soapenv:Client"
    assert fault.findtext("faultstring") == "Validation error"
    return [str(one.text) for one in fault.iterfind(f"detail/{{{SPRING_WS}}}ValidationError")]


def names_field_and_rule(fault: etree._Element, fields: set[str]) -> bool:
    """Whether a fault tells of a value rule, by the name of one of the fields."""
    if fault.findtext("faultcode") == "soapenv:Client":
        return any(text.startswith("cvc-") and any(field in text for field in fields) for text in told(fault))
    functional = fault.find(f"detail/{{{COMMON}}}FunctionalFault")
    if functional is None:  # the one fault without detail that the contract wants
        return "Device identification" in str(fault.findtext("faultstring"))
    code, sentence = (str(functional.findtext(f"{{{COMMON}}}{name}")) for name in ("Code", "InnerMessage"))
    place, _, rule = sentence.partition(": ")
    return code in ("401", "407") and bool(rule) and bool(fields & set(place.replace("[", "/").split("/")))


@pytest.mark.parametrize("operation", EVERY, ids=name_of)
def test_each_rule_broken_once_is_told_with_field_and_rule(operation: ServiceOperation, receiver: Receiver) -> None:
    """Each facet, each mandatory part missing, parts twice, unknown and deep ones, of all that clients may call."""
    instance = builder_of(operation.schema_set).full(operation.input)
    broken = list(breakages(instance))
    assert len(broken) > len(instance.spots)
    untold = [one.label for one in broken if not is_told(receiver, one)]
    assert untold == []


def is_told(receiver: Receiver, breakage: Breakage) -> bool:
    fault = receive(receiver, breakage.element)
    assert not isinstance(fault, Received), breakage.label
    return any(text.startswith(breakage.code) and breakage.names in text for text in told(fault))


def daring(instance: Instance) -> Iterator[tuple[str, str, etree._Element]]:
    for spot in instance.spots:
        for text in daring_texts(spot.simple) if spot.simple is not None else ():
            root = deepcopy(instance.root)
            at(root, spot.path).text = text
            yield spot.local, text, root


@pytest.mark.parametrize("operation", SERVED, ids=name_of)
def test_what_the_schema_takes_is_taken_or_refused_with_field_and_rule(
    operation: ServiceOperation, receiver: Receiver
) -> None:
    instance = builder_of(operation.schema_set).full(operation.input)
    fields = {spot.local for spot in instance.spots}
    for local, text, root in daring(instance):
        found = receive(receiver, root)
        if isinstance(found, Received):
            assert found.asked is not None
            assert found.options is not None
            assert found.options.priority in (0, DEFAULT_PRIORITY)
        else:
            assert names_field_and_rule(found, fields), (local, text[:50], etree.tostring(found))
