"""OpenAPI 3.1 of the REST face, derived from the forms of the operations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from meterstream.ws_adapter.rest.resources import Resource, resources_of
from meterstream.ws_adapter.rest.search import CommandPage, SearchQuery
from meterstream.ws_adapter.rest.submit import NDJSON
from meterstream.ws_adapter.rest.uploads import COMMAND, MULTIPART, octet_fields
from meterstream.ws_adapter.web.tokens import ALL, READ, scopes_of

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
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "the ETag of an earlier answer; 304 without a body where nothing changed since",
    "schema": {"type": "string"},
}
_TAGGED: Final = {"headers": {"ETag": {"description": "names this very content", "schema": {"type": "string"}}}}
_UNCHANGED: Final = {"description": "what the client has is still so"}
_DEVICE: Final = {"type": "string", "pattern": "^[a-zA-Z0-9]{16,40}$"}


def build_openapi(forms: Mapping[str, Form]) -> dict[str, Any]:
    """The document for these forms."""
    schemas = _Schemas(forms)
    ordered = [forms[name] for name in sorted(forms)]
    paths: dict[str, Any] = {
        f"/v1/operations/{form.operation.name}": {"post": _submission(form, schemas)} for form in ordered
    }
    paths["/v1/operations"] = {"get": _list(schemas), "post": _many(ordered)}
    any_view = {"oneOf": [schemas.view(form) for form in ordered], "discriminator": {"propertyName": "operation"}}
    paths["/v1/operations/{correlation_uid}"] = {
        "parameters": [_UID],
        "get": {
            "operationId": "getCommand",
            "tags": ["Commands"],
            "summary": "How far a command is, and its result.",
            "parameters": [_WAIT, _IF_NONE_MATCH],
            "responses": {"200": _content("the command", any_view) | _TAGGED, "304": _UNCHANGED, **_problems("404")},
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
    paths["/v1/operations/{correlation_uid}/result"] = {
        "parameters": [_UID],
        "get": {
            "operationId": "getResult",
            "tags": ["Commands"],
            "summary": "The result of a command alone.",
            "parameters": [_WAIT, _IF_NONE_MATCH],
            "responses": {
                "200": _content("the result", {"anyOf": [schemas.result(form) for form in ordered]}) | _TAGGED,
                "202": _content("not there yet; the command tells how far it is", any_view),
                "304": _UNCHANGED,
                **_problems("404"),
            },
        },
        "delete": {
            "operationId": "deleteResult",
            "tags": ["Commands"],
            "summary": "Forget a command that is final, and its result, for good.",
            "responses": {"204": {"description": "forgotten"}, **_problems("404")},
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
    for path, resource in sorted(resources_of(forms).items()):
        paths[f"/v1/{path}"] = {"get": _read(resource, schemas)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Meterstream",
            "version": version("meterstream-ws-adapter"),
            "summary": "Smart-metering head-end: commands to DLMS/COSEM meters.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": _security(READ),
        "tags": [{"name": "Operations"}, {"name": "Commands"}, {"name": "Resources"}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {
                "clientCertificate": {
                    "type": "mutualTLS",
                    "description": "the certificate's common name names the organisation",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": (
                        "where the installation accepts tokens of an OAuth 2.0 or OpenID Connect issuer: a claim names"
                        " the organisation; each operation lists the scopes (behind the installation's prefix) of"
                        f" which one is needed; `{ALL}` covers everything. A bundle needs those of its actions too."
                    ),
                },
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
        wanted: list[tuple[type[Record], JsonSchemaMode]] = [
            (Problem, "serialization"),
            (CommandPage, "serialization"),
        ]
        for form in forms.values():
            wanted += [(form.body, "validation"), (form.view, "serialization"), (form.result, "serialization")]
            if form.operation.resources:
                wanted.append((form.operation.response, "serialization"))
        found, document = models_json_schema(wanted, ref_template=_REF, schema_generator=_Generator)
        self._found = found
        self.definitions: dict[str, Any] = document["$defs"]

    def of(self, model: type[Record]) -> dict[str, Any]:
        """What is answered."""
        return self._found[model, "serialization"]

    def result(self, form: Form) -> dict[str, Any]:
        """The result of a command alone."""
        return self._found[form.result, "serialization"]

    def body(self, form: Form) -> dict[str, Any]:
        """What is posted."""
        return self._found[form.body, "validation"]

    def view(self, form: Form) -> dict[str, Any]:
        """What a command looks like."""
        return self._found[form.view, "serialization"]


def _security(*scopes: str) -> list[dict[str, list[str]]]:
    """A certificate, or a token with one of the scopes."""
    return [{"clientCertificate": []}, *({"bearer": [scope]} for scope in (*scopes, ALL))]


def _list(schemas: _Schemas) -> dict[str, Any]:
    return {
        "operationId": "listCommands",
        "tags": ["Commands"],
        "summary": "The organisation's commands, newest first, page by page.",
        "parameters": [*_query_of(SearchQuery, frozenset()), _IF_NONE_MATCH],
        "responses": {
            "200": _content("one page", schemas.of(CommandPage)) | _TAGGED,
            "304": _UNCHANGED,
            **_problems("404", "422"),
        },
    }


def _many(ordered: Sequence[Form]) -> dict[str, Any]:
    lines = [json.dumps({"operation": form.operation.name, **examples_of(form)[0]}) for form in ordered[:2]]
    return {
        "operationId": "submitMany",
        "tags": ["Operations"],
        "summary": "Submit many commands, a line each, and get a line of answer for each.",
        "description": (
            "Each line is the body of a single submission and the name of its `operation`. The answers come in the"
            " order of the lines: `line` (its number, from 1), `status` (as for a single submission), and `command`, or"
            " `problem` where the line could not be done; a line stops no other. Lines beyond the organisation's rate"
            " wait. A body that ends before its last line was answered was cut off: submit the rest again."
        ),
        "parameters": _CALLER,
        "requestBody": {
            "required": True,
            "content": {NDJSON: {"schema": {"type": "string"}, "example": "\n".join(lines) + "\n"}},
        },
        "responses": {
            "200": {"description": "one line each", "content": {NDJSON: {"schema": {"type": "string"}}}},
            **_problems("403", "413", "415", "422", "429"),
        },
    }


def _read(resource: Resource, schemas: _Schemas) -> dict[str, Any]:
    operation = resource.form.operation
    model = operation.request
    fields = model.model_json_schema(schema_generator=_Generator)["properties"] if model.model_fields else {}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": _present(fields.get(name, _DEVICE))}
        for name in sorted(resource.in_path)
    ]
    return {
        "operationId": resource.name,
        "tags": ["Resources"],
        "summary": operation.summary,
        "description": f"The response of `{operation.name}`, with its request's fields as parameters.",
        "security": _security(*scopes_of(operation)),
        "parameters": [*in_path, *_query_of(model, resource.in_path), _IF_NONE_MATCH],
        "responses": {
            "200": _content("the response", schemas.of(operation.response)) | _TAGGED,
            "304": _UNCHANGED,
            **_problems("403", "404", "422", "429", "503"),
        },
    }


def _query_of(model: type[Record], elsewhere: frozenset[str]) -> list[dict[str, Any]]:
    """The fields of a model as parameters of the query string; an absent one is just not there."""
    document = model.model_json_schema(schema_generator=_Generator)
    required = document.get("required", ())
    found = []
    for name, described in document.get("properties", {}).items():
        if name in elsewhere:
            continue
        schema = _inline(_present(described), document.get("$defs", {}))
        description = schema.pop("description", None) or described.get("description") or name.replace("_", " ")
        schema.pop("title", None)
        found.append(
            {"name": name, "in": "query", "required": name in required, "description": description, "schema": schema}
        )
    return found


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that is there."""
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    return dict(branches[0]) if len(branches) == 1 else {k: v for k, v in schema.items() if k != "default"}


