"""The facts of the SOAP contract as they lie in `facts/`: one file per schema document, one for the services.

Further services, which the contract of the incumbent does not have, lie in files of their own: `services/<name>.yaml`
with their prefixes and operations, and a schema document `types/<prefix>.yaml` for each of the prefixes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

Particle = Mapping[str, Any]

XSD: Final = "http://www.w3.org/2001/XMLSchema"
SETS: Final = ("smartmetering", "core")
"""Two schema sets describe the namespace `common` differently and are never loaded together."""


@dataclass(frozen=True, eq=False)
class DocumentFacts:
    """One schema document: global elements, complex and simple types by local name."""

    prefix: str
    namespace: str
    schema_set: str
    imports: tuple[str, ...]
    elements: Mapping[str, Mapping[str, Any]]
    complex_types: Mapping[str, Mapping[str, Any]]
    simple_types: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Facts:
    """All documents by prefix, the services, and what the prefixes stand for."""

    documents: Mapping[str, DocumentFacts]
    services: tuple[Mapping[str, Any], ...]
    prefixes: Mapping[str, str]

    def of_set(self, schema_set: str) -> dict[str, DocumentFacts]:
        """The documents of one schema set by prefix."""
        return {prefix: facts for prefix, facts in self.documents.items() if facts.schema_set == schema_set}

    def qualified(self, name: str) -> str:
        """`{namespace}local` of `prefix:local`."""
        prefix, _, local = name.partition(":")
        return f"{{{self.prefixes[prefix]}}}{local}"


def _read(path: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = resources.files(__package__).joinpath("facts", path).read_text(encoding="utf-8")
    return yaml.load(text, loader)  # noqa: S506  # a safe loader, the one in C where there is one


@cache
def load_facts() -> Facts:
    """The facts that this release ships."""
    described = [_read(path) for path in ("services.yaml", *_further())]
    prefixes = {prefix: namespace for one in described for prefix, namespace in one["prefixes"].items()}
    documents = {}
    for prefix in prefixes:
        if prefix == "xsd":
            continue
        raw = _read(f"types/{prefix}.yaml")
        documents[prefix] = DocumentFacts(
            prefix=prefix,
            namespace=raw["namespace"],
            schema_set=raw["schema_set"],
            imports=tuple(raw["imports"]),
            elements=raw["elements"],
            complex_types=raw["complex_types"] or {},
            simple_types=raw["simple_types"] or {},
        )
    return Facts(documents, tuple(service for one in described for service in one["services"]), prefixes)


def _further() -> list[str]:
    """Files of further services, by name; most installations have none."""
    folder = resources.files(__package__).joinpath("facts", "services")
    return sorted(f"services/{file.name}" for file in folder.iterdir()) if folder.is_dir() else []


@cache
def load_headers() -> Mapping[str, Any]:
    """What the headers of operations mean."""
    found: Mapping[str, Any] = _read("headers.yaml")
    return found
