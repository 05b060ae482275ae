"""Views of topics that somebody else writes: a compacted topic's newest records, and one partition's live tail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from meterstream.runtime.errors import BrokerOutage, Outage, PoisonMessage
from meterstream.runtime.kafka.hooks import Hooks, NoHooks
from meterstream.runtime.kafka.log import LogReader, PartitionLeft, Start
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

Value = TypeVar("Value")
RETRY_S = 1.0


class CompactedView(Generic[Value]):
    """Reads chosen partitions of a compacted topic from the beginning, and follows them ever after.

    `on_record(key, value, message)` is called in log order of each partition; a tombstone comes with the value None.
    It may see a record again after trouble with the broker, so it keeps the highest revision. A record that `decode`
    or `on_record` cannot take is told to the hooks and skipped: the view goes on with what it had under that key.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        *,
        decode: Callable[[bytes], Value],
        on_record: Callable[[bytes, Value | None, Message], None],
        whole: bool = False,
        hooks: Hooks | None = None,
        reader: Callable[..., LogReader] = LogReader,
    ) -> None:
        self.name = f"view of {topic}"
        self._topic = topic
        self._decode = decode
        self._on_record = on_record
        self._hooks = hooks or NoHooks()
        self._whole = frozenset(range(TopicNames(settings).partitions(topic))) if whole else frozenset()
        self._reader = reader(settings, topic, start=Start.BEGINNING, deliver=self._take, overtaken=self._reload)
        self._caught_up: set[int] = set()
        self._loading: asyncio.Task[None] | None = None
        self._loaded = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        """What is read now."""
        return self._reader.partitions

    @property
    def ready(self) -> bool:
        """Whether the broker answers and every partition has been read up to the end it had when it was added."""
        return self._reader.healthy and self._whole <= self._caught_up and self._reader.partitions <= self._caught_up

    async def start(self) -> None:
        """Begin to connect; a view of the whole topic also begins to load (`ready`, `loaded()` tell when it has)."""
        await self._reader.start()
        if self._whole:
            self._loading = asyncio.create_task(self._load(), name=f"load {self._topic}")

    async def stop(self) -> None:
        """Stop following."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        await self._reader.stop()

    async def loaded(self) -> None:
        """Wait until the whole topic has been read once."""
        await self._loaded.wait()

    async def add(self, partitions: Iterable[int]) -> None:
        """Read partitions; returns when each has been read up to the end offset it has now.

        Raises: BrokerOutage; PartitionLeft when a partition is removed meanwhile.
        """
        wanted = frozenset(partitions)
        ends = await self._reader.add(wanted)
        for partition, end in ends.items():
            await self._reader.reached(partition, end)
        self._caught_up |= wanted & self._reader.partitions

    async def remove(self, partitions: Iterable[int]) -> None:
        """Stop reading partitions; the owner of the dict forgets their keys."""
        gone = frozenset(partitions)
        self._caught_up -= gone
        await self._reader.remove(gone)

    async def caught_up(self, partition: int, offset: int) -> None:
        """Wait until the record at `offset` was handed to `on_record`; the caller sets the time-out.

        Raises: PartitionLeft.
        """
        await self._reader.reached(partition, offset + 1)

    async def _load(self) -> None:
        while True:
            try:
                await self.add(self._whole)
            except (Outage, PartitionLeft) as error:
                log.warning("%s is not loaded yet: %s", self.name, error)
                await asyncio.sleep(RETRY_S)
            else:
                self._loaded.set()
                return

    def _reload(self, partition: int) -> None:
        log.warning("%s reads partition %d again from the beginning", self.name, partition)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.key is None:
                self._skip(message, "UNREADABLE_MESSAGE", "no key")
                continue
            try:
                value = None if message.value is None else self._decode(message.value)
                self._on_record(message.key, value, message)
            except PoisonMessage as error:
                self._skip(message, error.code, error.reason)
            except Exception as error:  # one record must not end the view of all devices
                self._skip(message, "TECHNICAL_ERROR", type(error).__name__)

    def _skip(self, message: Message, code: str, reason: str) -> None:
        log.error("%s skips %r: %s %s", self.name, message, code, reason)
        self._hooks.unreadable(message.topic, message.partition, code)


class PartitionReader:
    """Follows one partition from its end: replies to this process."""

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        partition: int,
        on_messages: Callable[[Sequence[Message]], None],
        *,
        reader: Callable[..., LogReader] = LogReader,
    ) -> None:
        self.name = f"reader of {topic}/{partition}"
        self._partition = partition
        self._on_messages = on_messages
        self._reader = reader(settings, topic, start=Start.END, deliver=self._take, overtaken=self._skipped)
        self._positioned = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether what is sent to the partition from now on will be handed over."""
        return self._positioned.is_set() and self._reader.healthy

    async def start(self) -> None:
        """Begin to connect and to read from the end; `positioned()` tells when nothing can be missed any more."""
        await self._reader.start()
        self._task = asyncio.create_task(self._position(), name=self.name)

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._reader.stop()

    async def positioned(self) -> None:
        """Wait until what is sent to the partition from now on will be handed over."""
        await self._positioned.wait()

    async def _position(self) -> None:
        while True:
            try:
                await self._reader.add([self._partition])
            except BrokerOutage as error:
                log.warning("%s waits: %s", self.name, error)
                await asyncio.sleep(RETRY_S)
            else:
                self._positioned.set()
                return

    def _take(self, messages: list[Message]) -> None:
        try:
            self._on_messages(messages)
        except Exception as error:  # a bad reply must not end the replies of all others
            log.error("%s: %s in its handler", self.name, type(error).__name__, exc_info=False)  # noqa: TRY400  # no content

    def _skipped(self, partition: int) -> None:
        log.warning("%s goes on from the end of %d; what was sent meanwhile is gone", self.name, partition)
