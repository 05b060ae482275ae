"""The routes of REST."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from re import compile as pattern
from typing import Final

from aiohttp import hdrs, web

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Result
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import HTTP_REQUESTS, HTTP_SECONDS
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.submission import Caller
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.answers import answer_to, json_response, tagged_response, unknown
from meterstream.ws_adapter.rest.docs import CONTENT_SECURITY_POLICY
from meterstream.ws_adapter.rest.documents import Documents, find_schema, render_asyncapi
from meterstream.ws_adapter.rest.events import stream_events
from meterstream.ws_adapter.rest.forms import Form, Forms
from meterstream.ws_adapter.rest.resources import Resource, resources_of
from meterstream.ws_adapter.rest.search import page_of, search_of
from meterstream.ws_adapter.rest.submit import (
    APPLICATION_HEADER,
    FACE,
    PREFIX,
    USER_HEADER,
    Bulk,
    Posted,
    Submitter,
    location_of,
)
from meterstream.ws_adapter.rest.uploads import MULTIPART, read_upload
from meterstream.ws_adapter.web.tokens import READ, Grant, scopes_of, token_required

LONGEST_WAIT_S: Final = 30
CALLER: Final = web.RequestKey("caller", Caller)
OPERATION: Final = web.RequestKey("operation", str)
GRANT: Final = web.RequestKey("grant", Grant)

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
            f"{PREFIX}/asyncapi.json": {hdrs.METH_GET: self._asyncapi},
            f"{PREFIX}/avro/{{path:.+}}": {hdrs.METH_GET: self._schema},
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

    async def _asyncapi(self, _: web.Request) -> web.StreamResponse:
        body = await asyncio.to_thread(render_asyncapi, self._forms)
        return web.Response(body=body, content_type="application/json")

    async def _schema(self, request: web.Request) -> web.StreamResponse:
        body = find_schema(request.match_info["path"])
        if body is None:
            return answer_to(web.HTTPNotFound(text=f"there is nothing at {request.path}"))
        return web.Response(body=body, content_type="application/json")

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
                caller = await self._identify(request)
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

    async def _identify(self, request: web.Request) -> Caller:
        """Who calls: by the token of a request that has one, else by the client's certificate.

        Raises: TokenRefused, UNAUTHORIZED, UNKNOWN_ORGANISATION, DISABLED_ORGANISATION, NOT_READY.
        """
        platform = self._platform
        grant = None if platform.tokens is None else await platform.tokens.grant_of(request, platform.clock())
        if grant is not None:
            request[GRANT] = grant
            organisation, name = grant.organisation, grant.subject
        elif platform.tokens is not None and not platform.guard.has_certificate(request):
            raise token_required()
        else:
            name = platform.guard.certificate_name(request)
            organisation = platform.organisations.speaking_for(name)
        platform.organisations.admit(organisation)
        return Caller(
            organisation,
            request.headers.get(USER_HEADER, name),
            request.headers.get(APPLICATION_HEADER, FACE),
        )

    def _allow(self, request: web.Request, form: Form, posted: Posted) -> None:
        """Raises: TokenRefused where the token does not cover the operation, or an action of the bundle."""
        if (grant := request.get(GRANT)) is not None:
            for operation in self._submitter.asked_of(form, posted[0]):
                grant.require(*scopes_of(operation))

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        form = self._forms.find(request.match_info["uid"])
        upload = None
        if request.content_type == MULTIPART:
            upload = await read_upload(request, self._platform.guard.settings, form.body)
            posted = await self._submitter.read_upload(form, upload)
        else:
            posted = await self._submitter.read(form, await self._platform.guard.read_body(request))
        request[OPERATION] = form.operation.name
        self._allow(request, form, posted)
        submission = await self._submitter.submit(form, posted, request[CALLER], request.headers.get("traceparent"))
        headers = None if submission.location is None else {"Location": submission.location}
        document = submission.document if upload is None else submission.document | {"uploads": upload.told()}
        return json_response(document, submission.status, headers)

    async def _submit_many(self, request: web.Request) -> web.StreamResponse:
        grant = request.get(GRANT)
        allow = None if grant is None else lambda operation: grant.require(*scopes_of(operation))
        return await self._bulk.serve(request, request[CALLER], allow)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        require_reading(request)
        search = search_of(request.query, request[CALLER].organisation, self._forms)
        return tagged_response(request, page_of(search, await self._platform.progresses.search(search)))

    def _reader(self, resource: Resource) -> Handler:
        form = resource.form

        async def read(request: web.Request) -> web.StreamResponse:
            request[OPERATION] = form.operation.name
            posted = resource.read(request.match_info, request.query)
            self._allow(request, form, posted)
            found = await self._submitter.answer(form, posted, request[CALLER], request.headers.get("traceparent"))
            if resource.is_one_thing and all(value is None for value in found.values()):
                raise web.HTTPNotFound(text=f"there is nothing at {request.path}")
            return tagged_response(request, found)

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
        require_reading(request)
        if not await self._platform.progresses.delete(self._key(request)):
            raise unknown()
        return web.Response(status=204)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        key = self._key(request)
        row = await self._platform.progresses.read(key)
        if (grant := request.get(GRANT)) is not None:
            form = None if row is None else self._forms.by_name.get(row.operation)
            grant.require(*(() if form is None else scopes_of(form.operation)))
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
        require_reading(request)
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
        require_reading(request)
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


def require_reading(request: web.Request) -> None:
    """Raises: TokenRefused where a token does not let its bearer see commands and results."""
    if (grant := request.get(GRANT)) is not None:
        grant.require(READ)


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
