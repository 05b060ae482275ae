"""The routes of REST."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from re import compile as pattern
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from aiohttp import web

from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Kind, Result
from meterstream.runtime.errors import Outage, PoisonMessage
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import HTTP_REQUESTS, HTTP_SECONDS
from meterstream.ws_adapter.model.failures import COMPONENT, ToldByPlatform, renamed
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.submission import Caller
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.docs import CONTENT_SECURITY_POLICY
from meterstream.ws_adapter.rest.documents import Documents
from meterstream.ws_adapter.rest.events import stream_events
from meterstream.ws_adapter.rest.forms import Form, Forms
from meterstream.ws_adapter.rest.problems import problem, problem_of
from meterstream.ws_adapter.web.guard import SlowBody

log = logging.getLogger(__name__)

PREFIX: Final = "/v1"
FACE: Final = "rest"
LONGEST_WAIT_S: Final = 30
USER_HEADER: Final = "X-User-Name"
APPLICATION_HEADER: Final = "X-Application-Name"
HEADER_OF_FIELD: Final = {"user": USER_HEADER, "application": APPLICATION_HEADER}
CALLER: Final = web.RequestKey("caller", Caller)
OPERATION: Final = web.RequestKey("operation", str)

_UID: Final = pattern(r"^[\x20-\x7e]{20,255}$")
_PREFER_WAIT: Final = pattern(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestFace:
    """Commands over HTTP and JSON."""

    def __init__(self, platform: Platform, forms: Forms, documents: Documents) -> None:
        self._platform = platform
        self._forms = forms
        self._documents = documents

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to add to the application."""
        one = f"{PREFIX}/operations/{{uid}}"
        return [
            web.get(f"{PREFIX}/openapi.json", self._openapi),
            web.get(f"{PREFIX}/docs", self._docs),
            web.post(f"{PREFIX}/operations/{{operation}}", self._guarded(self._submit)),
            web.get(one, self._guarded(self._get)),
            web.delete(one, self._guarded(self._cancel)),
            web.get(f"{one}/events", self._guarded(self._events, streams=True), allow_head=False),
            web.route("*", f"{PREFIX}/{{tail:.*}}", self._guarded(self._nothing)),
        ]

    async def _openapi(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=self._documents.openapi, content_type="application/json")

    async def _docs(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=self._documents.page, content_type="text/html", charset="utf-8", headers=headers)

    def _guarded(self, handler: Handler, *, streams: bool = False) -> Handler:
        guard = self._platform.guard
        metrics = self._platform.metrics

        async def guarded(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                guard.check_head(request)
                caller = self._caller(request)
                request[CALLER] = caller
                places = guard.streams if streams else guard.requests
                with places.one(caller.organisation), bind(organisation=caller.organisation):
                    response = await handler(request)
            except Exception as failure:  # every failure has its answer
                response = answer_to(failure)
            if not streams:
                metrics.observe(HTTP_SECONDS, time.perf_counter() - began, FACE)
            metrics.count(HTTP_REQUESTS, FACE, request.get(OPERATION, ""), str(response.status))
            return response

        return guarded

    def _caller(self, request: web.Request) -> Caller:
        organisations = self._platform.organisations
        name = self._platform.guard.certificate_name(request)
        organisation = organisations.speaking_for(name)
        organisations.admit(organisation)
        return Caller(
            organisation,
            request.headers.get(USER_HEADER, name),
            request.headers.get(APPLICATION_HEADER, FACE),
        )

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        form = self._forms.find(request.match_info["operation"])
        raw = await self._platform.guard.read_body(request)
        posted, device, options = form.read(raw, self._platform.clock())
        request[OPERATION] = form.operation.name
        with bind(operation=form.operation.name, device=device, correlation_uid=options.correlation_uid):
            try:
                submitted = await self._platform.ingress.submit(
                    form.operation,
                    posted,
                    request[CALLER],
                    face=FACE,
                    device=device,
                    options=options,
                    traceparent=request.headers.get("traceparent"),
                )
            except PlatformError as failure:
                raise renamed(failure, HEADER_OF_FIELD) from None
        if form.operation.kind is Kind.SYNCHRONOUS:
            return self._answer(submitted.result, form)
        location = f"{PREFIX}/operations/{quote(submitted.header.correlation_uid, safe='')}"
        if submitted.verdict is Verdict.COMPLETED:
            document = await self._completed(submitted.key, submitted.result, form)
            if document is not None:
                return json_response(document, headers={"Location": location})
        return json_response(views.of_submitted(submitted, form), status=202, headers={"Location": location})

    def _answer(self, result: Result | None, form: Form) -> web.Response:
        if result is None:
            raise error("TECHNICAL_ERROR", "answered without a result")
        if result.status is not ResultStatus.OK:
            raise failure_of(result)
        return json_response(views.of_result(result, form))

    async def _completed(self, key: CommandKey, result: Result | None, form: Form) -> dict[str, Any] | None:
        if result is not None:
            return views.of_result(result, form)
        row = await self._platform.progresses.read(key)
        return None if row is None else await self._view(row)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        key = self._key(request)
        wait_s = wanted_wait_s(request.headers.get("Prefer", ""))
        row = await self._platform.progresses.read_when(key, exists, self._platform.retrieval_s)
        if row is not None and not row.final and wait_s:
            row = await self._platform.progresses.read_when(key, is_final, wait_s)
        if row is None or row.deleted:
            raise unknown()
        request[OPERATION] = row.operation
        return json_response(await self._view(row))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        key = self._key(request)
        row = await self._platform.progresses.read(key)
        if row is not None and row.state == ResultStatus.CANCELLED:
            return json_response(await self._view(row))
        reply = await self._platform.ingress.cancel(
            key,
            None if row is None else row.device_identification,
            request[CALLER],
            request.headers.get("traceparent"),
        )
        location = {"Location": f"{PREFIX}/operations/{quote(key.correlation_uid, safe='')}"}
        if reply is None or reply.result is None:
            document = {"correlation_uid": key.correlation_uid, "cancellation": "requested"}
            return json_response(document, status=202, headers=location)
        result = self._platform.codec.decode_as(reply.result, Result)
        return json_response(views.of_result(result, self._forms.find(result.operation.name)), headers=location)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        key = self._key(request)
        return await stream_events(
            request, key, self._platform.progresses, self._view, existence_s=self._platform.retrieval_s
        )

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.removeprefix(f"{PREFIX}/").split("/")
        match parts:
            case ["operations", _]:
                raise web.HTTPMethodNotAllowed(request.method, ["POST", "GET", "DELETE"])
            case ["operations", _, "events"] | ["openapi.json"] | ["docs"]:
                raise web.HTTPMethodNotAllowed(request.method, ["GET"])
        raise web.HTTPNotFound(text=f"there is nothing at {request.path}")

    def _key(self, request: web.Request) -> CommandKey:
        key = CommandKey(request[CALLER].organisation, request.match_info["uid"])
        if not _UID.match(key.correlation_uid):
            raise unknown()
        return key

    async def _view(self, row: Progress) -> dict[str, Any]:
        form = self._forms.by_name.get(row.operation)
        result = await self._platform.result_of(row)
        return await self._platform.offload.run(len(row.result or b""), lambda: views.of_row(row, result, form))


def answer_to(failure: Exception) -> web.StreamResponse:
    """The problem that tells of a failure."""
    match failure:
        case PlatformError():
            return problem_of(failure.to_record(COMPONENT))
        case Outage():
            log.warning("a request met an outage: %s", failure)
            return problem_of(error("NOT_READY", "broker or database are away; try again").to_record(COMPONENT))
        case SlowBody():
            return problem(408, "REQUEST_TIMEOUT", str(failure))
        case web.HTTPException():
            return problem(failure.status, HTTPStatus(failure.status).name, failure.text or failure.reason)
        case PoisonMessage():
            log.error("a stored message cannot be read: %s", failure)
            return problem(500, failure.code, failure.reason)
    incident = uuid4().hex
    log.error("a request failed", exc_info=failure, extra={"incident": incident})
    return problem(500, "TECHNICAL_ERROR", "unexpected failure", details={"incident": incident})


def failure_of(result: Result) -> PlatformError:
    """Why a result is not ok."""
    if result.error is None:
        return error("TECHNICAL_ERROR", f"{result.operation.name}: {result.status.value}")
    return ToldByPlatform(result.error)


def exists(row: Progress | None) -> bool:
    """Whether the store has heard of the command."""
    return row is not None


def is_final(row: Progress | None) -> bool:
    """Whether there is nothing left to wait for."""
    return row is not None and row.final


def unknown() -> PlatformError:
    """UNKNOWN_CORRELATION_UID."""
    return error(
        "UNKNOWN_CORRELATION_UID",
        "CorrelationUid is unknown.",
        field="correlation_uid",
        rule="names a command of this organisation",
    )


def wanted_wait_s(prefer: str) -> int:
    """Seconds of a `Prefer: wait=…` header (RFC 7240), bounded."""
    found = _PREFER_WAIT.search(prefer)
    return min(int(found[1]), LONGEST_WAIT_S) if found else 0


def json_response(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that no cache keeps."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
