"""Submissions over REST: one command, and many in one request with one answer line each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aiohttp import web
from pydantic_core import from_json

from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Result
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import HTTP_REQUESTS
from meterstream.ws_adapter.model.failures import ToldByPlatform, broken, renamed
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.submission import Caller, Options
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest import views
from meterstream.ws_adapter.rest.answers import document_of_failure, failure_of, to_json
from meterstream.ws_adapter.rest.forms import Form, Forms
from meterstream.ws_adapter.rest.uploads import Upload, joined
from meterstream.ws_adapter.settings import BulkLimits

PREFIX: Final = "/v1"
FACE: Final = "rest"
USER_HEADER: Final = "X-User-Name"
APPLICATION_HEADER: Final = "X-Application-Name"
HEADER_OF_FIELD: Final = {"user": USER_HEADER, "application": APPLICATION_HEADER}
LINES_AT_A_TIME: Final = 100
"""Lines of one submission that wait for their verdict together."""
NDJSON: Final = "application/x-ndjson"

Posted = tuple[OperationRequest, str | None, Options]
AllowOperation = Callable[[Operation], None]
"""Raises where the caller's token does not cover an operation."""


class Submission(NamedTuple):
    """What became of one command: HTTP status, document, where it is."""

    status: int
    document: dict[str, Any]
    location: str | None


def location_of(correlation_uid: str) -> str:
    """Where a command is."""
    return f"{PREFIX}/operations/{quote(correlation_uid, safe='')}"


class Submitter:
    """Hands commands over and tells what became of them."""

    def __init__(self, platform: Platform, forms: Forms) -> None:
        self._platform = platform
        self._forms = forms

    async def read(self, form: Form, raw: bytes) -> Posted:
        """Request, device and options of a posted body; a large one is read in a thread.

        Raises: UNREADABLE_MESSAGE, VALIDATION_ERROR.
        """
        return await self._platform.offload.run(len(raw), lambda: form.read(raw, self._platform.clock()))

    async def read_upload(self, form: Form, upload: Upload) -> Posted:
        """The same of a submission in parts.

        Raises: as `read`.
        """
        size = len(upload.command) + sum(map(len, upload.fields.values()))
        return await self._platform.offload.run(size, lambda: form.read(joined(upload), self._platform.clock()))

    async def submit(self, form: Form, posted: Posted, caller: Caller, traceparent: str | None) -> Submission:
        """Submit one command.

        Raises: what domain rejects it with, what a synchronous operation failed with, NOT_READY.
        """
        request, device, options = posted
        with bind(operation=form.operation.name, device=device, correlation_uid=options.correlation_uid):
            try:
                submitted = await self._platform.submit(
                    form.operation,
                    request,
                    caller,
                    face=FACE,
                    device=device,
                    options=options,
                    traceparent=traceparent,
                )
            except PlatformError as failure:
                raise renamed(failure, HEADER_OF_FIELD) from None
        if form.operation.kind is Kind.SYNCHRONOUS:
            return Submission(200, self._answer(submitted.result, form), None)
        location = location_of(submitted.header.correlation_uid)
        if submitted.verdict is Verdict.COMPLETED:
            document = await self._completed(submitted.key, submitted.result, form)
            if document is not None:
                return Submission(200, document, location)
        return Submission(202, views.of_submitted(submitted, form), location)

    async def answer(self, form: Form, posted: Posted, caller: Caller, traceparent: str | None) -> dict[str, Any]:
        """The response of an operation that is carried out at once.

        Raises: what it failed with; NOT_READY where there is no answer in time.
        """
        submission = await self.submit(form, posted, caller, traceparent)
        result = submission.document.get("result")
        if result is None:
            uid = submission.document["correlation_uid"]
            raise error("NOT_READY", "no answer in time; the command tells what becomes of it", correlation_uid=uid)
        if result["error"] is not None:
            raise ToldByPlatform(ErrorRecord.model_validate(result["error"]))
        response: dict[str, Any] = result["response"]
        return response

    async def view(self, row: Progress) -> dict[str, Any]:
        """A command with its result."""
        form = self._forms.by_name.get(row.operation)
        result = await self._platform.result_of(row)
        return await self._platform.offload.run(len(row.result or b""), lambda: views.of_row(row, result, form))

    def _answer(self, result: Result | None, form: Form) -> dict[str, Any]:
        if result is None:
            raise error("TECHNICAL_ERROR", "answered without a result")
        if result.status is not ResultStatus.OK:
            raise failure_of(result)
        return views.of_result(result, form)

    async def _completed(self, key: CommandKey, result: Result | None, form: Form) -> dict[str, Any] | None:
        if result is not None:
            return views.of_result(result, form)
        row = await self._platform.progresses.read(key)
        return None if row is None else await self.view(row)

    def asked_of(self, form: Form, request: OperationRequest) -> Iterator[Operation]:
        """The operations that a request asks for: its own, and those of a bundle's actions."""
        yield form.operation
        if isinstance(request, BundleRequest):
            for action in request.actions:
                yield self._forms.find(action.operation).operation


