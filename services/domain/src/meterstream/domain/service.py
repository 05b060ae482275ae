"""The parts of domain put together."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final, Protocol

from meterstream.contracts.topics import organisation_commands
from meterstream.dlms.objects import ProfileError, profiles_with
from meterstream.domain.adapters.administration import load_identity_secret
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.adapters.event_store import EventStore
from meterstream.domain.adapters.firmware_relay import FirmwareRelay
from meterstream.domain.adapters.given_keys import KeyOpener
from meterstream.domain.adapters.intake import Intake
from meterstream.domain.adapters.key_files import read_hex_key, read_rsa_key
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.adapters.periodic import Periodic
from meterstream.domain.adapters.relay import Relay
from meterstream.domain.adapters.scheduler import Timers
from meterstream.domain.adapters.store import Store
from meterstream.domain.handlers.commands import CommandHandler
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.handlers.device_events import DeviceEventHandler
from meterstream.domain.handlers.dlms_responses import ResponseHandler
from meterstream.domain.handlers.message_logs import MessageLogHandler
from meterstream.domain.model.messages import Composer
from meterstream.domain.rules import load_rules
from meterstream.domain.settings import DomainSettings, KeySettings, MeterTypeSettings
from meterstream.runtime.clock import Clock, system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import ConfigurationError, PoisonMessage
from meterstream.runtime.kafka import BatchConsumer, DeadLetters, Message, Producer, TopicNames
from meterstream.runtime.kafka_metrics import MeteredHooks
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.postgres import Database
from meterstream.runtime.registry import RegistryClient, SchemaRegistry, shared_ids
from meterstream.runtime.sealing import KeyVault
from meterstream.runtime.service import Component
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import TopicAdmin, check_topics

log = logging.getLogger(__name__)

MIGRATIONS: Final = "meterstream.domain.migrations"
MAX_BATCH: Final = 250
"""Bigger batches save little more, and make urgent commands wait for the event loop."""

TOPICS_USED: Final = (
    "commands",
    "commands-urgent",
    "upstream-commands",
    "replies",
    "command-states",
    "dlms-requests-high",
    "dlms-requests-normal",
    "dlms-requests-low",
    "dlms-responses",
    "results",
    "devices",
    "organisations",
    "firmware",
    "device-events",
    "events",
    "message-logs",
)
GROUPS: Final = (
    "domain-commands",
    "domain-urgent",
    "domain-upstream",
    "domain-responses",
    "domain-events",
    "domain-message-logs",
)


def read_keyring(settings: KeySettings) -> Keyring:
    """The keys of this installation, from their files.

    Raises: ConfigurationError.
    """
    former = [read_hex_key(path) for path in settings.former_key_encryption_key_files]
    return Keyring(
        read_rsa_key(settings.rsa_private_key_file),
        KeyVault(read_hex_key(settings.key_encryption_key_file), *former),
        read_hex_key(settings.protocol_public_key_file),
        read_hex_key(settings.notification_public_key_file),
    )


def known_protocols(settings: MeterTypeSettings) -> frozenset[tuple[str, str]]:
    """Name and version of the meter types that there are packs for. Raises: ConfigurationError."""
    folder = settings.folder
    try:
        known = profiles_with(*([] if folder is None else [folder])).names()
    except (ProfileError, OSError) as failure:
        raise ConfigurationError(f"METERSTREAM_METER_TYPES__FOLDER: {failure}") from failure
    return frozenset((protocol.name, protocol.version) for protocol in known)


def schema_registry(settings: KafkaSettings) -> SchemaRegistry | None:
    """Where upstream's schema ids are looked up; None where there is no registry."""
    return None if settings.registry.url is None else SchemaRegistry(RegistryClient(settings.registry), shared_ids())


