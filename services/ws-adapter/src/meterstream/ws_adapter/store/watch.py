"""Waiting for a row to move, without asking for it again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from meterstream.contracts.errors import error
from meterstream.ws_adapter.gather import Gatherer
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.model.search import Search
from meterstream.ws_adapter.store.port import ReadModel

READS_IN_FLIGHT: Final = 2
READ_BATCH: Final = 32
"""Rows a statement: results may have 8 MiB each."""


class Watch:
    """One wait for one row."""

    def __init__(self) -> None:
        self._moved = asyncio.Event()

    def wake(self) -> None:
        """The row may have moved."""
        self._moved.set()

    async def moved(self, deadline: float) -> bool:
        """Whether the row may have moved since the last call; False at `deadline` (the loop's time)."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._moved.wait()
        except TimeoutError:
            return False
        self._moved.clear()
        return True


class Watchers:
    """Who waits for which row in this process; bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_digest: dict[str, set[Watch]] = {}
        self.count = 0
        self.closing = False

    @contextmanager
    def watch(self, key: CommandKey) -> Iterator[Watch]:
        """Be woken when the row of `key` moves.

        Raises: NOT_READY when too many wait.
        """
        if self.count >= self._limit:
            raise error("NOT_READY", "too many requests wait")
        digest, watch = key.digest(), Watch()
        self.count += 1
        self._by_digest.setdefault(digest, set()).add(watch)
        try:
            yield watch
        finally:
            self.count -= 1
            others = self._by_digest[digest]
            others.discard(watch)
            if not others:
                del self._by_digest[digest]

    def wake(self, digests: Iterable[str] | None) -> None:
        """Rows with these digests moved; None: any may have."""
        for digest in list(self._by_digest) if digests is None else digests:
            for watch in self._by_digest.get(digest, ()):
                watch.wake()

    def close(self) -> None:
        """The process ends: streams shall end too."""
        self.closing = True
        self.wake(None)


class Progresses:
    """Rows of the read model, read in batches, and waited for."""

    def __init__(self, model: ReadModel, watchers: Watchers) -> None:
        self._model = model
        self._watchers = watchers
        self._reads: Gatherer[CommandKey, Progress | None] = Gatherer(
            self._read_batch, window_s=0, max_batch=READ_BATCH, max_in_flight=READS_IN_FLIGHT
        )

    @property
    def closing(self) -> bool:
        """Whether the process ends."""
        return self._watchers.closing

    async def read(self, key: CommandKey) -> Progress | None:
        """The row, if there is one.

        Raises: DatabaseOutage, NOT_READY.
        """
        return await self._reads.submit(key)

    async def read_when(
        self, key: CommandKey, wanted: Callable[[Progress | None], bool], timeout_s: float
    ) -> Progress | None:
        """The row once it is `wanted`, or as it is after `timeout_s` or when the process ends.

        Raises: DatabaseOutage, NOT_READY.
        """
        row = await self.read(key)
        if wanted(row) or timeout_s <= 0:
            return row
        deadline = asyncio.get_running_loop().time() + timeout_s
        with self.watch(key) as watch:
            while True:
                row = await self.read(key)
                if wanted(row) or self.closing or not await watch.moved(deadline):
                    return row

    def watch(self, key: CommandKey) -> AbstractContextManager[Watch]:
        """Be woken when the row moves; read it after this, so that nothing is missed."""
        return self._watchers.watch(key)

    async def search(self, search: Search) -> Sequence[Progress]:
        """The rows of the page without their results, and one more where another page follows.

        Raises: DatabaseOutage.
        """
        return await self._model.search(search)

    async def delete(self, key: CommandKey) -> bool:
        """Forget a result for good; False where there is none."""
        return await self._model.delete(key)

    async def _read_batch(self, keys: Sequence[CommandKey]) -> Sequence[Progress | None]:
        rows: Mapping[CommandKey, Progress] = await self._model.read(list(dict.fromkeys(keys)))
        return [rows.get(key) for key in keys]
