"""The read model in PostgreSQL: one statement per batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from meterstream.contracts.envelope import Advance
from meterstream.contracts.errors import ErrorRecord
from meterstream.runtime.postgres import Database, load_queries
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.search import LAST_PLACE, Search

MIGRATIONS: Final = "meterstream.ws_adapter.store.migrations"
CHANNEL: Final = "ws_adapter_commands"
ALL: Final = "*"
"""In place of digests where a batch has too many of them: look at everything you wait for."""
NOTIFY_BYTES: Final = 7_900
"""PostgreSQL takes payloads below 8,000 bytes."""
STATEMENT_BYTES: Final = 16 * 1024 * 1024
STATEMENT_ROWS: Final = 1_000
FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)

_QUERIES: Final = load_queries("meterstream.ws_adapter.store")
_COLUMNS: Final = (
    "operation",
    "device_identification",
    "priority",
    "created_at",
    "expires_at",
    "state",
    "attempt",
    "changed_at",
    "due_at",
    "finished_at",
    "result",
)


class PostgresReadModel:
    """Table `ws_adapter.commands`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(self, rows: Sequence[Progress], /) -> None:
        """Move the rows; listeners hear of them once per statement."""
        async with self._database.connection() as connection:
            for part in chunks(rows):
                parameters: dict[str, Any] = {name: [getattr(row, name) for row in part] for name in _COLUMNS}
                parameters["organisation"] = [row.key.organisation for row in part]
                parameters["correlation_uid"] = [row.key.correlation_uid for row in part]
                parameters["error"] = [row.error.model_dump_json() if row.error else None for row in part]
                parameters["advance"] = [row.advance.model_dump_json() if row.advance else None for row in part]
                parameters["channel"] = CHANNEL
                parameters["digests"] = payload(part)
                await connection.execute(_QUERIES["upsert"], parameters)

    async def read(self, keys: Sequence[CommandKey], /) -> Mapping[CommandKey, Progress]:
        """The rows that there are."""
        parameters = {
            "organisation": [key.organisation for key in keys],
            "correlation_uid": [key.correlation_uid for key in keys],
        }
        async with self._database.connection() as connection:
            cursor = await connection.execute(_QUERIES["read"], parameters, binary=True)
            rows = [_progress(*row) for row in await cursor.fetchall()]
        return {row.key: row for row in rows}

    async def search(self, search: Search, /) -> Sequence[Progress]:
        """The rows of the page without their results, and one more where another page follows."""
        parameters = {
            "organisation": search.organisation,
            "device_identification": search.device_identification,
            "operations": list(search.operations) or None,
            "states": list(search.states) or None,
            "created_from": search.created_from or FIRST_MOMENT,
            "created_before": search.created_before or LAST_PLACE.created_at,
            "after_at": search.after.created_at,
            "after_uid": search.after.correlation_uid,
            "rows": search.size + 1,
        }
        query = _QUERIES["search" if search.device_identification is None else "search_device"]
        async with self._database.connection() as connection:
            cursor = await connection.execute(query, parameters, binary=True)
            return [_progress(*row) for row in await cursor.fetchall()]

    async def delete(self, key: CommandKey, /) -> bool:
        """Forget a result for good."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(_QUERIES["delete"], key._asdict())
            return await cursor.fetchone() is not None

    async def purge(self, *, finished_before: datetime, expired_before: datetime, chunk: int) -> int:
        """Remove what is past its time; rows that another replica removes are left to it."""
        parameters = {"finished_before": finished_before, "expired_before": expired_before, "chunk": chunk}
        async with self._database.connection() as connection:
            cursor = await connection.execute(_QUERIES["purge"], parameters)
            return cursor.rowcount


def payload(rows: Sequence[Progress]) -> str:
    """Digests of the rows, eight characters each, or `ALL`."""
    digests = "".join(row.key.digest() for row in rows)
    return digests if len(digests) <= NOTIFY_BYTES else ALL


def digests_of(received: str) -> list[str] | None:
    """What a payload names; None for everything."""
    if received == ALL:
        return None
    return [received[start : start + 8] for start in range(0, len(received), 8)]


def chunks(rows: Sequence[Progress]) -> Iterator[Sequence[Progress]]:
    """Parts that are small enough for one statement."""
    start = size = 0
    for index, row in enumerate(rows):
        bytes_of_row = len(row.result or b"")
        if index > start and (size + bytes_of_row > STATEMENT_BYTES or index - start == STATEMENT_ROWS):
            yield rows[start:index]
            start, size = index, 0
        size += bytes_of_row
    if start < len(rows):
        yield rows[start:]


def _progress(
    organisation: str,
    correlation_uid: str,
    operation: str,
    device_identification: str | None,
    priority: int,
    created_at: datetime,
    expires_at: datetime,
    state: str,
    attempt: int,
    changed_at: datetime,
    due_at: datetime | None,
    error: str | None,
    finished_at: datetime | None,
    result: bytes | None,
    deleted: bool,
    advance: str | None,
) -> Progress:
    return Progress(
        key=CommandKey(organisation, correlation_uid),
        operation=operation,
        device_identification=device_identification,
        priority=priority,
        created_at=created_at,
        expires_at=expires_at,
        state=state,
        attempt=attempt,
        changed_at=changed_at,
        due_at=due_at,
        error=None if error is None else ErrorRecord.model_validate_json(error),
        finished_at=finished_at,
        result=result,
        deleted=deleted,
        advance=None if advance is None else Advance.model_validate_json(advance),
    )
