"""A page about the REST face for people: one self-contained document, nothing is loaded from anywhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{border-bottom:1px solid var(--line);margin-top:3rem}
code,pre{font:14px/1.4 ui-monospace,monospace;background:var(--soft);border-radius:4px}
code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;
border-bottom:1px solid var(--line)}
.method{font-weight:700;padding-right:.5rem}
details{margin:1.2rem 0}summary{cursor:pointer}
"""
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def render_docs(document: Mapping[str, Any]) -> bytes:
    """The page of an OpenAPI document."""
    info = document["info"]
    body = [
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['summary'])} Version {escape(info['version'])}.",
        ' Machine-readable: <a href="openapi.json">openapi.json</a>.</p>',
        f"<p>{escape(document['components']['securitySchemes']['clientCertificate']['description']).capitalize()}.",
        " Failures are <code>application/problem+json</code> with a stable <code>code</code>.</p>",
    ]
    for tag in document["tags"]:
        body.append(f"<h2>{escape(tag['name'])}</h2>")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method != "parameters" and tag["name"] in operation["tags"]:
                    body += _operation(method, path, operation, document)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
    )
    return (page + "".join(body) + "</body></html>\n").encode()


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary><span class="method">{method.upper()}</span>'
    yield f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{_inline(paragraph)}</p>"
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        yield "<h4>Body</h4>" + _fields(content["schema"], document)
        for example in content.get("examples", {}).values():
            yield f"<pre>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre>"
    yield "<h4>Answers</h4><table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td><code>{escape(status)}</code></td><td>{_inline(answer['description'])}</td></tr>"
    yield "</table></details>"


def _fields(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int = 0) -> str:
    resolved = _resolve(schema, document)
    required = set(resolved.get("required", ()))
    rows = []
    for name, field in resolved.get("properties", {}).items():
        inner = _inner(field, document)
        description = field.get("description") or inner.get("description") or ""
        nested = _fields(inner, document, depth + 1) if inner.get("properties") and depth < 3 else ""
        mark = "" if name in required else " <small>optional</small>"
        rows.append(
            f"<tr><td><code>{escape(name)}</code>{mark}</td><td>{escape(_type(field, document))}</td>"
            f"<td>{_inline(description.split(chr(10))[0])}{nested}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>" if rows else "<p>No fields.</p>"


def _resolve(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _inner(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a value that is there."""
    for branch in schema.get("anyOf", ()):
        if branch.get("type") != "null":
            return _resolve(branch, document)
    return _resolve(schema, document)


def _type(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    inner = _inner(schema, document)
    if "enum" in inner:
        return " | ".join(str(value) for value in inner["enum"])
    if "oneOf" in inner:
        return "one of " + ", ".join(_resolve(branch, document).get("title", "?") for branch in inner["oneOf"])
    if inner.get("type") == "array":
        return "list of " + _type(inner["items"], document)
    return str(inner.get("format") or inner.get("type") or inner.get("title", "value"))


def _inline(text: str) -> str:
    """Escaped text; what stands between backquotes is code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
