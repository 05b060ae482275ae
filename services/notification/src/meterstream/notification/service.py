"""The parts of the service, put together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meterstream.contracts.records import OrganisationRecord
from meterstream.notification.adapters.courier import Courier, SecretBox
from meterstream.notification.adapters.database import ServiceDatabase
from meterstream.notification.adapters.http import HttpSender
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.adapters.store import DeliveryStore
from meterstream.notification.adapters.undeliverable import Undeliverable
from meterstream.notification.dispatcher import Bounds, Dispatcher
from meterstream.notification.handlers.results import ResultsHandler
from meterstream.notification.housekeeping import Housekeeping
from meterstream.notification.model.circuit import CircuitPolicy, Circuits
from meterstream.notification.model.retry import RetryPolicy
from meterstream.notification.model.soap import Sender
from meterstream.notification.settings import Settings
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage, ConfigurationError
from meterstream.runtime.kafka import BatchConsumer, CompactedView, DeadLetters, Message, Producer
from meterstream.runtime.kafka_metrics import MeteredHooks
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.sealing import KEY_BYTES, Opener
from meterstream.runtime.service import Component
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import check_topics

SERVICE: Final = "notification"
TOPICS: Final = ("results", "events", "organisations")
LOAD_S: Final = 5.0
DRAIN_SHARE: Final = 0.6
"""Of the time for an orderly stop, what attempts under way may take; the rest is for writing their outcomes down."""


class Loaded:
    """Holds the start back until the topics fit and the organisations are known.

    Without them a result would find nobody to tell, and a waiting delivery would look withdrawn.
    """

    name = "loading"
    ready = True

    def __init__(self, kafka: KafkaSettings, organisations: CompactedView[OrganisationRecord]) -> None:
        self._kafka = kafka
        self._organisations = organisations

    async def start(self) -> None:
        """Check and wait.

        Raises: BrokerOutage when it takes long, so that the service asks again or stops; TopicMismatch.
        """
        await check_topics(self._kafka, TOPICS, (SERVICE,))
        try:
            async with asyncio.timeout(LOAD_S):
                await self._organisations.loaded()
        except TimeoutError:
            raise BrokerOutage("the organisations are not read yet") from None

    async def stop(self) -> None:
        """Nothing to end."""


def build(settings: Settings, metrics: Metrics) -> Sequence[Component]:
    """All components, in the order of their start."""
    delivery, kafka, codec = settings.delivery, settings.kafka, shared_codec()
    opener = Opener(read_private_key(settings.keys.private_key_file))
    rules = delivery.target_rules()
    hooks = MeteredHooks(metrics)
    database = ServiceDatabase(settings.postgres)
    store = DeliveryStore(database)
    producer = Producer(kafka)
    letters = DeadLetters(producer, stage=SERVICE, clock=system_clock, hooks=hooks)
    organisations = Organisations()
    sender = HttpSender(delivery, rules, system_clock)
    soap_sender = Sender(delivery.sender_organisation, delivery.sender_user, delivery.sender_application)
    courier = Courier(sender, organisations, SecretBox(opener), soap_sender, system_clock)
    dispatcher = Dispatcher(
        store,
        courier.attempt,
        Undeliverable(store, letters).bury,
        circuits=Circuits(_circuit_policy(settings), delivery.max_per_endpoint),
        policy=_retry_policy(settings),
        bounds=_bounds(settings),
        metrics=metrics,
        chance=random.random,
        monotonic=time.monotonic,
    )
    handler = ResultsHandler(
        codec,
        organisations,
        rules,
        store,
        letters,
        give_up_after_s=delivery.give_up_after_s,
        stored=dispatcher.wake,
        metrics=metrics,
    )

    def take_organisation(key: bytes, record: OrganisationRecord | None, _: Message) -> None:
        organisations.take(key.decode(), record)

    view = CompactedView(
        kafka,
        "organisations",
        decode=lambda raw: codec.decode_as(raw, OrganisationRecord),
        on_record=take_organisation,
        whole=True,
        hooks=hooks,
    )
    consumer = BatchConsumer(
        kafka, group=SERVICE, topics=["results", "events"], handle=handler.handle, producer=producer, hooks=hooks
    )
    return (
        database,
        producer,
        view,
        Loaded(kafka, view),
        sender,
        dispatcher,
        Housekeeping(store, interval_s=delivery.purge_interval_s, keep_s=delivery.keep_s),
        consumer,
    )


def read_private_key(path: Path) -> bytes:
    """The 32 octets of a key file: 64 hexadecimal digits.

    Raises: ConfigurationError, which never quotes the content.
    """
    variable = "METERSTREAM_KEYS__PRIVATE_KEY_FILE"
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigurationError(f"{variable}: {path}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"{variable}: {path} holds no hexadecimal digits") from None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{variable}: {path} holds {len(key)} octets, a key has {KEY_BYTES}")
    return key


def _retry_policy(settings: Settings) -> RetryPolicy:
    delivery = settings.delivery
    return RetryPolicy(
        delivery.first_delay_s, delivery.multiplier, delivery.max_delay_s, delivery.give_up_after_s, delivery.jitter
    )


def _circuit_policy(settings: Settings) -> CircuitPolicy:
    delivery = settings.delivery
    return CircuitPolicy(
        delivery.circuit_failures, delivery.circuit_pause_s, delivery.circuit_multiplier, delivery.circuit_max_pause_s
    )


def _bounds(settings: Settings) -> Bounds:
    delivery = settings.delivery
    return Bounds(
        in_flight=delivery.max_in_flight,
        per_lane=delivery.max_per_endpoint,
        timeout_s=delivery.timeout_s,
        poll_interval_s=delivery.poll_interval_s,
        drain_s=settings.drain_s * DRAIN_SHARE,
        lease_margin_s=delivery.lease_margin_s,
    )
