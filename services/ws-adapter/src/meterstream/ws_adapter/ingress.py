"""Brings commands to domain and its verdict back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from meterstream.contracts.envelope import CommandHeader, Reply, Verdict
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Result
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import MessageTooLarge, Outage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka.messages import Outgoing
from meterstream.runtime.metrics import COMMANDS, Metrics
from meterstream.ws_adapter.gather import Gatherer
from meterstream.ws_adapter.model.failures import ToldByPlatform
from meterstream.ws_adapter.model.progress import CommandKey
from meterstream.ws_adapter.model.submission import (
    Caller,
    Destination,
    Options,
    build_cancel,
    build_command,
    destination_of,
    destination_of_cancel,
)
from meterstream.ws_adapter.replies import PendingReplies

SERVICE: Final = "ws-adapter"
VERDICT_S: Final = 2.0
"""How long a request is held for domain's verdict; without one the caller meets it at retrieval."""
SYNCHRONOUS_S: Final = 10.0
GATHER_S: Final = 0.002

_TRACEPARENT: Final = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")


class Sender(Protocol):
    """Produces messages; returns when every replica has them."""

    async def send(self, batch: Sequence[Outgoing], /) -> object:
        """Raises: MessageTooLarge before anything is sent; BrokerOutage."""

    def check_size(self, outgoing: Outgoing, /) -> None:
        """Raises: MessageTooLarge when the topic does not take a message of this size."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A command that domain has, and what it said at once; `verdict` is None where it did not answer in time."""

    header: CommandHeader
    operation: Operation
    verdict: Verdict | None
    result: Result | None = None

    @property
    def key(self) -> CommandKey:
        """The command's identity."""
        return CommandKey(self.header.organisation, self.header.correlation_uid)


class Ingress:
    """Produces commands, batched over concurrent requests, and waits for the verdict."""

    def __init__(
        self,
        codec: Codec,
        sender: Sender,
        replies: PendingReplies,
        *,
        reply_partition: int,
        clock: Clock,
        random: Callable[[], UUID],
        metrics: Metrics,
        verdict_s: float = VERDICT_S,
        synchronous_s: float = SYNCHRONOUS_S,
    ) -> None:
        self._codec = codec
        self._sender = sender
        self._replies = replies
        self._reply_partition = reply_partition
        self._clock = clock
        self._random = random
        self._metrics = metrics
        self._verdict_s = verdict_s
        self._synchronous_s = synchronous_s
        self._produce: Gatherer[Outgoing, None] = Gatherer(self._send, window_s=GATHER_S, max_in_flight=8)

    async def submit(
        self,
        operation: Operation,
        request: OperationRequest,
        caller: Caller,
        *,
        face: str,
        device: str | None,
        options: Options,
        traceparent: str | None = None,
    ) -> Submitted:
        """Hand a command to domain.

        A synchronous operation is awaited until its result is there.

        Raises: what domain rejects it with; VALIDATION_ERROR, MESSAGE_TOO_LARGE, NOT_READY.
        """
        random = self._random()
        command = build_command(
            operation,
            request,
            caller,
            device=device,
            options=options,
            now=self._clock(),
            random=random,
            reply_partition=self._reply_partition,
        )
        header = command.header
        outgoing = self._outgoing(
            type(command).__name__,
            self._codec.encode(command),
            destination_of(command),
            header.submission_id,
            header.created_at,
            traceparent,
        )
        synchronous = operation.kind is Kind.SYNCHRONOUS
        reply = await self._exchange(
            outgoing, header.submission_id, self._synchronous_s if synchronous else self._verdict_s
        )
        self._metrics.count(COMMANDS, operation.name, face)
        if reply is None:
            if synchronous:
                raise _not_ready(f"no answer within {self._synchronous_s:g} s", correlation_uid=header.correlation_uid)
            return Submitted(header, operation, None)
        return Submitted(header, operation, reply.verdict, self._result_of(reply, operation))

    async def cancel(
        self, key: CommandKey, device: str | None, caller: Caller, traceparent: str | None = None
    ) -> Reply | None:
        """Ask domain to end a waiting command; None where it did not answer in time.

        Raises: TOO_LATE, UNKNOWN_CORRELATION_UID, VALIDATION_ERROR, NOT_READY.
        """
        cancel = build_cancel(
            caller,
            key.correlation_uid,
            now=self._clock(),
            random=self._random(),
            reply_partition=self._reply_partition,
        )
        outgoing = self._outgoing(
            type(cancel).__name__,
            self._codec.encode(cancel),
            destination_of_cancel(cancel, device),
            cancel.submission_id,
            cancel.requested_at,
            traceparent,
        )
        reply = await self._exchange(outgoing, cancel.submission_id, self._synchronous_s)
        if reply is not None and reply.verdict is Verdict.REJECTED:
            raise _rejection(reply)
        return reply

    async def drain(self) -> None:
        """Produce what was submitted."""
        await self._produce.drain()

    def _outgoing(
        self,
        record: str,
        value: bytes,
        destination: Destination,
        submission_id: str,
        moment: datetime,
        traceparent: str | None,
    ) -> Outgoing:
        trace = traceparent.encode("ascii", "replace") if traceparent else None
        headers = ce_headers(
            record, SERVICE, submission_id, moment, trace if trace and _TRACEPARENT.match(trace) else None
        )
        outgoing = Outgoing(destination.topic, destination.key, value, headers)
        try:
            self._sender.check_size(outgoing)
        except MessageTooLarge as problem:
            raise error(
                "MESSAGE_TOO_LARGE", f"request: {problem.reason}", field="request", rule="the topic's message limit"
            ) from None
        return outgoing

    async def _exchange(self, outgoing: Outgoing, submission_id: str, timeout_s: float) -> Reply | None:
        deadline = asyncio.get_running_loop().time() + timeout_s
        with self._replies.expect(submission_id) as future:
            try:
                await self._produce.submit(outgoing)
            except Outage as outage:
                raise _not_ready("the command could not be handed over; try again") from outage
            try:
                async with asyncio.timeout_at(deadline):
                    return await future
            except TimeoutError:
                return None

    async def _send(self, batch: Sequence[Outgoing]) -> Sequence[None]:
        await self._sender.send(batch)
        return [None] * len(batch)

    def _result_of(self, reply: Reply, operation: Operation) -> Result | None:
        if reply.verdict is Verdict.REJECTED:
            raise _rejection(reply)
        if reply.result is None:
            return None
        return self._codec.decode_as(reply.result, operation.result)


def _rejection(reply: Reply) -> PlatformError:
    if reply.error is None:
        return error("TECHNICAL_ERROR", "rejected without a reason")
    return ToldByPlatform(reply.error, reply.correlation_uid)


def _not_ready(message: str, **details: object) -> PlatformError:
    return error("NOT_READY", message, **details)