def _inline(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema that refers to nothing."""
    if isinstance(schema, list):
        return [_inline(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if (reference := schema.get("$ref")) is not None:
        return _inline(definitions[reference.rpartition("/")[2]], definitions)
    return {name: _inline(value, definitions) for name, value in schema.items()}


def _submission(form: Form, schemas: _Schemas) -> dict[str, Any]:
    operation = form.operation
    described: dict[str, Any] = {
        "operationId": operation.safe_name,
        "tags": ["Operations"],
        "summary": operation.summary,
        "description": _description(operation),
        "security": _security(*scopes_of(operation)),
        "parameters": _CALLER,
        "requestBody": {"required": True, "content": {_JSON: {"schema": schemas.body(form)}}},
    }
    if parts := list(octet_fields(form.body)):
        described["requestBody"]["content"][MULTIPART] = _in_parts(parts)
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


def _in_parts(fields: Sequence[str]) -> dict[str, Any]:
    """The same with octets as they are, each in a part of its own that is named by the field's path."""
    command = {"type": "object", "description": "the body as JSON, without the fields that come as parts"}
    octets = {name: {"type": "string", "format": "binary", "description": "in place of the field"} for name in fields}
    return {
        "schema": {
            "type": "object",
            "properties": {COMMAND: command, **octets},
            "required": [COMMAND],
            "additionalProperties": False,
        },
        "encoding": {COMMAND: {"contentType": _JSON}},
    }


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
        "401": "no client certificate, and no token that is valid",
        "403": "not authorised, an unknown organisation, or a token without the scope",
        "404": "unknown operation, device or command",
        "409": "contradicts what is there: CORRELATION_UID_REUSED, TOO_LATE",
        "413": "too large",
        "415": "not in this media type",
        "422": "a value breaks a rule; field and rule are named",
        "429": "too many requests at a time",
        "503": "broker or database are away; try again",
    }
    schema = {"$ref": _REF.format(model="Problem")}
    return {
        status: {"description": meanings[status], "content": {CONTENT_TYPE: {"schema": schema}}}
        for status in ("401", "403", "429", "503", *statuses)
    } | {"default": {"description": "any other failure", "content": {CONTENT_TYPE: {"schema": schema}}}}


def to_json(document: dict[str, Any]) -> bytes:
    """The document as it is served."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
