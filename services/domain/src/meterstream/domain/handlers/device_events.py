"""Topic `device-events`: what meters told and protocol-dlms noticed; domain adds whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.events import DeviceEvent
from meterstream.domain.adapters.event_store import EventStore
from meterstream.domain.adapters.intake import position_of
from meterstream.domain.handlers.delivery import Delivery, trace
from meterstream.domain.model.events import event_publication, told_by_device
from meterstream.domain.model.world import Outcome, Rejected
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage, UnknownSchema, UnreadableMessage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.metrics import EVENTS, Metrics


class DeviceEventHandler:
    """Stores a batch of events in one statement and publishes each for the organisations that it concerns."""

    def __init__(self, codec: Codec, store: EventStore, delivery: Delivery, clock: Clock, metrics: Metrics) -> None:
        self._codec = codec
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._metrics = metrics

    async def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch; an event of a device that nobody knows, or nobody answers for, is a dead letter.

        Raises: UnknownSchema, DatabaseOutage, BrokerOutage.
        """
        outcome, told = Outcome(), []
        for message in messages:
            try:
                told.append((message, self._read(message)))
            except UnknownSchema:
                raise  # a newer release: the engine holds the message until this one is replaced
            except PoisonMessage as poison:
                outcome.rejected.append(Rejected(position_of(message), poison.code, poison.reason))
        now = self._clock()
        kept = await self._store.keep([told_by_device(event, now) for _, event in told])
        for message, event in told:
            found = kept[event.event_id]
            since = len(outcome.publications)
            if found.event.organisations:
                outcome.publications.append(event_publication(found.event, self._codec))
                self._metrics.count(EVENTS, event.kind, "published")
            else:
                code = "UNAUTHORIZED" if found.is_known else "UNKNOWN_DEVICE"
                why = "has no organisation that may know" if found.is_known else "is not in the registry"
                reason = f"device {event.device_identification} {why}"
                outcome.rejected.append(Rejected(position_of(message), code, reason))
                self._metrics.count(EVENTS, event.kind, "unaddressed" if found.is_known else "unknown_device")
            trace(outcome.publications, since, message.header("traceparent"))
        await self._delivery.deliver(messages, outcome, set())

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """Nobody waits for an event: the letter is all there is to say."""

    def _read(self, message: Message) -> DeviceEvent:
        if message.value is None:
            raise UnreadableMessage("the message has no value")
        return self._codec.decode_as(message.value, DeviceEvent)
