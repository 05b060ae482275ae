"""The routes of REST."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from re import compile as pattern
from typing import Final

from aiohttp import hdrs, web

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Operation, Result
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import HTTP_REQUESTS, HTTP_SECONDS
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.submission import Caller
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.answers import answer_to, json_response, tagged_response, unknown
from meterstream.ws_adapter.rest.docs import CONTENT_SECURITY_POLICY
from meterstream.ws_adapter.rest.documents import Documents
from meterstream.ws_adapter.rest.events import stream_events
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.rest.resources import Resource, resources_of
from meterstream.ws_adapter.rest.search import page_of, search_of
from meterstream.ws_adapter.rest.submit import (
    APPLICATION_HEADER,
    FACE,
    PREFIX,
    USER_HEADER,
    Bulk,
    Submitter,
    location_of,
)

LONGEST_WAIT_S: Final = 30
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
        self._submitter = Submitter(platform, forms)
        self._bulk = Bulk(platform, forms, self._submitter, platform.bulk)

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to add to the application; a known place answers other methods with 405."""
        many, one = f"{PREFIX}/operations", f"{PREFIX}/operations/{{uid}}"
        places: dict[str, dict[str, Handler]] = {
            f"{PREFIX}/openapi.json": {hdrs.METH_GET: self._openapi},
            f"{PREFIX}/docs": {hdrs.METH_GET: self._docs},
            many: {
                hdrs.METH_GET: self._guarded(self._search),
                hdrs.METH_POST: self._guarded(self._submit_many),
            },
            one: {
                hdrs.METH_POST: self._guarded(self._submit),
                hdrs.METH_GET: self._guarded(self._get),
                hdrs.METH_DELETE: self._guarded(self._cancel),
            },
            f"{one}/result": {
                hdrs.METH_GET: self._guarded(self._result),
                hdrs.METH_DELETE: self._guarded(self._forget),
            },
            f"{one}/events": {hdrs.METH_GET: self._guarded(self._events, stream=True)},
        }
        for resource in resources_of(self._forms.by_name).values():
            places[f"{PREFIX}/{resource.path}"] = {hdrs.METH_GET: self._guarded(self._reader(resource))}
        found: list[web.AbstractRouteDef] = []
        for path, methods in places.items():
            found += [web.route(method, path, handler) for method, handler in methods.items()]
            found.append(web.route("*", path, self._guarded(_not_allowed(sorted(methods)))))
        return [*found, web.route("*", f"{PREFIX}/{{tail:.*}}", self._guarded(_nothing))]

    async def _openapi(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=self._documents.openapi, content_type="application/json")

    async def _docs(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=self._documents.page, content_type="text/html", charset="utf-8", headers=headers)

    def _guarded(self, handler: Handler, *, stream: bool = False) -> Handler:
        guard = self._platform.guard
        metrics = self._platform.metrics

        async def guarded(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            response: web.StreamResponse
            try:
                guard.check_head(request)
                caller = self._caller(request)
                request[CALLER] = caller
                with (
                    guard.admit(request, caller.organisation, stream=stream),
                    bind(organisation=caller.organisation),
                ):
                    response = await handler(request)
            except Exception as failure:  # every failure has its answer
                response = answer_to(failure)
            if not stream:
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

    def _allow(self, operation: Operation) -> None:
        pass

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        form = self._forms.find(request.match_info["uid"])
        posted = await self._submitter.read(form, await self._platform.guard.read_body(request))
        request[OPERATION] = form.operation.name
        submission = await self._submitter.submit(form, posted, request[CALLER], request.headers.get("traceparent"))
        headers = None if submission.location is None else {"Location": submission.location}
        return json_response(submission.document, submission.status, headers)

    async def _submit_many(self, request: web.Request) -> web.StreamResponse:
        return await self._bulk.serve(request, request[CALLER], self._allow)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        search = search_of(request.query, request[CALLER].organisation, self._forms)
        return tagged_response(request, page_of(search, await self._platform.progresses.search(search)))

    def _reader(self, resource: Resource) -> Handler:
        form = resource.form

        async def read(request: web.Request) -> web.StreamResponse:
            request[OPERATION] = form.operation.name
            posted = resource.read(request.match_info, request.query)
            answered = await self._submitter.submit(form, posted, request[CALLER], request.headers.get("traceparent"))
            return tagged_response(request, answered.document["result"]["response"])

        return read

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return tagged_response(request, await self._submitter.view(await self._row(request)))

    async def _result(self, request: web.Request) -> web.StreamResponse:
        row = await self._row(request)
        document = await self._submitter.view(row)
        if not row.final:
            return json_response(document, 202)
        return tagged_response(request, document["result"])

    async def _forget(self, request: web.Request) -> web.StreamResponse:
        if not await self._platform.progresses.delete(self._key(request)):
            raise unknown()
        return web.Response(status=204)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        key = self._key(request)
        row = await self._platform.progresses.read(key)
        if row is not None and row.state == ResultStatus.CANCELLED:
            return json_response(await self._submitter.view(row))
        reply = await self._platform.ingress.cancel(
            key,
            None if row is None else row.device_identification,
            request[CALLER],
            request.headers.get("traceparent"),
        )
        location = {"Location": location_of(key.correlation_uid)}
        if reply is None or reply.result is None:
            document = {"correlation_uid": key.correlation_uid, "cancellation": "requested"}
            return json_response(document, status=202, headers=location)
        result = self._platform.codec.decode_as(reply.result, Result)
        return json_response(views.of_result(result, self._forms.find(result.operation.name)), headers=location)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await stream_events(
            request,
            self._key(request),
            self._platform.progresses,
            self._submitter.view,
            existence_s=self._platform.retrieval_s,
        )

    async def _row(self, request: web.Request) -> Progress:
        """The row that a request names, once it is there, and final if the caller wants to wait for that.

        Raises: UNKNOWN_CORRELATION_UID.
        """
        key = self._key(request)
        wait_s = wanted_wait_s(request.headers.get("Prefer", ""))
        row = await self._platform.progresses.read_when(key, exists, self._platform.retrieval_s)
        if row is not None and not row.final and wait_s:
            row = await self._platform.progresses.read_when(key, is_final, wait_s)
        if row is None or row.deleted:
            raise unknown()
        request[OPERATION] = row.operation
        return row

    def _key(self, request: web.Request) -> CommandKey:
        key = CommandKey(request[CALLER].organisation, request.match_info["uid"])
        if not _UID.match(key.correlation_uid):
            raise unknown()
        return key


def _not_allowed(methods: list[str]) -> Handler:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMethodNotAllowed(request.method, methods)

    return refuse


async def _nothing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound(text=f"there is nothing at {request.path}")


def exists(row: Progress | None) -> bool:
    """Whether the store has heard of the command."""
    return row is not None


def is_final(row: Progress | None) -> bool:
    """Whether there is nothing left to wait for."""
    return row is not None and row.final


def wanted_wait_s(prefer: str) -> int:
    """Seconds of a `Prefer: wait=…` header (RFC 7240), bounded."""
    found = _PREFER_WAIT.search(prefer)
    return min(int(found[1]), LONGEST_WAIT_S) if found else 0
