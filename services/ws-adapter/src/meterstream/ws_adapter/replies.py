"""Requests that wait for domain's verdict on what they submitted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from meterstream.contracts.envelope import Reply
from meterstream.contracts.errors import error
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage
from meterstream.runtime.kafka.messages import Message

log = logging.getLogger(__name__)


class PendingReplies:
    """Who waits for which submission; bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[str, asyncio.Future[Reply]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def expect(self, submission_id: str) -> Iterator[asyncio.Future[Reply]]:
        """The reply to a submission that is about to be produced.

        Raises: NOT_READY when too many wait.
        """
        if len(self._waiting) >= self._limit:
            raise error("NOT_READY", "too many requests wait")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[submission_id] = future
        try:
            yield future
        finally:
            del self._waiting[submission_id]
            future.cancel()

    def resolve(self, reply: Reply) -> None:
        """Hand a reply to its waiter; replies to others, and late ones, concern nobody here."""
        future = self._waiting.get(reply.submission_id)
        if future is not None and not future.done():
            future.set_result(reply)


def reply_taker(pending: PendingReplies, codec: Codec) -> Callable[[Sequence[Message]], None]:
    """What hands the messages of a replies partition to their waiters; other replicas' replies may be among them."""

    def take(messages: Sequence[Message]) -> None:
        for message in messages:
            if not len(pending):
                return
            try:
                pending.resolve(codec.decode_as(message.value or b"", Reply))
            except PoisonMessage as problem:
                log.warning("a reply at %r cannot be read: %s", message, problem)

    return take
