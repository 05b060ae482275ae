"""What the faces work with, built once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from meterstream.contracts.envelope import Verdict
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Operation, OperationRequest, Result
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.metrics import COMMANDS, Metrics
from meterstream.ws_adapter.ingress import Ingress, Submitted
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.submission import Caller, Options
from meterstream.ws_adapter.model.told import result_of_event, unknown_uid, wrong_kind
from meterstream.ws_adapter.offload import Offload
from meterstream.ws_adapter.settings import BulkLimits
from meterstream.ws_adapter.store.watch import Progresses
from meterstream.ws_adapter.web.guard import Guard
from meterstream.ws_adapter.web.tokens import Tokens

RETRIEVAL_S: Final = 2.0
"""How long a result that is asked for, or a command that the store has not heard of, is waited for: a notification
may overtake the store."""


@dataclass(frozen=True, eq=False)
class Platform:
    """The way in, the way out, and who may use them."""

    catalogue: Mapping[str, Operation]
    codec: Codec
    ingress: Ingress
    progresses: Progresses
    organisations: Organisations
    guard: Guard
    metrics: Metrics
    clock: Clock
    offload: Offload
    retrieval_s: float = RETRIEVAL_S
    bulk: BulkLimits = field(default_factory=BulkLimits)
    tokens: Tokens | None = None

    async def result_of(self, row: Progress) -> Result | None:
        """The decoded result of a row that has one; that of an event is made for the operation it is listed under.

        Raises: UnreadableMessage, UnknownSchema.
        """
        record = await self._record_of(row)
        if isinstance(record, Event):
            return result_of_event(record, self.catalogue[row.operation], row.key.organisation)
        return record

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
        """Have an operation carried out: by domain, or from the events of the caller's organisation.

        Raises: as `Ingress.submit`; UNKNOWN_CORRELATION_UID and VALIDATION_ERROR for an event that is not there, or
            another; NOT_READY.
        """
        if operation.from_event is None:
            return await self.ingress.submit(
                operation, request, caller, face=face, device=device, options=options, traceparent=traceparent
            )
        uid: str = request.correlation_uid  # type: ignore[attr-defined]  # every request of such an operation has it
        result = await self._told(operation, CommandKey(caller.organisation, uid))
        self.metrics.count(COMMANDS, operation.name, face)
        return Submitted(result.header, operation, Verdict.COMPLETED, result)

    async def _told(self, operation: Operation, key: CommandKey) -> Result:
        row = await self.progresses.read_when(key, lambda row: row is not None, self.retrieval_s)
        if row is None or row.deleted:
            raise unknown_uid()
        record = await self._record_of(row)
        if not isinstance(record, Event):
            raise wrong_kind()
        return result_of_event(record, operation, key.organisation)

    async def _record_of(self, row: Progress) -> Result | Event | None:
        raw = row.result
        if raw is None:
            return None
        record = await self.offload.run(len(raw), lambda: self.codec.decode(raw))
        if not isinstance(record, Result | Event):
            raise UnreadableMessage(f"a {type(record).__name__} is no result")
        return record
