"""The faces on a twin of domain: commands are answered in memory, over the same bytes as on Kafka."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import CancelCommand, CommandState, Reply, ResultStatus, State, Verdict
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import Command, Operation, OperationResponse, Result
from meterstream.contracts.records import OrganisationRecord
from meterstream.demo.certificates import Authority
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage, MessageTooLarge
from meterstream.runtime.kafka.messages import Message, Outgoing
from meterstream.runtime.metrics import Metrics
from meterstream.ws_adapter.faces import Faces
from meterstream.ws_adapter.ingress import Ingress
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.offload import Offload
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.replies import PendingReplies
from meterstream.ws_adapter.rest.forms import Forms
from meterstream.ws_adapter.settings import BulkLimits, HttpSettings, SoapSettings
from meterstream.ws_adapter.store.intake import Intake
from meterstream.ws_adapter.store.memory import MemoryReadModel
from meterstream.ws_adapter.store.watch import Progresses, Watchers
from meterstream.ws_adapter.web.guard import Guard
from meterstream.ws_adapter.web.listener import Listener
from meterstream.ws_adapter.web.tokens import Tokens

HEADER = "Client-Cert"
ORGANISATION = "DemoGridOrg"
OTHER = "OtherGridOrg"
NOW = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)


class Domain:
    """The twin of Kafka and domain. `answer` decides what domain says to a command; None is silence."""

    def __init__(self, codec: Codec, replies: PendingReplies, intake: Intake) -> None:
        self.codec = codec
        self.replies = replies
        self.intake = intake
        self.sent: list[Outgoing] = []
        self.batches: list[int] = []
        self.commands: list[Command] = []
        self.cancels: list[CancelCommand] = []
        self.outage = False
        self.largest = 8 * 1024 * 1024
        self.answer: Callable[[Command], Reply | None] = self.queued
        self.answer_cancel: Callable[[CancelCommand], Reply | None] = lambda _: None

    async def send(self, batch: Sequence[Outgoing]) -> None:
        """Take a batch and reply to each message in the next turn of the loop."""
        await asyncio.sleep(0)
        if self.outage:
            raise BrokerOutage("away")
        self.batches.append(len(batch))
        for outgoing in batch:
            self.sent.append(outgoing)
            record = self.codec.decode(outgoing.value or b"")
            if isinstance(record, CancelCommand):
                self.cancels.append(record)
                reply = self.answer_cancel(record)
            else:
                assert isinstance(record, Command)
                self.commands.append(record)
                reply = self.answer(record)
            if reply is not None:
                asyncio.get_running_loop().call_soon(self.replies.resolve, reply)

    def check_size(self, outgoing: Outgoing) -> None:
        """As strict as the broker."""
        size = len(outgoing.value or b"")
        if size > self.largest:
            raise MessageTooLarge(size, self.largest)

    def reply(self, command: Command, verdict: Verdict, **fields: Any) -> Reply:
        """A reply to a command."""
        return Reply(
            submission_id=command.header.submission_id,
            organisation=command.header.organisation,
            correlation_uid=command.header.correlation_uid,
            operation=command.operation.name,
            verdict=verdict,
            **fields,
        )

    def queued(self, command: Command) -> Reply:
        """The verdict of an ordinary command."""
        return self.reply(command, Verdict.QUEUED)

    def rejecting(self, error: PlatformError, component: str = "DOMAIN_CORE") -> Callable[[Command], Reply]:
        """Reject every command with this error."""
        return lambda command: self.reply(command, Verdict.REJECTED, error=error.to_record(component))

    def completing(self, response: OperationResponse) -> Callable[[Command], Reply]:
        """Answer every command with this response at once."""
        return lambda command: self.reply(
            command, Verdict.COMPLETED, result=self.codec.encode(self.result(command, response=response))
        )

    def result(
        self,
        command: Command,
        *,
        response: OperationResponse | None = None,
        error: PlatformError | None = None,
        component: str = "PROTOCOL_DLMS",
        status: ResultStatus | None = None,
    ) -> Result:
        """The result of a command."""
        return command.operation.result(
            header=command.header,
            status=status or (ResultStatus.FAILED if response is None else ResultStatus.OK),
            attempt=1,
            finished_at=command.header.created_at,
            response=response,
            error=None if error is None else error.to_record(component),
        )

    async def finish(self, command: Command, **fields: Any) -> Result:
        """Publish the result of a command."""
        result = self.result(command, **fields)
        await self.publish("results", result)
        return result

    async def move(self, command: Command, state: State, attempt: int = 1, **fields: Any) -> None:
        """Publish a state of a command."""
        await self.publish(
            "command-states",
            CommandState(
                header=command.header,
                operation=command.operation.name,
                state=state,
                attempt=attempt,
                changed_at=fields.pop("changed_at", command.header.created_at),
                **fields,
            ),
        )

    async def publish(self, topic: str, record: Any) -> None:
        """Hand a record to the read model as the consumer does."""
        await self.intake.handle([Message(topic, 0, 0, b"", self.codec.encode(record))])


@dataclass
class Stack:
    """One ws-adapter on twins."""

    settings: HttpSettings
    codec: Codec
    organisations: Organisations
    replies: PendingReplies
    watchers: Watchers
    model: MemoryReadModel
    domain: Domain
    platform: Platform
    listener: Listener
    authority: Authority

    def as_organisation(self, name: str) -> dict[str, str]:
        """Headers with which the proxy vouches for an organisation."""
        return {HEADER: client_cert(self.authority, name)}

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.listener.port}"


def client_cert(authority: Authority, name: str) -> str:
    """A certificate of that common name as an RFC 9440 header."""
    certificate = x509.load_pem_x509_certificate(authority.client(name).certificate.read_bytes())
    return f":{b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"


def organisation(name: str, **fields: Any) -> OrganisationRecord:
    """An enabled organisation."""
    return OrganisationRecord(organisation=name, **{"revision": 1, "name": name, "enabled": True, **fields})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def codec() -> Codec:
    return Codec()


@pytest.fixture
def http_settings() -> HttpSettings:
    return HttpSettings(host="127.0.0.1", port=0, trusted_proxies="127.0.0.1", max_requests=50, max_streams=3)


@pytest.fixture(scope="session")
def forms(codec: Codec) -> Forms:
    return Forms(load_operations(), codec)


@pytest.fixture(scope="session")
def build_stack(authority: Authority, codec: Codec, forms: Forms) -> Callable[..., Stack]:
    def build(
        settings: HttpSettings,
        *,
        soap: SoapSettings = SoapSettings(),  # noqa: B008  # frozen
        catalogue: Mapping[str, Operation] | None = None,
        codec: Codec = codec,
        retrieval_s: float = 0.5,
        bulk: BulkLimits = BulkLimits(),  # noqa: B008  # frozen
        tokens: Tokens | None = None,
        **waits: float,
    ) -> Stack:
        metrics = Metrics("ws-adapter")
        replies = PendingReplies(limit=100)
        watchers = Watchers(limit=100)
        model = MemoryReadModel(watchers.wake)
        organisations = Organisations()
        for name in (ORGANISATION, OTHER):
            organisations.apply(name, organisation(name))
        offload = Offload(settings.off_loop_bytes, settings.threads)
        known = load_operations() if catalogue is None else catalogue
        domain = Domain(codec, replies, Intake(codec, model, metrics, offload, known))
        ingress = Ingress(
            codec,
            domain,
            replies,
            reply_partition=3,
            clock=lambda: datetime.now(UTC),
            random=uuid4,
            metrics=metrics,
            **waits,
        )
        platform = Platform(
            catalogue=known,
            codec=codec,
            ingress=ingress,
            progresses=Progresses(model, watchers),
            organisations=organisations,
            guard=Guard(settings),
            metrics=metrics,
            clock=lambda: datetime.now(UTC),
            offload=offload,
            retrieval_s=retrieval_s,
            bulk=bulk,
            tokens=tokens,
        )
        listener = Listener(
            settings,
            Faces(platform, soap, forms if catalogue is None else None).routes(),
            before_drain=watchers.close,
            tokens=tokens is not None,
        )
        return Stack(settings, codec, organisations, replies, watchers, model, domain, platform, listener, authority)

    return build


@pytest.fixture
async def stack(build_stack: Callable[..., Stack], http_settings: HttpSettings) -> AsyncIterator[Stack]:
    built = build_stack(http_settings, verdict_s=0.5, synchronous_s=0.5)
    await built.listener.start()
    yield built
    await built.listener.stop()


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[aiohttp.ClientSession]:
    headers = stack.as_organisation(ORGANISATION)
    async with aiohttp.ClientSession(stack.base, headers=headers) as session:
        yield session


@pytest.fixture
async def other_client(stack: Stack) -> AsyncIterator[aiohttp.ClientSession]:
    headers = stack.as_organisation(OTHER)
    async with aiohttp.ClientSession(stack.base, headers=headers) as session:
        yield session


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until a condition holds that lies in another task or process."""

    async def wait(condition: Callable[[], object], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110  # nobody signals this condition
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture(scope="session")
def samples() -> Callable[[str], bytes]:
    return lambda name: (Path(__file__).with_name("samples") / f"{name}.xml").read_bytes()
