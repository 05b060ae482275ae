"""What the faces work with, built once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from meterstream.contracts.operation import Operation, Result
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.metrics import Metrics
from meterstream.ws_adapter.ingress import Ingress
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.model.progress import Progress
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
        """The decoded result of a row that has one.

        Raises: UnreadableMessage, UnknownSchema.
        """
        raw = row.result
        return None if raw is None else await self.offload.run(len(raw), lambda: self.codec.decode_as(raw, Result))
