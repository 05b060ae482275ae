"""What the REST face tells about itself, rendered once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from meterstream.contracts.asyncapi import as_text, build_asyncapi
from meterstream.contracts.schemas import schema_directory
from meterstream.ws_adapter.rest.docs import render_docs
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.openapi import build_openapi, to_json

_SCHEMA: Final = re.compile(r"[a-z][a-z-]*/[A-Za-z0-9]+/[0-9]{3}\.avsc")


@dataclass(frozen=True, slots=True)
class Documents:
    """The OpenAPI document, and the page for people."""

    openapi: bytes
    page: bytes


@cache
def render_documents(forms: Forms) -> Documents:
    """Both documents of these forms."""
    document = build_openapi(forms.by_name)
    return Documents(to_json(document), render_docs(document))


@cache
def render_asyncapi(forms: Forms) -> bytes:
    """The AsyncAPI document of the topics; its schemas lie beside it, see `find_schema`. Takes a second."""
    known = {name: form.operation for name, form in forms.by_name.items()}
    return as_text(build_asyncapi(schema_directory(), known)).encode()


def find_schema(path: str) -> bytes | None:
    """A released Avro schema by its place, `<topic>/<Record>/NNN.avsc`; None where there is none."""
    file = schema_directory() / path
    return file.read_bytes() if _SCHEMA.fullmatch(path) and file.is_file() else None
