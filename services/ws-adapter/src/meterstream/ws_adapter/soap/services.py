"""The web services of the SOAP contract: which element asks for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from meterstream.ws_adapter.soap.facts import load_facts

ServiceKind = Literal["request", "retrieval", "synchronous", "callback"]


@dataclass(frozen=True, slots=True)
class RetrievalFacts:
    """How a retrieval answers before the end, after a failure, and to a uid of another kind of request."""

    not_ready: Literal["functional_fault_405", "technical_fault", "result_not_found"]
    on_failure: Literal["fault", "technical_fault", "result_not_ok", "empty_result"]
    type_checked: bool
    consumes: bool


@dataclass(frozen=True, slots=True)
class ServiceOperation:
    """One operation of one web service; `input` and `output` are global elements as `prefix:local`."""

    service: str
    name: str
    kind: ServiceKind
    schema_set: str
    input: str
    output: str
    result_of: str | None
    optional_headers: frozenset[str]
    retrieval: RetrievalFacts | None


@dataclass(frozen=True, slots=True)
class Service:
    """A web service and where it is served."""

    name: str
    schema_set: str
    endpoint: str
    wsdl_document: str


def _operation(service: Mapping[str, Any], raw: Mapping[str, Any]) -> ServiceOperation:
    return ServiceOperation(
        service=service["name"],
        name=raw["name"],
        kind=raw["kind"],
        schema_set=service["schema_set"],
        input=raw["input"],
        output=raw["output"],
        result_of=raw.get("result_of"),
        optional_headers=frozenset(raw["headers"]["optional"]),
        retrieval=RetrievalFacts(**raw["retrieval"]) if "retrieval" in raw else None,
    )


@cache
def services() -> tuple[Service, ...]:
    """All services, those that clients offer included."""
    return tuple(
        Service(raw["name"], raw["schema_set"], raw["endpoint"], raw["wsdl_document"]) for raw in load_facts().services
    )


@cache
def operations_by_input() -> Mapping[str, ServiceOperation]:
    """The operations that clients may call, by the qualified name of the element in the body."""
    facts = load_facts()
    found = {
        facts.qualified(raw["input"]): _operation(service, raw)
        for service in facts.services
        if service["direction"] == "client_to_platform"
        for raw in service["operations"]
    }
    return MappingProxyType(found)
