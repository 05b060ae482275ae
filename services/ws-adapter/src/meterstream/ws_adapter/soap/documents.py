"""All schema documents and service descriptions, rendered once per process; `schemas/soap` holds the reviewed copy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from meterstream.ws_adapter.soap.facts import load_facts
from meterstream.ws_adapter.soap.wsdl import render_wsdl
from meterstream.ws_adapter.soap.xsd import file_name, render_xsd


@cache
def rendered_documents() -> Mapping[str, bytes]:
    """Every document by its path below `schemas/soap`: `<set>/<name>.xsd`, `<set>/<Service>.wsdl`."""
    facts = load_facts()
    found = {
        f"{document.schema_set}/{file_name(prefix)}": render_xsd(document, facts)
        for prefix, document in facts.documents.items()
    }
    for service in facts.services:
        found[f"{service['schema_set']}/{service['wsdl_document']}"] = render_wsdl(service)
    return MappingProxyType(found)


def reviewed_directory() -> Path:
    """`schemas/soap` of the source tree."""
    return Path(__file__).resolve().parents[6] / "schemas" / "soap"


def differences(directory: Path) -> list[str]:
    """What keeps the reviewed copy from being what the facts render."""
    rendered = rendered_documents()
    kept = {
        path.relative_to(directory).as_posix(): path
        for pattern in ("*/*.xsd", "*/*.wsdl")
        for path in directory.glob(pattern)
    }
    found = [f"{name} is missing" for name in rendered if name not in kept]
    for name, path in sorted(kept.items()):
        if name not in rendered:
            found.append(f"{name} is not rendered from any fact")
        elif path.read_bytes() != rendered[name]:
            found.append(f"{name} is not what the facts render")
    return found
