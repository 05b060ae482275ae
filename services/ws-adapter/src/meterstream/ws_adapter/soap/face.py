"""The SOAP endpoints."""

from __future__ import annotations

import logging
import time
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiohttp import web
from lxml import etree

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operation import Kind, Result
from meterstream.runtime.errors import Outage, PoisonMessage
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import HTTP_REQUESTS, HTTP_SECONDS
from meterstream.ws_adapter.model.failures import COMPONENT, UNKNOWN_UID, WRONG_KIND
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.rest.problems import problem
from meterstream.ws_adapter.settings import SoapSettings
from meterstream.ws_adapter.soap import faults
from meterstream.ws_adapter.soap.envelope import MalformedEnvelope, PlainFault, to_envelope
from meterstream.ws_adapter.soap.exchange import NOT_FOUND, NOT_OK, Exchange, Exchanges
from meterstream.ws_adapter.soap.headers import in_words_of_headers
from meterstream.ws_adapter.soap.later import acknowledged_uid
from meterstream.ws_adapter.soap.published import Published, base_of
from meterstream.ws_adapter.soap.receive import InvalidBody, NotUnderstood, Received, Receiver, UnknownBody
from meterstream.ws_adapter.soap.schema import schema_set, type_of
from meterstream.ws_adapter.soap.services import RetrievalFacts
from meterstream.ws_adapter.web.guard import SlowBody

log = logging.getLogger(__name__)

FACE: Final = "soap"
CONTENT_TYPE: Final = "text/xml"
CONTEXT_ROOTS: Final = ("/osgp-adapter-ws-smartmetering", "/osgp-adapter-ws-core")
CORE_SERVICES: Final = "/osgp-adapter-ws-core/"
SERVED: Final = web.RequestKey("soap_operation", str)


