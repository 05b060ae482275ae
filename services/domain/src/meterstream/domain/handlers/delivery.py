"""Puts an outcome into effect once it is committed: records first, then messages, then dead letters."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from meterstream.domain.adapters.intake import position_of
from meterstream.domain.adapters.publisher import count_endings, to_batch
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.model.messages import Publication
from meterstream.domain.model.world import Outcome, Rejected
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.metrics import RETRIES, Metrics

log = logging.getLogger(__name__)


class SendsDeadLetters(Protocol):
    """Takes messages that nobody can handle."""

    async def send(self, rejected: Sequence[tuple[Message, str, str]]) -> None:
        """Put (message, code, reason) on the dead-letter topics of their sources; returns when they are acked."""


class Delivery:
    """Produces what follows from a committed batch. All of it again is harmless: repeats are byte-equal."""

    def __init__(self, relay: Relay, producer: Sends, dead_letters: SendsDeadLetters, metrics: Metrics) -> None:
        self._relay = relay
        self._producer = producer
        self._dead_letters = dead_letters
        self._metrics = metrics

    async def deliver(self, messages: Sequence[Message], outcome: Outcome, unpublished: set[str]) -> None:
        """Returns when everything is acknowledged.

        Raises: BrokerOutage, DatabaseOutage; MessageTooLarge where one message does not fit its topic.
        """
        if unpublished and outcome.publications:
            await self._relay.publish_devices(unpublished)
        await self._producer.send(to_batch(outcome.publications))
        if outcome.rejected:
            await self._dead_letters.send(_letters(messages, outcome.rejected))
        self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        count_endings(self._metrics, outcome.publications)
        for operation, code in outcome.retried:
            self._metrics.count(RETRIES, operation, code)


def _letters(messages: Sequence[Message], rejected: Sequence[Rejected]) -> list[tuple[Message, str, str]]:
    by_position = {position_of(message): message for message in messages}
    return [(by_position[item.position], item.code, item.reason) for item in rejected]


def trace(publications: list[Publication], since: int, traceparent: bytes | None) -> None:
    """Let everything from place `since` on carry the trace of the message that caused it."""
    if traceparent is not None:
        publications[since:] = [replace(item, traceparent=traceparent) for item in publications[since:]]
