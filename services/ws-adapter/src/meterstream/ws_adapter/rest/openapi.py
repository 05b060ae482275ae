"""OpenAPI 3.1 of the REST face, derived from the forms of the operations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Kind, Operation
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.ws_adapter.rest.forms import Form
from meterstream.ws_adapter.rest.problems import CONTENT_TYPE, Problem

_REF: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"
_UID: Final = {
    "name": "correlation_uid",
    "in": "path",
    "required": True,
    "description": "the command's name, percent-encoded",
    "schema": {"type": "string", "minLength": 20, "maxLength": 255},
}
_CALLER: Final = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "maxLength": longest},
    }
    for name, description, longest in (
        ("X-User-Name", "recorded with the command; the certificate's name if absent", 320),
        ("X-Application-Name", "recorded with the command; selects the notification endpoint of that name", 40),
    )
]
_WAIT: Final = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=20` holds the answer for up to that many seconds (30 at most) until the result is there",
    "schema": {"type": "string"},
}


def build_openapi(forms: Mapping[str, Form]) -> dict[str, Any]:
    """The document for these forms."""
    schemas = _Schemas(forms)
    ordered = [forms[name] for name in sorted(forms)]
    paths: dict[str, Any] = {
        f"/v1/operations/{form.operation.name}": {"post": _submission(form, schemas)} for form in ordered
    }
    any_view = {"oneOf": [schemas.view(form) for form in ordered], "discriminator": {"propertyName": "operation"}}
    paths["/v1/operations/{correlation_uid}"] = {
        "parameters": [_UID],
        "get": {
            "operationId": "getCommand",
            "tags": ["Commands"],
            "summary": "How far a command is, and its result.",
            "parameters": [_WAIT],
            "responses": {"200": _content("the command", any_view), **_problems("404")},
        },
        "delete": {
            "operationId": "cancelCommand",
            "tags": ["Commands"],
            "summary": "End a command that waits: scheduled, or for another attempt.",
            "responses": {
                "200": _content("the cancelled command", any_view),
                "202": {"description": "the cancellation is on its way; the command tells what became of it"},
                **_problems("404", "409"),
            },
        },
    }
    paths["/v1/operations/{correlation_uid}/events"] = {
        "parameters": [_UID],
        "get": {
            "operationId": "watchCommand",
            "tags": ["Commands"],
            "summary": "Server-sent events: each state (`state`), then the result (`result`), then the stream ends.",
            "responses": {
                "200": {"description": "events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
                **_problems("404"),
            },
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Meterstream",
            "version": version("meterstream-ws-adapter"),
            "summary": "Smart-metering head-end: commands to DLMS/COSEM meters.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"clientCertificate": []}],
        "tags": [{"name": "Operations"}, {"name": "Commands"}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {
                "clientCertificate": {
                    "type": "mutualTLS",
                    "description": "the certificate's common name names the organisation",
                }
            },
        },
    }


class _Generator(GenerateJsonSchema):
    """Bytes are hexadecimal text, two characters an octet."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        """The schema of a field of bytes."""
        found: JsonSchemaValue = {"type": "string", "contentEncoding": "base16", "pattern": "^([0-9a-fA-F]{2})*$"}
        for bound, name in (("min_length", "minLength"), ("max_length", "maxLength")):
            if (octets := schema.get(bound)) is not None:
                found[name] = 2 * int(octets)  # type: ignore[call-overload]  # a bound is a number
        return found


class _Schemas:
    """JSON schemas of all bodies and views under one roof."""

    def __init__(self, forms: Mapping[str, Form]) -> None:
        wanted: list[tuple[type[Record], JsonSchemaMode]] = [(Problem, "serialization")]
        for form in forms.values():
            wanted += [(form.body, "validation"), (form.view, "serialization")]
        found, document = models_json_schema(wanted, ref_template=_REF, schema_generator=_Generator)
        self._found = found
        self.definitions: dict[str, Any] = document["$defs"]

    def body(self, form: Form) -> dict[str, Any]:
        """What is posted."""
        return self._found[form.body, "validation"]

    def view(self, form: Form) -> dict[str, Any]:
        """What a command looks like."""
        return self._found[form.view, "serialization"]


def _submission(form: Form, schemas: _Schemas) -> dict[str, Any]:
    operation = form.operation
    described: dict[str, Any] = {
        "operationId": operation.safe_name,
        "tags": ["Operations"],
        "summary": operation.summary,
        "description": _description(operation),
        "parameters": _CALLER,
        "requestBody": {"required": True, "content": {_JSON: {"schema": schemas.body(form)}}},
    }
    if examples := examples_of(form):
        described["requestBody"]["content"][_JSON]["examples"] = {
            f"example{number}": {"value": example} for number, example in enumerate(examples, 1)
        }
    if operation.kind is Kind.SYNCHRONOUS:
        responses = {"200": _content("the response", schemas.view(form))}
    else:
        location = {"Location": {"description": "where the command is", "schema": {"type": "string"}}}
        responses = {
            "202": _content("accepted", schemas.view(form)) | {"headers": location},
            "200": _content("the uid names this very command, which is final", schemas.view(form)),
        }
    described["responses"] = {**responses, **_problems("400", "403", "404", "409", "413", "422", "429", "503")}
    return described


def _description(operation: Operation) -> str:
    text = (operation.request.__doc__ or "").strip()
    return f"{text}\n\nDevice function: `{operation.function}`."


def examples_of(form: Form) -> list[dict[str, Any]]:
    """Bodies that the operation takes."""
    operation = form.operation
    if issubclass(operation.request, BundleRequest):
        requests: list[Any] = [_bundle_example(form)]
    else:
        requests = [
            TypeAdapter(type(example)).dump_python(example, mode="json", exclude_none=True)
            for example in operation.examples
        ]
    device = {"device_identification": "E0000000000000001"} if "device_identification" in form.body.model_fields else {}
    return [{**device, "request": request} for request in requests]


def _bundle_example(form: Form) -> dict[str, Any]:
    actions = []
    for name, operation in sorted(form.catalogue.items()):
        if operation.bundle_action and operation.examples and name == operation.name:
            request = operation.examples[0].model_dump(mode="json", exclude_none=True)
            actions.append({"operation": name, "request": request})
    return {"actions": actions[:3]}


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _problems(*statuses: str) -> dict[str, Any]:
    meanings = {
        "400": "no JSON",
        "403": "not authorised, or an unknown organisation",
        "404": "unknown operation, device or command",
        "409": "contradicts what is there: CORRELATION_UID_REUSED, TOO_LATE",
        "413": "too large",
        "422": "a value breaks a rule; field and rule are named",
        "429": "too many requests at a time",
        "503": "broker or database are away; try again",
    }
    schema = {"$ref": _REF.format(model="Problem")}
    return {
        status: {"description": meanings[status], "content": {CONTENT_TYPE: {"schema": schema}}} for status in statuses
    } | {"default": {"description": "any other failure", "content": {CONTENT_TYPE: {"schema": schema}}}}


def to_json(document: dict[str, Any]) -> bytes:
    """The document as it is served."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