class DomainService:
    """Everything that runs, as one component: nothing of it can work without the database.

    A start that fails because broker or database are away leaves nothing behind and may be tried again.
    """

    def __init__(self, settings: DomainSettings, metrics: Metrics, clock: Clock = system_clock) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._parts: list[Component] = []
        self._stack = AsyncExitStack()

    @property
    def name(self) -> str:
        """With the parts that are not ready."""
        waiting = ", ".join(part.name for part in self._parts if not part.ready)
        return f"domain ({waiting})" if waiting else "domain"

    @property
    def ready(self) -> bool:
        """Whether every part is."""
        return bool(self._parts) and all(part.ready for part in self._parts)

    async def start(self) -> None:
        """Open the database, compare the topics, start the parts.

        Raises: BrokerOutage, DatabaseOutage, ConfigurationError.
        """
        async with AsyncExitStack() as stack:
            keyring = read_keyring(self._settings.keys)
            stack.callback(keyring.close)
            database = await Database.open(self._settings.postgres, MIGRATIONS)
            stack.push_async_callback(database.close)
            await load_identity_secret(database, keyring)
            await check_topics(self._settings.kafka, TOPICS_USED, GROUPS)
            self._parts = []
            registry = schema_registry(self._settings.kafka)
            if registry is not None:
                stack.push_async_callback(registry.close)
            for part in await self._build(database, keyring, registry):
                await part.start()
                stack.push_async_callback(part.stop)
                self._parts.append(part)
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """Stop the consumers, then what they need."""
        await self._stack.aclose()
        self._parts = []

    async def _build(self, database: Database, keyring: Keyring, registry: SchemaRegistry | None) -> list[Component]:
        settings, metrics, codec = self._settings, self._metrics, shared_codec()
        producer = Producer(settings.kafka)
        store, relay = Store(database), Relay(database, producer, keyring, codec)
        firmware = FirmwareRelay(database, producer, codec)
        contexts = Contexts(
            composer=Composer(codec),
            functions=await store.function_groups(),
            rules=load_rules(),
            protocols=known_protocols(settings.meter_types),
            policy=settings.retry.policy(),
            jitter=random.Random().random,
            longest_run=timedelta(seconds=settings.scheduler.longest_run_s),
            clock=self._clock,
            reveal=keyring.reveal,
            make_key=keyring.make,
        )
        opener = KeyOpener(keyring, contexts.rules, codec)
        intake = Intake(codec, opener, TopicNames(settings.kafka).partitions("replies"), registry)
        consumers = Consumers(settings, metrics, self._clock, producer, relay)
        upstream = UpstreamConsumer(consumers, intake, store, contexts)
        events = EventStore(database, settings.retention.message_logs_per_device)
        timers = Timers(database, contexts, keyring, relay, producer, metrics)

        is_sealed = False

        async def fire_and_produce() -> bool:
            fired = await timers.fire()
            return bool(await timers.produce() or fired)

        async def publish_changes() -> bool:
            published = await relay.publish_changes()
            return bool(published + await firmware.publish_changes())

        async def keep_house() -> bool:
            nonlocal is_sealed
            if not is_sealed and (resealed := await relay.reseal()):
                log.warning("%d device records are sealed anew: the key of protocol-dlms has changed", resealed)
            is_sealed = True
            contexts.functions = await store.function_groups()
            await upstream.follow(await store.own_topics())
            now, kept = self._clock(), settings.retention
            old_events, old_frames = timedelta(days=kept.events_days), timedelta(days=kept.message_logs_days)
            forgotten = await events.forget(now - old_events, now - old_frames)
            return bool(await timers.forget() or forgotten)

        interval = settings.scheduler.interval_s
        publishing = Periodic("relay", interval, publish_changes)
        return [
            producer,
            publishing,
            Periodic("timers", interval, fire_and_produce),
            consumers.of_responses(store, contexts, publishing.wake),
            consumers.of_device_events(events),
            consumers.of_message_logs(events),
            consumers.of_commands("domain-commands", ["commands"], intake, store, contexts),
            consumers.of_commands("domain-urgent", ["commands-urgent"], intake, store, contexts),
            upstream,
            Periodic("housekeeping", settings.scheduler.housekeeping_s, keep_house),
        ]


