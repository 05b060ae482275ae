"""What the faces ask of the read model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.search import Search


class ReadModel(Protocol):
    """Rows by command. Implementations: PostgreSQL, and a twin in memory."""

    async def upsert(self, rows: Sequence[Progress], /) -> None:
        """Move the rows (one a command, in the order of their keys) and tell every replica that waits for them.

        A result is final: it is stored once and no later state or result changes it. States only move forward.

        Raises: DatabaseOutage.
        """

    async def read(self, keys: Sequence[CommandKey], /) -> Mapping[CommandKey, Progress]:
        """The rows that there are.

        Raises: DatabaseOutage.
        """

    async def search(self, search: Search, /) -> Sequence[Progress]:
        """The rows of the page without their results, and one more where another page follows.

        Raises: DatabaseOutage.
        """

    async def delete(self, key: CommandKey, /) -> bool:
        """Forget a result for good; False where there is none.

        Raises: DatabaseOutage.
        """

    async def purge(self, *, finished_before: datetime, expired_before: datetime, chunk: int) -> int:
        """Remove at most `chunk` rows that ended before the one, or never ended and expired before the other moment.

        Raises: DatabaseOutage.
        """
