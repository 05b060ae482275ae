"""Results, organisations and a database for the tests of notification."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import CommandHeader, ResultStatus
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.events import Event, EventKind, LifecycleChange
from meterstream.contracts.operation import Result
from meterstream.contracts.records import Endpoint, EndpointKind, OrganisationRecord
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.system_events import SystemEventType
from meterstream.notification.adapters.database import ServiceDatabase
from meterstream.notification.adapters.store import DeliveryStore
from meterstream.runtime.settings import PostgresSettings

NOW = datetime(2025, 3, 14, 2, 30, tzinfo=UTC)
DEVICE = "E0000000000000001"
EVENT = "0123456789abcdef0123456789abcdef"
UID = "DemoGridOrg|||E0000000000000001|||20250314026863797|||39dbc3b1-2fe2-44af-a4f5-e11eff9e3ae4"

MakeResult = Callable[..., Result]
MakeOrganisation = Callable[..., OrganisationRecord]


@pytest.fixture
def make_result() -> MakeResult:
    def make(
        operation: str = "GetActualMeterReads",
        *,
        status: ResultStatus = ResultStatus.OK,
        message: str | None = None,
        code: str = "CONNECTION_REFUSED",
        uid: str = UID,
        organisation: str = "DemoGridOrg",
        application: str = "portal",
        response_url: str | None = None,
    ) -> Result:
        header = CommandHeader(
            correlation_uid=uid,
            submission_id="s-1",
            device_identification=DEVICE,
            organisation=organisation,
            user="someone",
            application=application,
            created_at=NOW,
            expires_at=NOW + timedelta(days=1),
            response_url=response_url,
        )
        error = None if message is None else ErrorRecord(code=code, message=message, component="PROTOCOL_DLMS")
        return find_operation(operation).result(header=header, status=status, attempt=1, finished_at=NOW, error=error)

    return make


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def make(kind: EventKind = EventKind.ALARM, **fields: Any) -> Event:
        told: dict[str, Any] = {
            EventKind.ALARM: {"alarms": [AlarmType.LAST_GASP]},
            EventKind.SYSTEM_EVENT: {"system_event": SystemEventType.INVOCATION_COUNTER_THRESHOLD_REACHED},
            EventKind.LIFECYCLE: {"lifecycle": LifecycleChange.ADDED},
        }[kind]
        values = {
            "event_id": EVENT,
            "device_identification": DEVICE,
            "organisations": ["DemoGridOrg"],
            "kind": kind,
            "occurred_at": NOW,
            "recorded_at": NOW,
        }
        return Event(**(values | told | fields))

    return make


@pytest.fixture
def make_organisation() -> MakeOrganisation:
    def make(*endpoints: Endpoint, name: str = "DemoGridOrg", revision: int = 1, **fields: Any) -> OrganisationRecord:
        values = {"organisation": name, "revision": revision, "name": name, "enabled": True, **fields}
        return OrganisationRecord(endpoints=list(endpoints), **values)

    return make


@pytest.fixture
def soap_endpoint() -> Endpoint:
    return Endpoint(kind=EndpointKind.SOAP, url="https://erp.example.org/notificationService/")


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[ServiceDatabase]:
    opened = ServiceDatabase(PostgresSettings(dsn=database_dsn))
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
def store(database: ServiceDatabase) -> DeliveryStore:
    return DeliveryStore(database)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SOAP_ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><n:SendNotificationResponse xmlns:n='
    '"http://www.opensmartgridplatform.org/schemas/smartmetering/sm-notification/2014/10"/></s:Body></s:Envelope>'
)


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None = None


@dataclass
class Receiver:
    """An endpoint on loopback: keeps what it is sent, answers each path as planned, else as a good receiver does."""

    received: list[Received] = field(default_factory=list)
    planned: dict[str, deque[Answer]] = field(default_factory=dict)
    always: dict[str, Answer] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    server: TestServer | None = None

    def url(self, path: str) -> str:
        assert self.server is not None
        return str(self.server.make_url(path))

    def plan(self, path: str, *answers: Answer) -> None:
        self.planned.setdefault(path, deque()).extend(answers)

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def wait_for(self, path: str, count: int) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: len(self.at(path)) >= count)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(request.path, dict(request.headers), await request.read())
        await self.tell(received)
        planned = self.planned.get(request.path)
        answer = planned.popleft() if planned else self.always.get(request.path, self.good)
        response = await answer(request)
        received.status = response.status
        await self.tell()
        return response

    async def tell(self, *received: Received) -> None:
        async with self.changed:
            self.received += received
            self.changed.notify_all()

    @staticmethod
    async def good(_: web.Request) -> web.Response:
        return web.Response(text=SOAP_ANSWER, content_type="text/xml")

    @staticmethod
    def status(number: int, **headers: str) -> Answer:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=number, headers={name.replace("_", "-"): v for name, v in headers.items()})

        return answer

    @staticmethod
    def held(until: asyncio.Event) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            await until.wait()
            return await Receiver.good(request)

        return answer

    @staticmethod
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    @staticmethod
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    made.server = TestServer(app)
    await made.server.start_server()
    yield made
    await made.server.close()
