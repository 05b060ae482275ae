"""Gathers what concurrent requests want of one resource, so that it is asked once for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from meterstream.contracts.errors import error

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Gatherer(Generic[Item, Answer]):
    """Hands items to `work` in batches and every caller its own answer.

    Args:
        work: gets the items of a batch, returns one answer per item in their order; what it raises, all callers get.
        window_s: how long the first item of a batch waits for others; 0 takes what arrives in one turn of the loop.
        max_in_flight: batches at work at a time; more items gather meanwhile.
        max_waiting: items beyond this are refused with NOT_READY.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        window_s: float,
        max_batch: int = 500,
        max_in_flight: int = 4,
        max_waiting: int = 10_000,
    ) -> None:
        self._work = work
        self._window_s = window_s
        self._max_batch = max_batch
        self._max_in_flight = max_in_flight
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Answer:
        """The answer to `item`.

        Raises: NOT_READY when too many wait; whatever the batch failed with.
        """
        if len(self._waiting) >= self._max_waiting:
            raise error("NOT_READY", "too many requests wait")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, future))
        if self._timer is None and len(self._running) < self._max_in_flight:
            self._timer = loop.call_later(self._window_s, self._flush)
        return await future

    async def drain(self) -> None:
        """Finish what was submitted; nothing may be submitted meanwhile."""
        self._flush()
        while self._running:
            await asyncio.wait(self._running)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and len(self._running) < self._max_in_flight:
            batch = list(islice(self._waiting, self._max_batch))
            for _ in batch:
                self._waiting.popleft()
            task = asyncio.get_running_loop().create_task(self._run(batch))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._waiting and self._timer is None:
            self._flush()

    async def _run(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as failure:  # every caller gets it
            for _, future in batch:
                if not future.done():
                    future.set_exception(failure)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
