"""The read model in memory: the twin of the PostgreSQL one, for tests and trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from meterstream.ws_adapter.model.progress import CommandKey, Progress, supersedes
from meterstream.ws_adapter.model.search import Search


class MemoryReadModel:
    """Rows in a dict. `on_moved` gets the digests of the rows of an upsert."""

    def __init__(self, on_moved: Callable[[Sequence[str]], None] = lambda _: None) -> None:
        self._rows: dict[CommandKey, Progress] = {}
        self._on_moved = on_moved

    async def upsert(self, rows: Sequence[Progress], /) -> None:
        """Move the rows."""
        for row in rows:
            old = self._rows.get(row.key)
            if old is None or supersedes(row, old):
                self._rows[row.key] = row
        self._on_moved([row.key.digest() for row in rows])

    async def read(self, keys: Sequence[CommandKey], /) -> Mapping[CommandKey, Progress]:
        """The rows that there are."""
        return {key: self._rows[key] for key in keys if key in self._rows}

    async def search(self, search: Search, /) -> Sequence[Progress]:
        """The rows of the page without their results, and one more where another page follows."""
        return [replace(row, result=None) for row in search.page(self._rows.values())]

    async def delete(self, key: CommandKey, /) -> bool:
        """Forget a result for good."""
        row = self._rows.get(key)
        if row is None or not row.final or row.deleted:
            return False
        self._rows[key] = replace(row, result=None, error=None, deleted=True)
        return True

    async def purge(self, *, finished_before: datetime, expired_before: datetime, chunk: int) -> int:
        """Remove what is past its time."""
        past = [
            key
            for key, row in self._rows.items()
            if (row.finished_at < finished_before if row.finished_at else row.expires_at < expired_before)
        ][:chunk]
        for key in past:
            del self._rows[key]
        return len(past)