class Bulk:
    """Many commands in one request, a line each (NDJSON), and a line of answer for each, in their order.

    The whole body is read before the first answer, so that a client that writes before it reads never hangs; lines
    beyond the organisation's rate wait. A line that cannot be done is answered with its problem and stops no other.
    """

    def __init__(self, platform: Platform, forms: Forms, submitter: Submitter, limits: BulkLimits) -> None:
        self._platform = platform
        self._forms = forms
        self._submitter = submitter
        self._limits = limits

    async def serve(self, request: web.Request, caller: Caller, allow: AllowOperation | None) -> web.StreamResponse:
        """Answer the lines.

        Raises: MESSAGE_TOO_LARGE, VALIDATION_ERROR for too many or no lines, SlowBody, HTTPUnsupportedMediaType.
        """
        if request.content_type not in (NDJSON, "application/jsonl", "application/ndjson"):
            raise web.HTTPUnsupportedMediaType(text=f"many commands are posted as {NDJSON}, a line each")
        lines = list(numbered(await self._platform.guard.read_body(request)))
        if not lines:
            raise broken("body", "has at least one line")
        if len(lines) > self._limits.max_lines:
            raise broken("body", f"has at most {self._limits.max_lines} lines")
        response = web.StreamResponse(headers={"Content-Type": NDJSON, "Cache-Control": "no-store"})
        await response.prepare(request)
        trace = request.headers.get("traceparent")
        waiting = iter(lines)
        while part := list(islice(waiting, LINES_AT_A_TIME)):
            answers = await asyncio.gather(*(self._answer(number, raw, caller, trace, allow) for number, raw in part))
            try:
                async with asyncio.timeout(self._limits.answer_timeout_s):
                    await response.write(b"".join(answers))
            except (ConnectionError, TimeoutError):
                break  # who does not read does not care; the commands that are out have their uids
        else:
            await response.write_eof()
            return response
        if request.transport is not None:
            request.transport.abort()  # an end without the last chunk tells that answers are missing
        return response

    async def _answer(
        self, number: int, raw: bytes, caller: Caller, traceparent: str | None, allow: AllowOperation | None
    ) -> bytes:
        name = ""
        answer: dict[str, Any] = {"line": number}
        try:
            form, submission = await self._submit(raw, caller, traceparent, allow)
            name, answer = form.operation.name, answer | {"status": submission.status, "command": submission.document}
        except Exception as failure:  # every line has its answer
            document = document_of_failure(failure)
            answer |= {"status": document["status"], "problem": document}
        self._platform.metrics.count(HTTP_REQUESTS, FACE, name, str(answer["status"]))
        return to_json(answer) + b"\n"

    async def _submit(
        self, raw: bytes, caller: Caller, traceparent: str | None, allow: AllowOperation | None
    ) -> tuple[Form, Submission]:
        if len(raw) > self._limits.max_line_bytes:
            limit = f"at most {self._limits.max_line_bytes} bytes"
            raise error("MESSAGE_TOO_LARGE", f"line: {limit}", field="line", rule=limit)
        form, posted = await self._platform.offload.run(len(raw), lambda: self._read(raw))
        if allow is not None:
            for operation in self._submitter.asked_of(form, posted[0]):
                allow(operation)
        if self._platform.progresses.closing:
            raise error("NOT_READY", "this replica ends; submit the line again")
        await self._platform.guard.pace.wait(caller.organisation)
        return form, await self._submitter.submit(form, posted, caller, traceparent)

    def _read(self, raw: bytes) -> tuple[Form, Posted]:
        form = self._forms.find(_operation_of(raw))
        return form, form.read_line(raw, self._platform.clock())


def numbered(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1; a line ends with LF or CRLF."""
    for number, line in enumerate(body.split(b"\n"), 1):
        if stripped := line.strip():
            yield number, stripped


def _operation_of(raw: bytes) -> str:
    try:
        document = from_json(raw, cache_strings="keys")
    except ValueError as problem:
        raise error("UNREADABLE_MESSAGE", f"line: {problem}", field="line", rule="JSON") from None
    name = document.get("operation") if isinstance(document, dict) else None
    if name is None:
        raise broken("operation", "is required")
    if not isinstance(name, str):
        raise broken("operation", "is text")
    return name
