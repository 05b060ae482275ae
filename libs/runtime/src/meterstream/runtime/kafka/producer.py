"""Sending: idempotent, acknowledged by all replicas, one await for a whole batch."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Iterator, Sequence
from typing import Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from meterstream.contracts.topics import DEAD_LETTER_SUFFIX
from meterstream.runtime.errors import BrokerOutage, MessageTooLarge
from meterstream.runtime.kafka.clients import aiokafka_options
from meterstream.runtime.kafka.framing import framing
from meterstream.runtime.kafka.messages import Outgoing, Position, TopicPartition
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.registry.frame import SchemaIds
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

BATCH_BYTES: Final = 256 * 1024
WORTH_COMPRESSING: Final = 4096
CODEC_NONE: Final = 0
RECORD_OVERHEAD: Final = 128  # batch header, lengths and deltas of one record, generously
HEADER_OVERHEAD: Final = 10
FLUSH_S: Final = 10.0
CONNECT_S: Final = 5.0


class Sends(Protocol):
    """What a service needs of a producer; the twin in memory has it too."""

    name: str

    @property
    def ready(self) -> bool:
        """Whether the last word of the broker was good."""

    async def start(self) -> None:
        """Begin to connect."""

    async def stop(self) -> None:
        """Send what is waiting, then close."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Position]:
        """Send a batch; the positions come in its order.

        Returns when all replicas have every message. Raises: MessageTooLarge before anything is sent; BrokerOutage
        when the broker does not answer in time: any part of the batch may be in the log then, so send all of it again.
        """

    def partition_of(self, topic: str, key: bytes) -> int:
        """The partition of a key: murmur2 modulo the configured count."""

    def check_size(self, outgoing: Outgoing) -> None:
        """Raises: MessageTooLarge when the topic does not take a message of this size."""


