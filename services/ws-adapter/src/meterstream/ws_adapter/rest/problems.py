"""Failures as RFC 9457 problem details."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web
from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.errors import (
    CODES,
    Conflict,
    ErrorRecord,
    InvalidRequest,
    NotAuthorised,
    PlatformError,
    PlatformTrouble,
    UnknownEntity,
)

CONTENT_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:meterstream:problem:"

_BY_CODE: Final = {
    "UNKNOWN_ORGANISATION": 403,
    "UNREADABLE_MESSAGE": 400,
    "MESSAGE_TOO_LARGE": 413,
    "TOO_MANY_REQUESTS": 429,
    "NOT_READY": 503,
    "UNSUPPORTED_OPERATION": 501,
    "TECHNICAL_ERROR": 500,
}
_BY_KIND: Final[tuple[tuple[type[PlatformError], int], ...]] = (
    (UnknownEntity, 404),
    (NotAuthorised, 403),
    (Conflict, 409),
    (InvalidRequest, 422),
    (PlatformTrouble, 500),
)
_RETRY_AFTER: Final = {429: "1", 503: "2"}


class Problem(Record):
    """RFC 9457; `code` is stable, `number` the functional code of the SOAP contract."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    number: int | None = None
    component: str | None = None
    field: str | None = None
    rule: str | None = None
    details: dict[str, str] = Field(default_factory=dict)


def status_of(code: str) -> int:
    """The HTTP status of a stable code; what concerns the meter's side is a bad gateway."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    known = CODES.get(code)
    if known is None:
        return 500
    return next((status for kind, status in _BY_KIND if issubclass(known.kind, kind)), 502)


def document_of(record: ErrorRecord) -> dict[str, Any]:
    """The problem that a failure is."""
    details = dict(record.details)
    fields: dict[str, Any] = {name: details.pop(name) for name in ("field", "rule") if name in details}
    if details:
        fields["details"] = details
    return problem_document(
        status_of(record.code), record.code, record.message, number=record.number, component=record.component, **fields
    )


def problem_document(status: int, code: str, detail: str, **fields: Any) -> dict[str, Any]:
    """A problem of the given code."""
    document = {
        "type": TYPE + code.lower().replace("_", "-"),
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    return document | {name: value for name, value in fields.items() if value is not None}


def problem(status: int, code: str, detail: str, **fields: Any) -> web.Response:
    """An answer of the given code."""
    return problem_response(problem_document(status, code, detail, **fields))


def problem_response(document: dict[str, Any]) -> web.Response:
    """The answer to a request that failed."""
    status = document["status"]
    headers = {"Retry-After": _RETRY_AFTER[status]} if status in _RETRY_AFTER else None
    body = json.dumps(document, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type=CONTENT_TYPE, headers=headers)