class SoapFace:
    """Requests, retrievals and deletions over SOAP 1.1."""

    def __init__(self, platform: Platform, settings: SoapSettings) -> None:
        self._platform = platform
        self._exchanges = Exchanges(platform.catalogue, platform.codec, ZoneInfo(settings.time_zone))
        self._published = Published()
        self._receiver = Receiver(self._exchanges, platform.organisations)

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to add to the application: everything below the context roots, in whatever letter case."""
        return [web.route("*", "/{tail:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not request.path.casefold().startswith(CONTEXT_ROOTS):
            return problem(404, "NOT_FOUND", f"there is nothing at {request.path}")
        if request.method == "POST":
            return await self._handle(request)
        if request.method in ("GET", "HEAD"):
            base = base_of(request.scheme, request.host)
            document = self._published.find(request.path, dict(request.query), base)
            if document is not None:
                return _response(document, 200)
        return web.Response(status=405, headers={"Allow": "POST"})

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        try:
            body = await self._answer(request)
            response: web.StreamResponse = _response(body, 200)
        except Exception as failure:  # every failure has its answer
            response = answer_to(failure, core=request.path.startswith(CORE_SERVICES))
        metrics = self._platform.metrics
        metrics.observe(HTTP_SECONDS, time.perf_counter() - began, FACE)
        metrics.count(HTTP_REQUESTS, FACE, request.get(SERVED, ""), str(response.status))
        return response

    async def _answer(self, request: web.Request) -> bytes:
        guard = self._platform.guard
        guard.check_head(request)
        certificate_name = guard.certificate_name(request)
        with guard.admit(request, self._platform.organisations.budget_of(certificate_name)):
            raw = await guard.read_body(request)
            received = await self._platform.offload.run(len(raw), lambda: self._receiver.receive(raw, certificate_name))
            request[SERVED] = received.operation.name
            with bind(organisation=received.caller.organisation, operation=received.operation.name):
                if received.correlation_uid is None:
                    return await self._submit(received, request.headers.get("traceparent"))
                if received.operation.kind == "retrieval":
                    return await self._retrieve(received)
                return await self._delete(received)

    async def _submit(self, received: Received, traceparent: str | None) -> bytes:
        exchange, asked, options = received.exchange, received.asked, received.options
        assert exchange is not None  # noqa: S101  # the receiver refuses a request without one
        assert asked is not None  # noqa: S101 - as above
        assert options is not None  # noqa: S101 - as above
        try:
            submitted = await self._platform.submit(
                exchange.operation,
                asked.request,
                received.caller,
                face=FACE,
                device=asked.device,
                options=options,
                traceparent=traceparent,
            )
        except PlatformError as failure:
            uid = None if exchange.operation.kind is Kind.SYNCHRONOUS else acknowledged_uid(failure)
            if uid is None:
                raise in_words_of_headers(failure) from None
            return to_envelope(exchange.acknowledge(asked.device, uid))
        if exchange.operation.kind is Kind.SYNCHRONOUS:
            return await self._final(submitted.result, exchange, received, 0)
        return to_envelope(exchange.acknowledge(asked.device, submitted.header.correlation_uid))

    async def _retrieve(self, received: Received) -> bytes:
        facts = received.operation.retrieval
        assert facts is not None  # noqa: S101  # every retrieval has its facts
        key = CommandKey(received.caller.organisation, received.correlation_uid or "")
        row = await self._platform.progresses.read_when(key, _is_final, self._platform.retrieval_s)
        exchange = received.exchange
        if row is not None and (exchange is None or row.operation != exchange.operation.name):
            raise error("VALIDATION_ERROR", WRONG_KIND, field="CorrelationUid", rule=WRONG_KIND)
        if row is None or row.result is None or exchange is None:
            return self._not_ready(received)
        result = await self._platform.result_of(row)
        try:
            body = await self._final(result, exchange, received, len(row.result))
        except Told:
            await self._consume(key, facts)
            raise
        await self._consume(key, facts)
        return body

    async def _consume(self, key: CommandKey, facts: RetrievalFacts) -> None:
        """What is told once is gone, a failure like a success."""
        if facts.consumes:
            await self._platform.progresses.delete(key)

    def _not_ready(self, received: Received) -> bytes:
        facts = received.operation.retrieval
        if facts is not None and facts.not_ready == "result_not_found" and received.exchange is not None:
            return to_envelope(received.exchange.respond_without_data(NOT_FOUND))
        unknown = error("UNKNOWN_CORRELATION_UID", UNKNOWN_UID).to_record(COMPONENT)
        if facts is not None and facts.not_ready == "technical_fault":
            raise Told(unknown, technical=True)
        raise Told(unknown)

    async def _final(self, result: Result | None, exchange: Exchange, received: Received, size: int) -> bytes:
        if result is None:
            raise error("TECHNICAL_ERROR", "answered without a result")
        if result.status is ResultStatus.OK and result.response is not None:
            response, header = result.response, result.header
            device, uid = header.device_identification, header.correlation_uid
            return await self._platform.offload.run(size, lambda: to_envelope(exchange.respond(response, device, uid)))
        facts = received.operation.retrieval
        failure = result.error or ErrorRecord(
            code="TECHNICAL_ERROR", message=f"{result.operation.name}: {result.status.value}", component=COMPONENT
        )
        match facts.on_failure if facts is not None else "fault":
            case "result_not_ok":
                return to_envelope(exchange.respond_without_data(NOT_OK, result.error))
            case "empty_result":
                return to_envelope(exchange.respond_without_data(NOT_OK))
            case "technical_fault":
                raise Told(failure, technical=True)
        raise Told(failure)

    async def _delete(self, received: Received) -> bytes:
        key = CommandKey(received.caller.organisation, received.correlation_uid or "")
        if not await self._platform.progresses.delete(key):
            raise Told(error("UNKNOWN_CORRELATION_UID", UNKNOWN_UID).to_record(COMPONENT))
        declared = schema_set(received.operation.schema_set).element(received.operation.output)
        owner = type_of(declared)
        element = etree.Element(declared.name, nsmap=dict(owner.schemas.prefixes_of(owner.document)))
        etree.SubElement(element, owner.child("Result").name).text = "OK"
        etree.SubElement(element, owner.child("resultString").name).text = "removed"
        return to_envelope(element)


class Told(Exception):
    """A failure that goes to the client as it was recorded."""

    def __init__(self, record: ErrorRecord, *, technical: bool = False) -> None:
        super().__init__(record.code)
        self.record = record
        self.technical = technical


def answer_to(failure: Exception, *, core: bool = False) -> web.StreamResponse:
    """The fault, or the bare status, that tells of a failure."""
    match failure:
        case UnknownBody():
            return web.Response(status=404)
        case MalformedEnvelope():
            return web.Response(status=400, text=f"{failure}\n")
        case SlowBody():
            return web.Response(status=408, text=f"{failure}\n")
        case web.HTTPException():
            return web.Response(status=failure.status, text=failure.text)
        case NotUnderstood():
            return _fault(faults.must_understand_fault())
        case InvalidBody():
            return _fault(faults.validation_fault(failure.violations))
        case PlainFault():
            return _fault(faults.server_fault(str(failure)))
        case Told():
            told = faults.technical_fault_of if failure.technical else faults.fault_of
            return _fault(told(failure.record, core=core))
        case PlatformError():
            status = {"MESSAGE_TOO_LARGE": 413}.get(failure.code.name, 500)
            return _fault(faults.fault_of(failure.to_record(COMPONENT), core=core), status)
        case Outage():
            log.warning("a request met an outage: %s", failure)
            away = error("NOT_READY", "broker or database are away; try again")
            return _fault(faults.fault_of(away.to_record(COMPONENT)))
        case PoisonMessage():
            log.error("a stored message cannot be read: %s", failure)
            unreadable = ErrorRecord(code=failure.code, message=failure.reason, component=COMPONENT)
            return _fault(faults.technical_fault_of(unreadable))
    incident = uuid4().hex
    log.error("a request failed", exc_info=failure, extra={"incident": incident})
    unexpected = error("TECHNICAL_ERROR", "unexpected failure", incident=incident)
    return _fault(faults.fault_of(unexpected.to_record(COMPONENT)))


def _fault(fault: faults.SoapFault, status: int = 500) -> web.Response:
    return _response(to_envelope(fault.element()), status)


def _response(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type=CONTENT_TYPE, charset="utf-8")


def _is_final(row: Progress | None) -> bool:
    return row is not None and row.final
