"""Deliveries in PostgreSQL: stored, claimed and settled in batches, one statement each, by the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row, dict_row

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.records import EndpointKind
from meterstream.notification.adapters.database import Connections
from meterstream.notification.model.notice import Notice
from meterstream.notification.model.targets import Target
from meterstream.runtime.postgres import load_queries

KEPT_SOURCE_BYTES: Final = 64 * 1024

_QUERIES: Final = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Source:
    """The message that asked for a delivery."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to store."""

    target: Target
    notice: Notice
    source: Source


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may attempt until its lease ends. `age_s`: since it was stored."""

    delivery_id: UUID
    lane_id: UUID
    kind: EndpointKind
    url: str = field(repr=False)
    requested: bool
    claim: int
    attempt: int
    age_s: float
    notice: Notice


@dataclass(frozen=True, slots=True)
class Overdue:
    """A delivery whose time has run out."""

    delivery_id: UUID
    kind: str
    claim: int
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a claimed delivery: delivered, failed, withdrawn, or pending again after `delay_s`."""

    delivery_id: UUID
    claim: int
    state: str
    delay_s: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredSource:
    """What is kept of a result or event for its dead letter; `source_value` holds its first 64 KiB."""

    delivery_id: UUID
    source_topic: str
    source_partition: int
    source_offset: int
    source_key: bytes | None
    source_value: bytes | None = field(repr=False)
    created_at: datetime


class DeliveryStore:
    """The table of deliveries. Every method raises DatabaseOutage when the database is away."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(self, deliveries: Sequence[NewDelivery], *, give_up_after_s: float) -> int:
        """Store new deliveries; how many were not there yet. Refused ones are stored as failed, with the reason."""
        if not deliveries:
            return 0
        columns: dict[str, list[Any]] = {name: [] for name in _row(deliveries[0])}
        for delivery in deliveries:
            for name, value in _row(delivery).items():
                columns[name].append(value)
        async with self._database.connection() as connection:
            cursor = await connection.execute(_QUERIES["insert"], {**columns, "give_up_after_s": give_up_after_s})
            return cursor.rowcount

    async def claim(self, *, free: int, room: int, rooms: Mapping[UUID, int], lease_s: float) -> list[Claimed]:
        """Take at most `free` deliveries that are due.

        Args:
            room: most deliveries of one lane.
            rooms: lanes of which it is another number.
            lease_s: nobody else takes them within this time.
        """
        parameters = {
            "free": free,
            "room": room,
            "lanes": list(rooms),
            "rooms": list(rooms.values()),
            "lease_s": lease_s,
        }
        async with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_QUERIES["claim"], parameters)
            return [_claimed(row) for row in await cursor.fetchall()]

    async def claim_overdue(self, *, limit: int, lease_s: float) -> list[Overdue]:
        """Take deliveries whose time has run out."""
        parameters = {"limit": limit, "lease_s": lease_s}
        async with self._database.connection() as connection, connection.cursor(row_factory=class_row(Overdue)) as cur:
            await cur.execute(_QUERIES["claim_overdue"], parameters)
            return await cur.fetchall()

    async def settle(self, settlements: Sequence[Settlement]) -> int:
        """Write outcomes down; how many counted (another replica may have taken a delivery over meanwhile)."""
        parameters = {
            "delivery_id": [one.delivery_id for one in settlements],
            "claim": [one.claim for one in settlements],
            "state": [one.state for one in settlements],
            "delay_s": [one.delay_s for one in settlements],
            "reason": [one.reason for one in settlements],
        }
        async with self._database.connection() as connection:
            return (await connection.execute(_QUERIES["settle"], parameters)).rowcount

    async def sources(self, deliveries: Iterable[UUID]) -> dict[UUID, StoredSource]:
        """What the dead letters of pending deliveries are made of."""
        async with (
            self._database.connection() as connection,
            connection.cursor(row_factory=class_row(StoredSource)) as cursor,
        ):
            await cursor.execute(_QUERIES["sources"], {"delivery_id": list(deliveries)})
            return {row.delivery_id: row for row in await cursor.fetchall()}

    async def purge(self, *, keep_s: float, limit: int) -> int:
        """Remove up to `limit` deliveries that were settled more than `keep_s` ago."""
        async with self._database.connection() as connection:
            return (await connection.execute(_QUERIES["purge"], {"keep_s": keep_s, "limit": limit})).rowcount


def _row(delivery: NewDelivery) -> dict[str, Any]:
    target, notice, source = delivery.target, delivery.notice, delivery.source
    return {
        "delivery_id": target.delivery_id,
        "lane_id": target.lane_id,
        "kind": target.kind.value,
        "url": target.url,
        "requested": target.requested,
        "organisation": notice.organisation,
        "correlation_uid": notice.correlation_uid,
        "operation": notice.operation,
        "notification_type": notice.notification_type,
        "device": notice.device_identification,
        "status": notice.status.value,
        "finished_at": notice.finished_at,
        "error_code": notice.error_code,
        "message": notice.message,
        "source_topic": source.topic,
        "source_partition": source.partition,
        "source_offset": source.offset,
        "source_key": source.key,
        "source_value": source.value[:KEPT_SOURCE_BYTES],
        "refusal": target.refusal,
    }


def _claimed(row: Mapping[str, Any]) -> Claimed:
    return Claimed(
        delivery_id=row["delivery_id"],
        lane_id=row["lane_id"],
        kind=EndpointKind(row["kind"]),
        url=row["url"],
        requested=row["requested"],
        claim=row["claim"],
        attempt=row["attempts"],
        age_s=row["age_s"],
        notice=Notice(
            organisation=row["organisation"],
            correlation_uid=row["correlation_uid"],
            operation=row["operation"],
            notification_type=row["notification_type"],
            device_identification=row["device"],
            status=ResultStatus(row["status"]),
            finished_at=row["finished_at"],
            error_code=row["error_code"],
            message=row["message"],
        ),
    )
