"""Answers of REST: JSON, entity tags, and the problem that tells of a failure."""

from __future__ import annotations

import json
import logging
from hashlib import blake2b
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from aiohttp import web

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Result
from meterstream.runtime.errors import Outage, PoisonMessage
from meterstream.ws_adapter.model.failures import COMPONENT, UNKNOWN_UID, ToldByPlatform
from meterstream.ws_adapter.rest.problems import document_of, problem, problem_document, problem_response
from meterstream.ws_adapter.web.guard import SlowBody
from meterstream.ws_adapter.web.tokens import TokenRefused

log = logging.getLogger(__name__)


def to_json(document: Any) -> bytes:
    """A document as it is sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def json_response(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=to_json(document),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def tagged_response(request: web.Request, document: dict[str, Any]) -> web.Response:
    """What may change, with its entity tag; 304 without a body where the client has just this (RFC 9110, 13.1.2)."""
    body = to_json(document)
    tag = blake2b(body, digest_size=12).hexdigest()
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{tag}"', "Vary": "Authorization"}
    known = request.if_none_match
    if known is not None and any(one.value in (tag, "*") for one in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)


def answer_to(failure: Exception) -> web.Response:
    """The problem that tells of a failure."""
    if isinstance(failure, web.HTTPException):
        answer = problem(failure.status, HTTPStatus(failure.status).name, failure.text or failure.reason)
        if (allow := failure.headers.get("Allow")) is not None:
            answer.headers["Allow"] = allow
        return answer
    answer = problem_response(document_of_failure(failure))
    if isinstance(failure, TokenRefused):
        answer.headers["WWW-Authenticate"] = failure.challenge
    return answer


def document_of_failure(failure: Exception) -> dict[str, Any]:
    """The problem as a JSON object; what nobody foresaw gets a number by which the log tells more."""
    match failure:
        case PlatformError():
            return document_of(failure.to_record(COMPONENT))
        case Outage():
            log.warning("a request met an outage: %s", failure)
            return document_of(error("NOT_READY", "broker or database are away; try again").to_record(COMPONENT))
        case TokenRefused():
            code = "INSUFFICIENT_SCOPE" if failure.status == 403 else "INVALID_TOKEN" if failure.error else "NO_TOKEN"
            return problem_document(failure.status, code, failure.reason)
        case SlowBody():
            return problem_document(408, "REQUEST_TIMEOUT", str(failure))
        case PoisonMessage():
            log.error("a stored message cannot be read: %s", failure)
            return problem_document(500, failure.code, failure.reason)
    incident = uuid4().hex
    log.error("a request failed", exc_info=failure, extra={"incident": incident})
    return problem_document(500, "TECHNICAL_ERROR", "unexpected failure", details={"incident": incident})


def failure_of(result: Result) -> PlatformError:
    """Why a result is not ok."""
    if result.error is None:
        return error("TECHNICAL_ERROR", f"{result.operation.name}: {result.status.value}")
    return ToldByPlatform(result.error)


def unknown() -> PlatformError:
    """UNKNOWN_CORRELATION_UID."""
    return error(
        "UNKNOWN_CORRELATION_UID",
        UNKNOWN_UID,
        field="correlation_uid",
        rule="names a command of this organisation",
    )