class _Call:
    """One `send` on its way."""

    __slots__ = ("future", "missing", "positions")

    def __init__(self, count: int, future: asyncio.Future[None]) -> None:
        self.positions: list[Position | None] = [None] * count
        self.missing = count
        self.future = future

    def landed(self, index: int, position: Position) -> None:
        self.positions[index] = position
        self.missing -= 1
        if not self.missing and not self.future.done():
            self.future.set_result(None)

    def failed(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class _Pending:
    """What waits for one partition; one batch of it is on its way at a time, which keeps the order."""

    __slots__ = ("in_flight", "sending", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[Outgoing, _Call, int]] = deque()
        self.in_flight: list[tuple[_Call, int]] = []
        self.sending: asyncio.Task[None] | None = None


class Outbound:
    """Places and sizes of outgoing messages; shared by the producer and its twin in memory."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.names = TopicNames(settings)
        self._framing = framing(settings)
        self._turn = 0

    def partition(self, outgoing: Outgoing) -> int:
        """The partition that the message names, else its key's, else the next one."""
        if outgoing.partition is not None:
            return outgoing.partition
        if outgoing.key is not None:
            return self.names.partition_of(outgoing.topic, outgoing.key)
        self._turn += 1
        return self._turn % self.names.partitions(outgoing.topic)

    def framed(self, batch: Sequence[Outgoing]) -> Sequence[Outgoing]:
        """The batch in the wire format of the schema registry, where there is one; dead letters stay what they were."""
        if self._framing is None:
            return batch
        return [self._frame(self._framing, outgoing) for outgoing in batch]

    @staticmethod
    def _frame(ids: SchemaIds, outgoing: Outgoing) -> Outgoing:
        if outgoing.value is None or outgoing.topic.endswith(DEAD_LETTER_SUFFIX):
            return outgoing
        return outgoing._replace(value=ids.framed(outgoing.value))

    def check_size(self, outgoing: Outgoing) -> None:
        """Raises: MessageTooLarge; measured before compression, so that the answer does not depend on the content."""
        size = RECORD_OVERHEAD + len(outgoing.key or b"") + len(outgoing.value or b"")
        size += sum(len(name) + len(value) + HEADER_OVERHEAD for name, value in outgoing.headers)
        limit = self.names.topic(outgoing.topic).max_message_bytes
        if size > limit:
            raise MessageTooLarge(size, limit)


class Producer:
    """Sends to Kafka; a producer that failed is replaced by a fresh one, so that no sequence gap stays behind."""

    def __init__(self, settings: KafkaSettings, *, name: str = "kafka-producer") -> None:
        self.name = name
        self._options = aiokafka_options(settings)
        self._compression = None if settings.compression == "none" else settings.compression
        self._outbound = Outbound(settings)
        self._timeout = settings.request_timeout_ms / 1000
        self._linger = settings.linger_ms / 1000
        self._pending: dict[TopicPartition, _Pending] = {}
        self._dirty: set[TopicPartition] = set()
        self._flush: asyncio.Handle | None = None
        self._flushed_at = float("-inf")
        self._inner: AIOKafkaProducer | None = None
        self._starting: asyncio.Task[None] | None = None
        self._counted: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._healthy = False
        self._closed = False

    @property
    def ready(self) -> bool:
        """Whether the last word of the broker was good."""
        return self._healthy and not self._closed

    async def start(self) -> None:
        """Begin to connect; a broker that is away is waited for, `ready` tells."""
        self._spawn(self._connect_at_leisure())

    async def stop(self) -> None:
        """Send what is waiting, at most ten seconds, then close."""
        self._closed = True
        calls = {call.future for pending in self._pending.values() for call, _ in self._calls(pending)}
        if calls:
            await asyncio.wait(calls, timeout=FLUSH_S)
        self._abandon(BrokerOutage("the producer is closed"))
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=CONNECT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def partition_of(self, topic: str, key: bytes) -> int:
        """The partition of a key: murmur2 modulo the configured count."""
        return self._outbound.names.partition_of(topic, key)

    def check_size(self, outgoing: Outgoing) -> None:
        """Raises: MessageTooLarge when the topic does not take a message of this size."""
        self._outbound.check_size(outgoing)

    async def send(self, batch: Sequence[Outgoing]) -> list[Position]:
        """See `Sends.send`."""
        if not batch:
            return []
        batch = self._outbound.framed(batch)
        for outgoing in batch:
            self._outbound.check_size(outgoing)
        try:
            async with asyncio.timeout(self._timeout):
                await self._connected({outgoing.topic for outgoing in batch})
                call = _Call(len(batch), asyncio.get_running_loop().create_future())
                self._enqueue(batch, call)
                await call.future
        except TimeoutError:
            outage = BrokerOutage(f"the broker did not take {len(batch)} messages within {self._timeout:.0f} s")
            self._abandon(outage)
            raise outage from None
        return [position for position in call.positions if position is not None]

    # Connecting

    async def _connect_at_leisure(self) -> None:
        while not self._closed:
            try:
                async with asyncio.timeout(self._timeout):
                    await self._connected(frozenset())
            except (BrokerOutage, TimeoutError) as error:
                log.warning("no producer yet: %s", error or "no answer")
                await asyncio.sleep(1)
            else:
                return

    async def _connected(self, topics: set[str] | frozenset[str]) -> None:
        """Have a living producer that knows these topics.

        Raises: BrokerOutage.
        """
        if self._closed:
            raise BrokerOutage("the producer is closed")
        try:
            while not self._alive():
                if self._starting is None:
                    self._starting = self._spawn(self._replace())
                await asyncio.shield(self._starting)  # aiokafka leaks a connection whose start is cancelled
            for topic in topics - self._counted:
                await self._count(topic)
        except KafkaError as error:
            self._healthy = False
            raise BrokerOutage(f"no producer: {error!r}") from error

    def _alive(self) -> bool:
        if self._inner is None:
            return False
        task = self._inner._sender.sender_task  # aiokafka tells a dead sender in no other way
        return task is not None and not task.done()

    async def _replace(self) -> None:
        self._abandon(BrokerOutage("the producer was replaced"))
        inner = AIOKafkaProducer(
            **self._options,
            enable_idempotence=True,
            acks="all",
            compression_type=self._compression,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,  # batches are gathered here
        )
        try:
            await inner.start()
        except BaseException:
            await _close(inner)
            raise
        finally:
            self._starting = None
        self._inner = inner
        self._healthy = True

    async def _count(self, topic: str) -> None:
        """A topic whose partitions are not as configured would part a device from its lane."""
        if self._inner is None:
            raise BrokerOutage("the producer was replaced")
        found = len(await self._inner.partitions_for(self._outbound.names.full(topic)))
        expected = self._outbound.names.partitions(topic)
        if found < expected:
            self._healthy = False
            raise BrokerOutage(f"topic {topic} has {found} partitions, {expected} are configured")
        self._counted.add(topic)

    def _abandon(self, error: Exception) -> None:
        """Give the producer up with all it holds: what was not acknowledged fails now and is never sent later."""
        inner, self._inner = self._inner, None
        self._healthy = False
        self._counted.clear()
        abandoned, self._pending = self._pending, {}
        self._dirty.clear()
        for pending in abandoned.values():
            for call, _ in self._calls(pending):
                call.failed(error)
            if pending.sending is not None:
                pending.sending.cancel()
        if inner is not None:
            self._spawn(_close(inner))

    @staticmethod
    def _calls(pending: _Pending) -> Iterator[tuple[_Call, int]]:
        yield from pending.in_flight
        for _, call, index in pending.waiting:
            yield call, index

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        return task

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("%s: %r", self.name, error)

    # Sending

    def _enqueue(self, batch: Sequence[Outgoing], call: _Call) -> None:
        full, partition = self._outbound.names.full, self._outbound.partition
        for index, outgoing in enumerate(batch):
            place = TopicPartition(full(outgoing.topic), partition(outgoing))
            pending = self._pending.get(place)
            if pending is None:
                pending = self._pending[place] = _Pending()
            pending.waiting.append((outgoing, call, index))
            self._dirty.add(place)
        if self._flush is None:
            loop = asyncio.get_running_loop()
            wait = self._flushed_at + self._linger - loop.time()
            self._flush = loop.call_later(wait, self._flush_all) if wait > 0 else loop.call_soon(self._flush_all)

    def _flush_all(self) -> None:
        self._flush = None
        self._flushed_at = asyncio.get_running_loop().time()
        dirty, self._dirty = self._dirty, set()
        for place in dirty:
            pending = self._pending.get(place)
            if self._inner is not None and pending is not None and pending.waiting and not pending.in_flight:
                pending.sending = self._spawn(self._send_some(self._inner, place, pending))

    async def _send_some(self, inner: AIOKafkaProducer, place: TopicPartition, pending: _Pending) -> None:
        """Send what waits for one partition, batch after batch. Cancelled when the producer is given up."""
        while pending.waiting and not pending.in_flight:
            builder = self._builder(inner, pending)
            while pending.waiting:
                outgoing, call, index = pending.waiting[0]
                added = builder.append(
                    timestamp=None, key=outgoing.key, value=outgoing.value, headers=list(outgoing.headers)
                )
                if added is None:
                    break
                pending.in_flight.append((call, index))
                pending.waiting.popleft()
            builder.close()
            try:
                landed = await (await inner.send_batch(builder, place.topic, partition=place.partition))
            except Exception as error:  # whatever it was, the sequence numbers have a gap now
                self._failed(inner, pending, error, builder.size())
                return
            sent, pending.in_flight = pending.in_flight, []
            self._landed(inner, pending, sent, place, landed.offset)

    def _builder(self, inner: AIOKafkaProducer, pending: _Pending) -> BatchBuilder:
        """An empty batch, without compression where that would cost both sides more than the line."""
        octets = 0
        for outgoing, _, _ in pending.waiting:
            octets += len(outgoing.value or b"") + len(outgoing.key or b"")
            if octets >= WORTH_COMPRESSING:
                return inner.create_batch()
        return BatchBuilder(BATCH_BYTES, CODEC_NONE)

    def _landed(
        self,
        inner: AIOKafkaProducer,
        pending: _Pending,
        sent: list[tuple[_Call, int]],
        place: TopicPartition,
        base: int,
    ) -> None:
        if base < 0:  # the broker knows the batch as sent before, and no longer where
            pending.in_flight = sent
            self._failed(inner, pending, BrokerOutage("the broker no longer knows where the batch is"))
            return
        self._healthy = True
        topic = self._outbound.names.short(place.topic)
        for step, (call, index) in enumerate(sent):
            call.landed(index, Position(topic, place.partition, base + step))

    def _failed(self, inner: AIOKafkaProducer, pending: _Pending, error: Exception, size: int = 0) -> None:
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            # The broker's limit is below the contract's: `topics check` refuses that, until someone changes it later.
            outage: Exception = BrokerOutage(f"the broker's limit is below the contract's: {error!r}")
            if len(pending.in_flight) == 1:
                outage = MessageTooLarge(size, size)
        else:
            outage = error if isinstance(error, BrokerOutage) else BrokerOutage(f"not acknowledged: {error!r}")
        log.warning("a batch of %d messages failed: %r", len(pending.in_flight), error)
        for call, _ in pending.in_flight:
            call.failed(outage)
        if inner is self._inner:
            self._abandon(outage if isinstance(outage, BrokerOutage) else BrokerOutage("the producer was replaced"))


async def _close(inner: AIOKafkaProducer) -> None:
    """Close a producer without sending what it still holds.

    aiokafka's own stop() sends that first, and waits for the broker for ever; so this is stop() without its flush.
    """
    inner._closed = True
    try:
        if inner._sender is not None:
            await inner._sender.close()
    except Exception as error:  # a sender that had died tells of what; its producer is given up anyway
        log.debug("a sender had ended: %r", error)
    finally:
        await inner.client.close()
