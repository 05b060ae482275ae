"""The three ways in, as clients outside the platform use them: SOAP, REST, Kafka."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest
from meterstream.runtime.codec import Codec
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing, Producer

SCHEMAS = "http://www.opensmartgridplatform.org/schemas"
COMMON = f"{SCHEMAS}/common/2014/10"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CONTEXT = "/osgp-adapter-ws-smartmetering/smartMetering"
USER = "demo"
APPLICATION = "Demo"
LIFETIME = timedelta(hours=24)


class FaceRefused(Exception):
    """The platform said no to a submission; the text is its answer."""


@dataclass(frozen=True)
class Submission:
    """One command to send: the request, its body on the SOAP face, and its JSON where that is not the request's own."""

    operation: str
    device: str
    request: OperationRequest
    soap_service: str = ""
    soap_body: str = ""
    json_request: Mapping[str, Any] | None = None

    @property
    def json(self) -> Mapping[str, Any]:
        """The request on the REST face."""
        return self.json_request or self.request.model_dump(mode="json", exclude_none=True)


class Face(Protocol):
    """One way in."""

    name: str

    async def submit(self, submission: Submission, uid: str | None = None) -> str:
        """Send the command, under `uid` where it is given; its correlation uid.

        Raises: FaceRefused.
        """


class RestFace:
    """REST with a client certificate; the correlation uid is ours."""

    name = "REST"

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def submit(self, submission: Submission, uid: str | None = None) -> str:
        """POST /v1/operations/<operation>."""
        uid = uid or f"demo-{uuid4().hex}"
        body = {
            "device_identification": submission.device,
            "correlation_uid": uid,
            "request": submission.json,
        }
        async with self._session.post(f"{self._base}/v1/operations/{submission.operation}", json=body) as response:
            if response.status not in (200, 202):
                raise FaceRefused(f"{response.status}: {await response.text()}")
        return uid

    async def fetch(self, uid: str) -> dict[str, Any]:
        """GET /v1/operations/<uid>."""
        async with self._session.get(f"{self._base}/v1/operations/{uid}") as response:
            found: dict[str, Any] = await response.json()
            return found


class SoapFace:
    """SOAP 1.1 as the incumbent's clients send it; the correlation uid comes with the acknowledgement."""

    name = "SOAP"

    def __init__(self, session: aiohttp.ClientSession, base: str, organisation: str) -> None:
        self._session = session
        self._base = base
        self._organisation = organisation

    async def submit(self, submission: Submission, uid: str | None = None) -> str:
        """POST the request; the acknowledgement's CorrelationUid."""
        chosen = f"<c:CorrelationUid>{escape(uid)}</c:CorrelationUid>" if uid else ""
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:c="{COMMON}"><s:Header>'
            f"<c:OrganisationIdentification>{escape(self._organisation)}</c:OrganisationIdentification>"
            f"<c:UserName>{USER}</c:UserName><c:ApplicationName>{APPLICATION}</c:ApplicationName>{chosen}"
            "</s:Header>"
            f"<s:Body>{submission.soap_body}</s:Body></s:Envelope>"
        )
        url = f"{self._base}{CONTEXT}/{submission.soap_service}/"
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        async with self._session.post(url, data=envelope.encode(), headers=headers) as response:
            text = await response.read()
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        told = etree.fromstring(text, parser).findtext(f".//{{{COMMON}}}CorrelationUid") if response.ok else None
        if not told:
            raise FaceRefused(f"{response.status}: {text.decode(errors='replace')}")
        return str(told)


class KafkaFace:
    """An upstream system that publishes commands by itself; many calls share one produce batch."""

    name = "Kafka"
    topic = "upstream-commands"

    def __init__(self, producer: Producer, organisation: str) -> None:
        self._producer = producer
        self._organisation = organisation
        self._codec = Codec()

    async def submit(self, submission: Submission, uid: str | None = None) -> str:
        """Publish the command."""
        uid = uid or f"demo-{uuid4().hex}"
        await self.publish([(uid, submission)])
        return uid

    async def publish(self, submissions: Sequence[tuple[str, Submission]]) -> None:
        """Publish many commands in one batch."""
        now = datetime.now(UTC)
        await self._producer.send([self.message(uid, submission, now) for uid, submission in submissions])

    def message(self, uid: str, submission: Submission, now: datetime) -> Outgoing:
        """The command as it lies on the topic."""
        header = CommandHeader(
            correlation_uid=uid,
            submission_id=uuid4().hex,
            device_identification=submission.device,
            organisation=self._organisation,
            user=USER,
            application=APPLICATION,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        command = find_operation(submission.operation).command(header=header, request=submission.request)
        headers = ce_headers(type(command).__name__, "upstream", header.submission_id, now)
        return Outgoing(self.topic, submission.device.encode(), self._codec.encode(command), headers)


def https_session(context: ssl.SSLContext, connections: int = 64) -> aiohttp.ClientSession:
    """A session that presents the organisation's certificate."""
    connector = aiohttp.TCPConnector(ssl=context, limit=connections)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))


async def submit_all(face: Face, submissions: Sequence[Submission], at_once: int) -> dict[str, Submission]:
    """Submit many, `at_once` at a time; every submission by its correlation uid.

    Raises: FaceRefused for the first that is refused.
    """
    accepted: dict[str, Submission] = {}
    waiting = iter(submissions)

    async def work() -> None:
        for submission in waiting:
            accepted[await face.submit(submission)] = submission

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(submissions))):
            group.create_task(work())
    return accepted
