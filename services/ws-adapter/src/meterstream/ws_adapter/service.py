"""The parts of the service, put together."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.records import OrganisationRecord
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import BatchConsumer, CompactedView, Message, PartitionReader, Producer
from meterstream.runtime.kafka_metrics import MeteredHooks
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.postgres import Database
from meterstream.runtime.service import Component
from meterstream.runtime.topics import TopicsChecked
from meterstream.ws_adapter.faces import Faces
from meterstream.ws_adapter.ingress import Ingress
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.offload import Offload
from meterstream.ws_adapter.platform import Platform
from meterstream.ws_adapter.replies import PendingReplies, reply_taker
from meterstream.ws_adapter.settings import WsAdapterSettings
from meterstream.ws_adapter.store.database import StoreDatabase
from meterstream.ws_adapter.store.intake import GROUP, TOPICS, Intake
from meterstream.ws_adapter.store.listen import StoreListener
from meterstream.ws_adapter.store.postgres import PostgresReadModel
from meterstream.ws_adapter.store.purge import Purge
from meterstream.ws_adapter.store.watch import Progresses, Watchers
from meterstream.ws_adapter.web.guard import Guard
from meterstream.ws_adapter.web.jwks import KeySet, fetcher_of
from meterstream.ws_adapter.web.listener import Listener
from meterstream.ws_adapter.web.tokens import Tokens

LOAD_S: Final = 5.0
USED_TOPICS: Final = ("commands", "commands-urgent", "replies", "organisations", *TOPICS)


class Loaded:
    """Keeps the listener closed until the organisations are known and no reply can be missed."""

    name = "loading"

    def __init__(self, organisations: CompactedView[OrganisationRecord], replies: PartitionReader) -> None:
        self._organisations = organisations
        self._replies = replies

    @property
    def ready(self) -> bool:
        """The two have a word of their own."""
        return True

    async def start(self) -> None:
        """Wait for both.

        Raises: BrokerOutage when it takes long, so that the service asks again or stops.
        """
        try:
            async with asyncio.timeout(LOAD_S):
                await self._organisations.loaded()
                await self._replies.positioned()
        except TimeoutError:
            raise BrokerOutage("organisations and replies are not read yet") from None

    async def stop(self) -> None:
        """Nothing to end."""


def build(settings: WsAdapterSettings, metrics: Metrics) -> Sequence[Component]:
    """All components, in the order of their start."""
    codec = shared_codec()
    kafka = settings.kafka
    hooks = MeteredHooks(metrics)
    database = Database(settings.postgres)
    model = PostgresReadModel(database)
    watchers = Watchers(settings.http.max_waiting)
    organisations = Organisations()

    def take_organisation(key: bytes, record: OrganisationRecord | None, _: Message) -> None:
        organisations.apply(key.decode(), record)

    view = CompactedView(
        kafka,
        "organisations",
        decode=lambda raw: codec.decode_as(raw, OrganisationRecord),
        on_record=take_organisation,
        whole=True,
        hooks=hooks,
    )
    offload = Offload(settings.http.off_loop_bytes, settings.http.threads)
    pending = PendingReplies(settings.http.max_waiting)
    reply_partition = secrets.randbelow(kafka.spread_partitions)
    replies = PartitionReader(kafka, "replies", reply_partition, reply_taker(pending, codec))
    producer = Producer(kafka)
    ingress = Ingress(
        codec,
        producer,
        pending,
        reply_partition=reply_partition,
        clock=system_clock,
        random=uuid4,
        metrics=metrics,
    )
    keys = None if settings.oauth is None else KeySet(settings.oauth, fetcher_of(settings.oauth))
    platform = Platform(
        catalogue=load_operations(),
        codec=codec,
        ingress=ingress,
        progresses=Progresses(model, watchers),
        organisations=organisations,
        guard=Guard(settings.http),
        metrics=metrics,
        clock=system_clock,
        offload=offload,
        bulk=settings.bulk,
        tokens=None if settings.oauth is None or keys is None else Tokens(settings.oauth, keys),
    )
    faces = Faces(platform, settings.soap)

    async def after_listening() -> None:
        await ingress.drain()
        offload.close()

    intake = Intake(codec, model, metrics, offload, platform.catalogue)
    return (
        TopicsChecked(kafka, USED_TOPICS, (GROUP,)),
        StoreDatabase(database),
        producer,
        view,
        replies,
        StoreListener(settings.postgres, watchers),
        BatchConsumer(kafka, group=GROUP, topics=TOPICS, handle=intake.handle, producer=producer, hooks=hooks),
        Purge(model, system_clock, settings.store.purge_interval_s),
        *([] if keys is None else [keys]),
        Loaded(view, replies),
        Listener(
            settings.http,
            faces.routes(),
            on_stop=after_listening,
            before_drain=watchers.close,
            tokens=keys is not None,
        ),
    )
