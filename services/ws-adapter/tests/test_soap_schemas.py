"""Schema documents and descriptions: the reviewed copy, well-formed, loadable, and what the contract needs of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from meterstream.contracts.catalogue import load_operations
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.schemas import main
from meterstream.ws_adapter.soap.documents import differences, rendered_documents, reviewed_directory
from meterstream.ws_adapter.soap.exchange import Exchanges
from meterstream.ws_adapter.soap.facts import SETS, load_facts
from meterstream.ws_adapter.soap.schema import ComplexType, SchemaMismatch, schema_set
from meterstream.ws_adapter.soap.services import operations_by_input
from meterstream.ws_adapter.soap.validation import compile_schema, describe, rule_code

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


def test_the_reviewed_copy_is_what_the_facts_render() -> None:
    assert differences(reviewed_directory()) == []
    assert main(["check"]) == 0


def test_differences_are_told(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "dman.xsd").write_bytes(b"other")
    (tmp_path / "core" / "own.xsd").write_bytes(b"")
    found = differences(tmp_path)
    assert "core/dman.xsd is not what the facts render" in found
    assert "core/own.xsd is not rendered from any fact" in found
    assert "smartmetering/common.xsd is missing" in found


@pytest.mark.parametrize("name", SETS)
def test_a_schema_set_loads_and_every_type_resolves(name: str) -> None:
    assert compile_schema(name) is not None
    schemas = schema_set(name)
    seen: set[str] = set()

    def walk(owner: Any) -> None:
        if isinstance(owner, ComplexType) and owner.name not in seen:
            seen.add(owner.name)
            for child in owner.children:
                walk(child.type)

    for prefix, document in load_facts().of_set(name).items():
        for local in document.elements:
            walk(schemas.element(f"{prefix}:{local}").type)
    assert len(seen) > 50


def test_descriptions_describe_every_operation_with_elements_that_exist() -> None:
    facts = load_facts()
    for service in facts.services:
        root = etree.fromstring(rendered_documents()[f"{service['schema_set']}/{service['wsdl_document']}"])
        messages = {message.get("name"): message for message in root.iter(f"{WSDL}message")}
        for message in messages.values():
            schema_set(service["schema_set"]).element(str(message[0].get("element")))
        for kind in ("portType", "binding"):
            found = root.find(f"{WSDL}{kind}")
            assert found is not None
            names = [operation.get("name") for operation in found.iter(f"{WSDL}operation")]
            assert names == [operation["name"] for operation in service["operations"]]
        used = [str(node.get("message")).removeprefix("tns:") for node in root.iter() if node.get("message")]
        assert set(used) == set(messages)


def test_every_operation_of_the_contract_fits_the_schema_and_no_element_is_forgotten() -> None:
    exchanges = Exchanges(load_operations(), Codec(), ZoneInfo("UTC"))
    bound = {name for name, known in load_operations().items() if known.soap is not None and known.soap.operation}
    assert set(exchanges.of_operation) == bound
    for exchange in exchanges.of_operation.values():
        assert exchange.uncovered() == []
        assert (exchange.retrieval is not None) == (exchange.operation.kind == "asynchronous")


def test_dispatch_knows_every_operation_that_clients_call_once() -> None:
    known = operations_by_input()
    asked = [
        (service["schema_set"], operation["input"])
        for service in load_facts().services
        if service["direction"] == "client_to_platform"
        for operation in service["operations"]
    ]
    assert len(known) == len(asked) == len(set(asked))


def test_what_the_schema_does_not_have_is_told() -> None:
    schemas = schema_set("smartmetering")
    for name in ("adhoc:Nothing", "dman:FindEventsRequest"):
        with pytest.raises(SchemaMismatch):
            schemas.element(name)


def test_codes_of_validation_rules() -> None:
    codes = {
        "SCHEMAV_CVC_MINLENGTH_VALID": "cvc-minLength-valid",
        "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "cvc-datatype-valid.1.2.1",
        "SCHEMAV_ELEMENT_CONTENT": "cvc-complex-type.2.4",
        "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "cvc-complex-type.3.2.2",
        "SCHEMAV_CVC_ENUMERATION_VALID": "cvc-enumeration-valid",
        "SCHEMAV_CVC_ELT_1": "cvc-elt.1",
    }
    assert {name: rule_code(name) for name in codes} == codes
    told = describe(
        "SCHEMAV_CVC_DATATYPE_VALID_1_2_1",
        "Element '{urn:x}Key': '0011' is not a valid value of the atomic type 'xs:hexBinary'.",
    )
    assert (
        told
        == "cvc-datatype-valid.1.2.1: Element 'Key': the value is not a valid value of the atomic type 'xs:hexBinary'."
    )
    assert len(describe("SCHEMAV_CVC_ELT_1", "x" * 5000)) < 600
