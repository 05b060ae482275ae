"""Moves the read model with the messages of `command-states`, `results` and `events`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from meterstream.contracts.catalogue import answered_by_events, answering
from meterstream.contracts.envelope import CommandState
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Operation, Result
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.metrics import COMMAND_SECONDS, RESULTS, Metrics
from meterstream.ws_adapter.model.progress import Progress, from_result, from_state, newest
from meterstream.ws_adapter.model.told import from_event
from meterstream.ws_adapter.offload import Offload
from meterstream.ws_adapter.store.port import ReadModel

TOPICS: Final = ("command-states", "results", "events")
RESULTS_TOPIC: Final = "results"
GROUP: Final = "ws-results"
STRIDE: Final = 50
"""Messages that are decoded in one turn of the event loop, about 3 ms."""


class Intake:
    """Handler of one batch: decode, keep the newest of each command, write once."""

    def __init__(
        self, codec: Codec, model: ReadModel, metrics: Metrics, offload: Offload, catalogue: Mapping[str, Operation]
    ) -> None:
        self._codec = codec
        self._answered = answered_by_events(catalogue)
        self._model = model
        self._metrics = metrics
        self._offload = offload

    async def handle(self, messages: Sequence[Message]) -> None:
        """Write what the messages tell.

        Raises: UnreadableMessage, UnknownSchema (the engine finds the message), DatabaseOutage.
        """
        found = [await self._rows_of(message, index) for index, message in enumerate(messages)]
        await self._model.upsert(newest(row for rows in found for row in rows))
        for message, rows in zip(messages, found, strict=True):
            for row in rows if message.topic == RESULTS_TOPIC else ():
                if row.finished_at is None:
                    continue
                self._metrics.count(RESULTS, row.operation, row.state, row.error.code if row.error else "")
                self._metrics.observe(
                    COMMAND_SECONDS, (row.finished_at - row.created_at).total_seconds(), row.operation
                )

    async def _rows_of(self, message: Message, index: int) -> Sequence[Progress]:
        if index % STRIDE == STRIDE - 1:
            await asyncio.sleep(0)  # let requests in
        return await self._offload.run(len(message.value or b""), lambda: self._rows(message))

    def _rows(self, message: Message) -> Sequence[Progress]:
        value = message.value or b""
        record = self._codec.decode(value)
        match record:
            case CommandState():
                return [from_state(record)]
            case Result():
                return [from_result(record, value)]
            case Event():
                operation = answering(record, self._answered)
                return [] if operation is None else from_event(record, value, operation)
        raise UnreadableMessage(f"a {type(record).__name__} has no place on {message.topic}")
