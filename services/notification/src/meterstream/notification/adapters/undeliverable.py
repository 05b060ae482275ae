"""Dead letters of deliveries that were given up: the result that could not be announced, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from meterstream.contracts.records import EndpointKind
from meterstream.notification.adapters.store import DeliveryStore, StoredSource
from meterstream.runtime.kafka import Message

CODE: Final = "DELIVERY_FAILED"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A claimed delivery that has failed for good."""

    delivery_id: UUID
    kind: EndpointKind
    claim: int
    reason: str


class DeadLetters(Protocol):
    """Takes messages with a code and a reason, to `<topic>.dead-letter`; returns when all are acked."""

    async def send(self, letters: Sequence[tuple[Message, str, str]]) -> None:
        """Raises: BrokerOutage."""


class Undeliverable:
    """Sends what failed deliveries were to tell to the dead-letter topic of its source."""

    def __init__(self, store: DeliveryStore, dead_letters: DeadLetters) -> None:
        self._store = store
        self._dead_letters = dead_letters

    async def bury(self, deliveries: Sequence[GivenUp]) -> None:
        """One dead letter per delivery, acked.

        Raises: BrokerOutage, DatabaseOutage.
        """
        sources = await self._store.sources(one.delivery_id for one in deliveries)
        letters = [
            (_message(sources[one.delivery_id]), CODE, _reason(one)) for one in deliveries if one.delivery_id in sources
        ]
        await self._dead_letters.send(letters)


def _reason(delivery: GivenUp) -> str:
    return f"{delivery.kind.value} notification {delivery.delivery_id}: {delivery.reason}"


def _message(source: StoredSource) -> Message:
    return Message(
        topic=source.source_topic,
        partition=source.source_partition,
        offset=source.source_offset,
        key=source.source_key,
        value=source.source_value,
        timestamp_ms=int(source.created_at.timestamp() * 1000),
    )
