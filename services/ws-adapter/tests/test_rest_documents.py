"""OpenAPI document, docs page, and that what is answered is what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import State, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.ingress import Submitted
from meterstream.ws_adapter.model.progress import from_state
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.openapi import build_openapi, examples_of, to_json

CODEC = Codec()
FORMS = Forms(load_operations(), CODEC)
DOCUMENT = build_openapi(FORMS.by_name)
NOW = datetime(2025, 3, 14, tzinfo=UTC)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from walk(inner)


def methods() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, operation


def test_the_document_is_valid_openapi() -> None:
    """The linter knows the schemas of OpenAPI 3.1 and JSON Schema 2020-12, and checks each default and path."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_reference_resolves() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    references = [node["$ref"] for node in walk(DOCUMENT) if "$ref" in node]
    assert references
    mapped = [to for node in walk(DOCUMENT) for to in node.get("discriminator", {}).get("mapping", {}).values()]
    for reference in [*references, *mapped]:
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in schemas
    used = {reference.rpartition("/")[2] for reference in [*references, *mapped]}
    assert used == set(schemas)


def test_names_are_as_openapi_wants_them() -> None:
    identities = [operation["operationId"] for _, operation in methods()]
    assert len(identities) == len(set(identities))
    assert DOCUMENT["openapi"] == "3.1.0"
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in DOCUMENT["components"]["schemas"])
    for path, operation in methods():
        declared = {one["name"] for one in DOCUMENT["paths"][path].get("parameters", [])}
        declared |= {one["name"] for one in operation.get("parameters", [])}
        assert set(re.findall(r"\{(\w+)\}", path)) <= declared
        assert operation["responses"]
        assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
        assert "default" in operation["responses"]


@pytest.mark.parametrize("name", sorted(load_operations()))
def test_every_operation_is_described_with_an_example_that_it_takes(name: str) -> None:
    described = DOCUMENT["paths"][f"/v1/operations/{name}"]["post"]
    content = described["requestBody"]["content"]["application/json"]
    examples = [one["value"] for one in content["examples"].values()]
    assert examples == examples_of(FORMS.by_name[name])
    for example in examples:
        request, _, _ = FORMS.by_name[name].read(to_json(example), NOW)
        assert isinstance(request, load_operations()[name].request)


@pytest.mark.parametrize("name", sorted(load_operations()))
def test_what_is_answered_is_what_is_described(name: str) -> None:
    form = FORMS.by_name[name]
    operation = load_operations()[name]
    header_of = command_of(operation)
    accepted = views.of_submitted(Submitted(header_of.header, operation, Verdict.QUEUED), form)
    form.view.model_validate(accepted)
    failure = error("CONNECTION_REFUSED", "refused").to_record("PROTOCOL_DLMS")
    result = operation.result(header=header_of.header, status="failed", attempt=3, finished_at=NOW, error=failure)
    form.view.model_validate(views.of_result(result, form))
    from meterstream.contracts.envelope import CommandState

    state = CommandState(
        header=header_of.header, operation=name, state=State.WAITING_FOR_RETRY, attempt=1, changed_at=NOW, error=failure
    )
    form.view.model_validate(views.of_row(from_state(state), None, form))


def command_of(operation: Operation) -> Any:
    request = (
        operation.examples[0]
        if operation.examples
        else BundleRequest(actions=[BundleAction(operation="GetActualMeterReads", request=b"")])
    )
    return build_command(
        operation,
        request,
        Caller("DemoGridOrg", "user", "app"),
        device="E0000000000000001",
        options=Options(),
        now=NOW,
        random=uuid4(),
        reply_partition=0,
    )


async def test_documents_are_served_and_load_nothing_from_elsewhere(client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/openapi.json") as response:
        assert await response.json() == DOCUMENT
    async with client.get("/v1/docs") as response:
        page = await response.text()
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for name in load_operations():
        assert f"/v1/operations/{name}" in page
    assert not re.search(r"""(src|href)=["'](?!openapi\.json)""", page)
    assert "<script" not in page
    assert "@import" not in page


def test_keys_are_hexadecimal_text() -> None:
    device = DOCUMENT["components"]["schemas"]["NewDevice"]["properties"]
    branch = device["master_key"]["anyOf"][0]
    assert (branch["contentEncoding"], branch["minLength"], branch["maxLength"]) == ("base16", 128, 2048)
