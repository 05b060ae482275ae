"""The parts of the service, put together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from meterstream.contracts.base import Record
from meterstream.contracts.records import DeviceRecord
from meterstream.contracts.topics import READINGS
from meterstream.dlms import errors as dlms
from meterstream.dlms.objects import ProfileError, ProfileLibrary, profiles_with
from meterstream.dlms.security import PrivateKey, SecuritySuite
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.answers import RESPONSES, SERVICE, Envelopes
from meterstream.protocol_dlms.associations import Associations
from meterstream.protocol_dlms.counters import CounterReserver
from meterstream.protocol_dlms.engine import ListingCache
from meterstream.protocol_dlms.executor import Executors, load_executors
from meterstream.protocol_dlms.frames import FrameLog
from meterstream.protocol_dlms.image_cache import ImageCache
from meterstream.protocol_dlms.image_download import ImageDownloads
from meterstream.protocol_dlms.image_store import BegunTransfers, ImageFiles, ImageStore
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.preparation import Upkeep, Views
from meterstream.protocol_dlms.pushes import handler
from meterstream.protocol_dlms.pushes import inbox as pushes
from meterstream.protocol_dlms.pushes.lessons import Lessons
from meterstream.protocol_dlms.pushes.parts import listening
from meterstream.protocol_dlms.reach import Reach
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.settings import ImageSettings, MeterTypeSettings, ReachSettings, Settings
from meterstream.protocol_dlms.short_names import short_names
from meterstream.protocol_dlms.views import devices, firmware, sessions
from meterstream.protocol_dlms.wakeup import HttpWakeup
from meterstream.protocol_dlms.worker import TurnBounds, Worker
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.kafka import CompactedView, KeyedConsumer, Producer, Sends
from meterstream.runtime.kafka.log import LogReader
from meterstream.runtime.kafka.ports import Membership
from meterstream.runtime.kafka_metrics import MeteredHooks
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.sealing import KEY_BYTES, Opener
from meterstream.runtime.service import Component
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import TopicsChecked

GROUP: Final = "protocol-dlms"
LANES: Final[Mapping[str, float]] = MappingProxyType(
    {pushes.TOPIC: 6.0, "dlms-requests-high": 6.0, "dlms-requests-normal": 3.0, "dlms-requests-low": 1.0}
)
"""Shares of the turns while every lane has work; what a lane does not need goes to the others."""
TOPICS: Final = (
    *LANES,
    RESPONSES,
    READINGS,
    devices.TOPIC,
    sessions.TOPIC,
    firmware.TOPIC,
    handler.DEVICE_EVENTS,
    handler.MESSAGE_LOGS,
)

_LONGEST_DRAIN_S: Final = 30.0
_CUT_S: Final = 8.0
"""What the engine takes at most to end turns that were not drained in time."""


class Closing:
    """Ends what sends in the background, after everybody who asks for it and before the producer."""

    name = "sending"
    ready = True

    def __init__(self, *ends: Callable[[], Awaitable[None]]) -> None:
        self._ends = ends

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """End it."""
        for end in self._ends:
            await end()


@dataclass(frozen=True, slots=True)
class Broker:
    """The clients of Kafka; those of its twin in memory fit as well."""

    producer: Sends
    reader: Callable[..., LogReader] = LogReader
    membership: Membership | None = None
    checks: Sequence[Component] = ()

    @classmethod
    def of(cls, settings: KafkaSettings) -> Broker:
        """The real one."""
        own = (topic.name for topic in settings.own_readings().values())
        return cls(Producer(settings), checks=[TopicsChecked(settings, (*TOPICS, *own), (GROUP,))])


def build(
    settings: Settings, metrics: Metrics, carried_out: Executors | None = None, broker: Broker | None = None
) -> Sequence[Component]:
    """All components, in the order of their start; to be called on the event loop that runs them.

    Raises: ConfigurationError.
    """
    codec, limits, kafka = shared_codec(), settings.sessions, settings.kafka
    broker = broker or Broker.of(kafka)
    hooks, producer = MeteredHooks(metrics), broker.producer
    session_table = sessions.SessionTable(owner=secrets.token_hex(8))
    keyring = KeyRing(Opener(_private_key(settings)), settings.keys.opened_meters)
    device_table = devices.DeviceTable(codec, limits.decoded_devices, keyring.forget)
    session_view: CompactedView[Record] = CompactedView(
        kafka,
        sessions.TOPIC,
        decode=sessions.decoder(codec),
        on_record=session_table.on_record,
        hooks=hooks,
        reader=broker.reader,
    )
    device_view: CompactedView[Record] = CompactedView(
        kafka,
        devices.TOPIC,
        decode=lambda raw: codec.decode_as(raw, DeviceRecord),
        on_record=device_table.on_record,
        hooks=hooks,
        reader=broker.reader,
    )
    reserver = CounterReserver(
        producer,
        session_table,
        session_view.caught_up,
        codec,
        metrics,
        system_clock,
        owner=session_table.owner,
        block=limits.counter_block,
    )
    connections = ConnectionLimits(limits.max_sessions, limits.connects_per_s)
    responder = Responder(producer)
    wakeup = waking(settings.reach)
    downloads = ImageDownloads(settings.image_urls)
    engine = short_names(settings.engine, limits, ListingCache(settings.engine.listed_meters))
    associations = Associations(
        limits,
        keyring,
        reserver,
        connections,
        metrics,
        profiles=read_profiles(settings.meter_types),
        reach=Reach(settings.reach, wakeup),
        frames=FrameLog(codec, responder, metrics, system_clock, lambda: secrets.token_hex(16)),
        short_names=engine,
        signing=_signing_key(settings),
    )
    marks = Marks(producer, session_table, codec, system_clock)
    worker = Worker(
        codec=codec,
        devices=device_table,
        sessions=session_table,
        associations=associations,
        executors=carried_out if carried_out is not None else load_executors(executors),
        marks=marks,
        envelopes=Envelopes(codec, producer, kafka.own_readings()),
        responder=responder,
        metrics=metrics,
        clock=system_clock,
        record_wait_s=limits.record_wait_s,
        attempt_timeout_s=limits.attempt_timeout_s,
        images=ImageStore(
            ImageFiles(
                firmware.FirmwareTopic(kafka, codec, settings.images.wait_s, broker.reader),
                downloads,
                read_image_cache(settings.images),
                time.monotonic,
            ),
            BegunTransfers(session_table, responder, producer.partition_of, codec, system_clock),
        ),
        bounds=TurnBounds(limits.turn_requests, limits.turn_s),
    )
    lessons = Lessons(session_table.addresses, codec, producer.partition_of, settings.pushes.networks)
    dealt = handler.ByTopic(
        handler.PushHandler(codec, device_table, session_table, keyring, responder, metrics, lessons), worker
    )
    consumer = KeyedConsumer(
        kafka,
        group=GROUP,
        lanes=LANES,
        describe=dealt.describe,
        handle=dealt.handle,
        # Turns that pause between connections hold none: some more turns than connections keep the line busy.
        max_keys=limits.max_sessions + (limits.max_sessions + 1) // 2,
        producer=producer,
        preparation=Views((device_view, device_table), (session_view, session_table), reserver, worker.cut),
        permits=lambda _: limits.max_per_cell,
        on_dead_letter=worker.on_dead_letter,
        clock=system_clock,
        hooks=hooks,
        drain_s=max(1.0, min(_LONGEST_DRAIN_S, settings.drain_s - _CUT_S)),
        membership=broker.membership,
    )
    engines = [] if engine is None else [engine.close]
    sending = Closing(*engines, responder.close, reserver.close)
    upkeep = Upkeep(marks, reserver)
    listeners = listening(settings.pushes, kafka, responder, codec, metrics, hooks, broker.reader)
    awake = [] if wakeup is None else [wakeup]
    return [
        *broker.checks,
        producer,
        sending,
        *awake,
        downloads,
        device_view,
        session_view,
        consumer,
        upkeep,
        *listeners,
    ]


def read_image_cache(settings: ImageSettings) -> ImageCache | None:
    """Where files are kept. Raises: ConfigurationError."""
    if settings.folder is None:
        return None
    try:
        return ImageCache(settings.folder, settings.max_bytes)
    except OSError as failure:
        raise ConfigurationError(f"METERSTREAM_IMAGES__FOLDER: {failure}") from failure


def waking(settings: ReachSettings) -> HttpWakeup | None:
    """What wakes meters, where there is something. Raises: ConfigurationError."""
    if settings.wakeup_url is None:
        return None
    return HttpWakeup(settings.wakeup_url, settings.wakeup_token_file, settings.wakeup_timeout_s)


def read_profiles(settings: MeterTypeSettings) -> ProfileLibrary:
    """Read at start: no session waits for it, and a broken pack ends the start. Raises: ConfigurationError."""
    folder = settings.folder
    try:
        return profiles_with(*([] if folder is None else [folder]))
    except (ProfileError, OSError) as failure:
        raise ConfigurationError(f"METERSTREAM_METER_TYPES__FOLDER: {failure}") from failure


def _private_key(settings: Settings) -> bytes:
    """Raises: ConfigurationError."""
    try:
        key = bytes.fromhex(settings.keys.private_key.get_secret_value().strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"METERSTREAM_KEYS__PRIVATE_KEY: expected {2 * KEY_BYTES} hex digits")
    return key


def _signing_key(settings: Settings) -> PrivateKey | None:
    """Raises: ConfigurationError."""
    if settings.keys.signing_key is None:
        return None
    try:
        return PrivateKey(SecuritySuite.SUITE_1, bytes.fromhex(settings.keys.signing_key.get_secret_value().strip()))
    except (ValueError, dlms.ConfigurationError):
        expected = "64 hex digits, a private key on P-256"
        raise ConfigurationError(f"METERSTREAM_KEYS__SIGNING_KEY: expected {expected}") from None


__all__ = ["SERVICE", "Broker", "build", "read_profiles"]