class Handler(Protocol):
    """Handles the messages of one consumer."""

    async def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch; returns when its effects are done."""

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """What else follows from a message that could not be handled."""


class Consumers:
    """Makes consumers: each with a group, a handler and dead letters of its own, so that none delays another."""

    def __init__(
        self, settings: DomainSettings, metrics: Metrics, clock: Clock, producer: Producer, relay: Relay
    ) -> None:
        self.settings = settings
        self._metrics = metrics
        self._clock = clock
        self._producer = producer
        self._relay = relay
        self._hooks = MeteredHooks(metrics)

    def of_commands(
        self, group: str, topics: Sequence[str], intake: Intake, store: Store, contexts: Contexts
    ) -> BatchConsumer:
        """Of topics that hold commands."""
        handler = CommandHandler(intake, store, contexts, self._delivery(group), self._metrics)
        return self._consumer(group, topics, handler)

    def of_responses(self, store: Store, contexts: Contexts, wake_relay: Callable[[], None]) -> BatchConsumer:
        """Of `dlms-responses`."""
        group = "domain-responses"
        handler = ResponseHandler(shared_codec(), store, contexts, self._delivery(group), wake_relay)
        return self._consumer(group, ["dlms-responses"], handler)

    def of_device_events(self, store: EventStore) -> BatchConsumer:
        """Of `device-events`."""
        group = "domain-events"
        handler = DeviceEventHandler(shared_codec(), store, self._delivery(group), self._clock, self._metrics)
        return self._consumer(group, ["device-events"], handler)

    def of_message_logs(self, store: EventStore) -> BatchConsumer:
        """Of `message-logs`."""
        group = "domain-message-logs"
        handler = MessageLogHandler(shared_codec(), store, self._delivery(group), self._metrics)
        return self._consumer(group, ["message-logs"], handler)

    def _delivery(self, group: str) -> Delivery:
        letters = DeadLetters(self._producer, stage=group, clock=self._clock, hooks=self._hooks)
        return Delivery(self._relay, self._producer, letters, self._metrics)

    def _consumer(self, group: str, topics: Sequence[str], handler: Handler) -> BatchConsumer:
        return BatchConsumer(
            self.settings.kafka,
            group=group,
            topics=topics,
            handle=handler.handle,
            producer=self._producer,
            on_dead_letter=handler.on_dead_letter,
            clock=self._clock,
            max_batch=MAX_BATCH,
            hooks=self._hooks,
        )


class UpstreamConsumer:
    """`upstream-commands` and the organisations' own topics, which the registry names, never a pattern."""

    name = "domain-upstream"

    def __init__(self, consumers: Consumers, intake: Intake, store: Store, contexts: Contexts) -> None:
        self._consumers = consumers
        self._intake = intake
        self._store = store
        self._contexts = contexts
        self._slugs: list[str] = []
        self._consumer: BatchConsumer | None = None

    @property
    def ready(self) -> bool:
        """Whether the consumer is."""
        return self._consumer is not None and self._consumer.ready

    async def start(self) -> None:
        """Join the group with the topics that the registry names now."""
        self._slugs = await self._store.own_topics()
        await self._join()

    async def stop(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def follow(self, slugs: list[str]) -> None:
        """Join again with other topics once the registry names others."""
        if self._consumer is not None and slugs != self._slugs:
            log.info("organisations with a topic of their own: %s", ", ".join(slugs) or "none")
            self._slugs = slugs
            await self.stop()
            await self._join()

    async def _join(self) -> None:
        topics = ["upstream-commands", *await asyncio.to_thread(self._existing)]
        self._consumer = self._consumers.of_commands(self.name, topics, self._intake, self._store, self._contexts)
        await self._consumer.start()

    def _existing(self) -> list[str]:
        """Own topics that are as the contract wants them; the others cannot be read and are reported."""
        admin, found = TopicAdmin(self._consumers.settings.kafka), []
        for slug in self._slugs:
            topic = organisation_commands(slug)
            try:
                admin.check([topic])
            except ConfigurationError as mismatch:
                log.error("an organisation's own topic is left out: %s", mismatch)  # noqa: TRY400  # says it all
            else:
                found.append(topic.name)
        return found
