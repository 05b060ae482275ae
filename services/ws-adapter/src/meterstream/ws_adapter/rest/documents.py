"""What the REST face tells about itself, rendered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from meterstream.ws_adapter.rest.docs import render_docs
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.openapi import build_openapi, to_json


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
