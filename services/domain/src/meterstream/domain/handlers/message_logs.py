"""Topic `message-logs`: frames of sessions with devices in debug mode, and pushes."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.events import MessageLog
from meterstream.domain.adapters.event_store import EventStore
from meterstream.domain.adapters.intake import position_of
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.model.world import Outcome, Rejected
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage, UnknownSchema, UnreadableMessage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.metrics import MESSAGE_LOGS, Metrics


class MessageLogHandler:
    """Stores a batch of frames; what is too much of one device goes, its oldest first."""

    def __init__(self, codec: Codec, store: EventStore, delivery: Delivery, metrics: Metrics) -> None:
        self._codec = codec
        self._store = store
        self._delivery = delivery
        self._metrics = metrics

    async def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch; frames of a device that is not in the registry are counted, for nobody could read them.

        Raises: UnknownSchema, DatabaseOutage, BrokerOutage.
        """
        outcome, frames = Outcome(), []
        for message in messages:
            try:
                frames.append(self._read(message))
            except UnknownSchema:
                raise  # a newer release: the engine holds the message until this one is replaced
            except PoisonMessage as poison:
                outcome.rejected.append(Rejected(position_of(message), poison.code, poison.reason))
        stored = await self._store.log(frames)
        self._metrics.count(MESSAGE_LOGS, "stored", by=stored)
        self._metrics.count(MESSAGE_LOGS, "repeated_or_unknown_device", by=len(frames) - stored)
        await self._delivery.deliver(messages, outcome, set())

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """Nobody waits for a frame: the letter is all there is to say."""

    def _read(self, message: Message) -> MessageLog:
        if message.value is None:
            raise UnreadableMessage("the message has no value")
        return self._codec.decode_as(message.value, MessageLog)
