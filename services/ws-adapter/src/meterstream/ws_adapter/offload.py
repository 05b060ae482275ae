"""Work on large documents leaves the event loop, so that it delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Offload:
    """Runs small work at once and large work in a few threads."""

    def __init__(self, threshold_bytes: int, threads: int) -> None:
        self._threshold_bytes = threshold_bytes
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="documents")

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """The result of `work`, which handles a document of `size` bytes."""
        if size <= self._threshold_bytes:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the threads; work that has not begun is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
