"""Publishes what attempts bring: responses and readings, gathered so that one batch takes many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import Outgoing, Sends

log = logging.getLogger(__name__)

MAX_BATCH: Final = 500
FIRST_BACK_OFF_S: Final = 0.2
LAST_BACK_OFF_S: Final = 5.0


class Responder:
    """Gathers messages for a moment and sends them again and again until the broker has them all.

    `gather_s` adds to the time that the producer itself gathers; 0 takes what one pass of the event loop brings.
    """

    def __init__(self, producer: Sends, *, gather_s: float = 0.0) -> None:
        self._producer = producer
        self._gather_s = gather_s
        self._waiting: list[tuple[Sequence[Outgoing], asyncio.Future[None]]] = []
        self._timer: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def publish(self, messages: Sequence[Outgoing]) -> asyncio.Future[None]:
        """The future ends when all replicas have every message; cancelling it withdraws what was not sent yet."""
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[None] = loop.create_future()
        self._waiting.append((messages, sent))
        if len(self._waiting) >= MAX_BATCH:
            self._flush()
        elif self._timer is None:
            self._timer = (
                loop.call_later(self._gather_s, self._flush) if self._gather_s else loop.call_soon(self._flush)
            )
        return sent

    async def close(self) -> None:
        """Give up what is not acknowledged: its requests are not committed and come again."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._send(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, waiting: list[tuple[Sequence[Outgoing], asyncio.Future[None]]]) -> None:
        back_off = FIRST_BACK_OFF_S
        while wanted := [(messages, sent) for messages, sent in waiting if not sent.done()]:
            try:
                await self._producer.send([message for messages, _ in wanted for message in messages])
            except BrokerOutage as outage:
                log.warning("%d responses wait: %s", len(wanted), outage)
                await asyncio.sleep(back_off)
                back_off = min(back_off * 2, LAST_BACK_OFF_S)
            except Exception as failure:  # who waits must hear of it, whatever it is
                for _, sent in wanted:
                    if not sent.done():
                        sent.set_exception(failure)
                return
            else:
                for _, sent in wanted:
                    if not sent.done():
                        sent.set_result(None)
                return
