"""Results and events: each is announced to the receivers that its organisation and its command name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from meterstream.contracts.catalogue import answered_by_events
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Result
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.adapters.store import DeliveryStore, NewDelivery, Source
from meterstream.notification.adapters.undeliverable import DeadLetters
from meterstream.notification.model.notice import Notice, notice_of, notices_of
from meterstream.notification.model.targets import targets_of
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.kafka import Message
from meterstream.runtime.metrics import DELIVERIES, Metrics
from meterstream.runtime.outbound.addresses import TargetRules

log = logging.getLogger(__name__)


class ResultsHandler:
    """Stores the deliveries of a batch of messages in one statement; the dispatcher does the rest."""

    def __init__(
        self,
        codec: Codec,
        organisations: Organisations,
        rules: TargetRules,
        store: DeliveryStore,
        dead_letters: DeadLetters,
        *,
        give_up_after_s: float,
        stored: Callable[[], None],
        metrics: Metrics,
    ) -> None:
        self._codec = codec
        self._answered = answered_by_events()
        self._organisations = organisations
        self._rules = rules
        self._store = store
        self._dead_letters = dead_letters
        self._give_up_after_s = give_up_after_s
        self._stored = stored
        self._metrics = metrics

    async def handle(self, messages: Sequence[Message]) -> None:
        """Store what the messages ask for. A response URL that must not be called ends as a dead letter.

        Raises: PoisonMessage for a message that is neither result nor event; Outage.
        """
        deliveries: list[NewDelivery] = []
        refused: list[tuple[Message, str, str]] = []
        for message in messages:
            for delivery in self._deliveries(message):
                deliveries.append(delivery)
                if delivery.target.refusal is not None:
                    refused.append((message, "VALIDATION_ERROR", delivery.target.refusal))
        added = await self._store.add(deliveries, give_up_after_s=self._give_up_after_s)
        if refused:
            await self._dead_letters.send(refused)
        for delivery in deliveries:
            outcome = "stored" if delivery.target.refusal is None else "refused"
            self._metrics.count(DELIVERIES, delivery.target.kind.value, outcome)
        if added:
            self._stored()

    def _deliveries(self, message: Message) -> list[NewDelivery]:
        if message.value is None:
            raise UnreadableMessage("the message has no value")
        record = self._codec.decode(message.value)
        source = Source(message.topic, message.partition, message.offset, message.key, message.value)
        match record:
            case Event():
                notices = notices_of(record, self._answered)
                return [delivery for notice in notices for delivery in self._of(notice, None, None, source)]
            case Result():
                notice, header = notice_of(record), record.header
                return [] if notice is None else self._of(notice, header.application, header.response_url, source)
        raise UnreadableMessage(f"a {type(record).__name__} where a result or an event belongs")

    def _of(
        self, notice: Notice, application: str | None, response_url: str | None, source: Source
    ) -> list[NewDelivery]:
        organisation = self._organisations.find(notice.organisation)
        targets = targets_of(notice, application, response_url, organisation, self._rules)
        if not targets:
            self._metrics.count(DELIVERIES, "none", "unaddressed")
            log.debug(
                "nobody to tell",
                extra={"organisation": notice.organisation, "correlation_uid": notice.correlation_uid},
            )
        return [NewDelivery(target, notice, source) for target in targets]
