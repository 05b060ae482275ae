"""A place in a consumer group on confluent-kafka: one thread that consumes, and hands over whole batches.

`consume(n, timeout)` waits until it has n messages or the time is over; so one is taken with a time-out, and what else
is there without. The group's callbacks run inside `consume()`, in that thread. So do all other calls: the client makes
calls from other threads wait until `consume()` returns, and may starve them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from queue import Empty, SimpleQueue
from typing import Any, Final

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from meterstream.runtime.kafka.clients import group_options
from meterstream.runtime.kafka.framing import framing, unframed
from meterstream.runtime.kafka.lease import boot_time
from meterstream.runtime.kafka.messages import Message, TopicPartition
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.kafka.offsets import Commit
from meterstream.runtime.kafka.ports import Origin, Outcome, Sink
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)
client_log = logging.getLogger("librdkafka")

Command = Callable[[Consumer], None]
Callback = Callable[[Consumer, list[confluent_kafka.TopicPartition]], None]

CONSUME_S: Final = 0.1
EAGER_S: Final = 0.01
MOST_AT_ONCE: Final = 500
HANDOVERS: Final = 1  # so the thread is at most two rounds ahead of the event loop
DRAIN_LIMIT_S: Final = 90.0
ASK_S: Final = 10.0
ANSWER_S: Final = 5.0
ANSWERED_BY_S: Final = 60.0
ASK_TIMES: Final = 6
RESTART_S: Final = 1.0
LEAVE_S: Final = 8.0
CLOSE_S: Final = 6.0
EARLIEST: Final = -2  # ListOffsets: the first offset that the log has

_FENCED: Final = {
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_MEMBER_EPOCH,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError._FENCED,  # librdkafka's own errors have no other name
}
_OVERTAKEN: Final = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # as above
_FOR_THE_OPERATOR: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._AUTHENTICATION,  # as above
}


class GroupMembership:
    """Consumes topics in a group. With `together`, equal partition numbers of all topics go to the same member.

    `ahead` is how many messages of a partition are worth fetching ahead: what the client holds of a partition when it
    is paused is thrown away and fetched again.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        together: bool = False,
        ahead: int = MOST_AT_ONCE,
    ) -> None:
        self._names = TopicNames(settings)
        self._topics = [self._names.full(topic) for topic in topics]
        self._group = group
        self._framing = framing(settings)
        self._options = group_options(settings, group, together=together, ahead=ahead)
        self._eager = settings.group_protocol == "classic" and together
        self._commands: SimpleQueue[tuple[int, Command]] = SimpleQueue()
        self._committing: asyncio.Future[Outcome] | None = None
        self._on_its_way: list[confluent_kafka.TopicPartition] | None = None  # the thread's, and so is the next
        self._answered_early = 0
        self._draining = False
        self._paused: set[TopicPartition] = set()  # the thread only asks whether there are any
        self._room = threading.Semaphore(HANDOVERS)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._session = self._thread_session = 0
        self._leave = False
        self._leave_by = 0.0
        self._crash: Exception | None = None

    async def start(self, sink: Sink) -> None:
        """Join; a broker that is away is waited for."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=f"consume {self._group}", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Give all partitions up and leave; gives up waiting for the broker after a while."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            await asyncio.to_thread(thread.join, LEAVE_S)
            if thread.is_alive():
                log.error("%s: the group could not be left in time", self._group)

    async def rejoin(self) -> None:
        """Leave and join as somebody new."""
        self._leave_by = boot_time() + ANSWERED_BY_S
        self._leave = True

    def pause(self, places: Iterable[TopicPartition]) -> None:
        """Deliver nothing of these partitions for now."""
        places = list(places)
        self._paused.update(places)
        self._steer("pause", [self._outer(place) for place in places])

    def resume(self, places: Iterable[TopicPartition]) -> None:
        """Go on after the last message that was delivered."""
        places = list(places)
        self._paused.difference_update(places)
        self._steer("resume", [self._outer(place) for place in places])

    def _steer(self, name: str, partitions: list[confluent_kafka.TopicPartition]) -> None:
        def command(consumer: Consumer) -> None:
            try:
                getattr(consumer, name)(partitions)
            except KafkaException as error:  # they leave at this moment
                log.debug("%s: %s: %s", self._group, name, error)

        self._put(command)

    def _put(self, command: Command) -> None:
        """Have the thread do something in the membership that the event loop knows of, not in a later one."""
        self._commands.put((self._session, command))

    async def commit(self, commits: Mapping[TopicPartition, Commit]) -> Outcome:
        """Commit offsets; without any, ask the broker for a sign of life."""
        if self._committing is not None:
            return Outcome.AGAIN  # the former answer is still to come, and must not be taken for this one's
        self._committing = self._loop.create_future()
        offsets = [self._outer(place, commit.offset, commit.metadata) for place, commit in commits.items()]
        self._put(lambda consumer: self._send_commit(consumer, offsets))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asyncio.shield(self._committing)
        except TimeoutError:
            return Outcome.AGAIN

    def _committed(self, outcome: Outcome) -> None:
        future, self._committing = self._committing, None
        if future is not None and not future.done():
            future.set_result(outcome)

    async def end_offsets(self, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Ends of the logs as the last answers of the broker told them."""
        found: asyncio.Future[dict[TopicPartition, int]] = self._loop.create_future()
        wanted = list(places)
        self._put(lambda consumer: self._post(_settle, found, self._ends(consumer, wanted)))
        try:
            async with asyncio.timeout(ASK_S):
                return await found
        except TimeoutError:
            return {}

    # The thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._thread_session += 1
            self._leave = False
            self._post(self._begin, self._thread_session)
            try:
                self._consume(self._thread_session)
            except KafkaException as error:  # the broker is away, or has put this member out
                log.warning("%s: the membership failed: %s", self._group, error)
                self._post(self._sink.trouble, f"the membership failed: {error.args[0].str()}")
                self._stopping.wait(RESTART_S)
            except Exception as error:  # whatever happens to one membership, the next one goes on
                log.exception("%s: the membership failed", self._group)
                self._post(self._sink.trouble, f"the membership failed: {type(error).__name__}")
                self._stopping.wait(RESTART_S)
            if not self._stopping.is_set():
                self._post(self._sink.lost, None, "the group is joined anew")

    def _consume(self, session: int) -> None:
        current = self._while_current
        options = {
            **self._options,
            "error_cb": current(session, self._on_error),
            "on_commit": current(session, self._on_answer),
        }
        self._on_its_way, self._answered_early = None, 0
        consumer = Consumer(options, logger=client_log)
        try:
            consumer.subscribe(
                self._topics,
                on_assign=self._guarded(session, self._on_assign),
                on_revoke=self._guarded(session, self._on_revoke),
                on_lost=self._guarded(session, self._on_lost),
            )
            while not self._stopping.is_set() and not self._may_leave():
                self._serve(consumer)
                found = consumer.consume(1, EAGER_S if self._paused else CONSUME_S)
                if found:
                    found += consumer.consume(MOST_AT_ONCE - 1, 0)
                    self._hand_over(session, found)
                if self._crash is not None:
                    raise self._crash
        finally:
            self._leave = True  # what comes during close() is given up, not drained
            self._crash = None
            self._close(consumer)
            self._post(self._committed, Outcome.AGAIN)

    def _may_leave(self) -> bool:
        """Not before the commit on its way is answered: the client may try it for ever while it leaves."""
        return self._leave and (self._on_its_way is None or boot_time() > self._leave_by)

    def _close(self, consumer: Consumer) -> None:
        """Leave the group. A client that does not come to its end is left alone; its callbacks reach nobody then."""
        closing = threading.Thread(target=self._end, args=(consumer,), name=f"leave {self._group}", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            log.error("%s: the client does not end; a new one takes its place", self._group)

    def _end(self, consumer: Consumer) -> None:
        try:
            consumer.close()
        except (KafkaException, RuntimeError) as error:
            log.warning("%s: %s while leaving", self._group, error)

    def _while_current(self, session: int, callback: Callable[..., None]) -> Callable[..., None]:
        def checked(*arguments: Any) -> None:
            if session == self._thread_session:
                callback(*arguments)

        return checked

    def _hand_over(self, session: int, found: list[Any]) -> None:
        messages = []
        short = self._names.short
        for one in found:
            error = one.error()
            if error is None:
                topic, key, value = short(one.topic()), one.key(), one.value()
                headers = tuple(one.headers() or ())
                messages.append(Message(topic, one.partition(), one.offset(), key, value, headers, one.timestamp()[1]))
            else:
                self._on_message_error(one, error)
        if not messages:
            return
        messages = unframed(messages, self._framing)
        while not self._room.acquire(timeout=CONSUME_S):
            if self._stopping.is_set() or self._leave:
                return
        self._post(self._deliver, session, messages)

    def _begin(self, session: int) -> None:
        self._session = session
        self._paused.clear()

    def _deliver(self, session: int, messages: list[Message]) -> None:
        try:
            if session == self._session:
                self._sink.delivered(messages)
        finally:
            self._room.release()  # after the pause that these messages may have asked for

    def _on_message_error(self, message: Any, error: KafkaError) -> None:
        if error.code() in _OVERTAKEN and message.topic() is not None:
            self._post(self._sink.overtaken, TopicPartition(self._names.short(message.topic()), message.partition()))
        elif error.code() in _FOR_THE_OPERATOR:
            self._post(self._sink.trouble, error.str())
        elif error.fatal():
            self._crash = KafkaException(error)
        else:
            log.warning("%s: %s", self._group, error.str())

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in _FOR_THE_OPERATOR or error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._post(self._sink.trouble, error.str())
        else:
            log.debug("%s: %s", self._group, error.str())

    def _post(self, call: Any, *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed: nobody is there to be told
            self._stopping.set()

    # The group's callbacks, inside consume() or close()

    def _guarded(self, session: int, callback: Callback) -> Callback:
        """The client spoils an exception that leaves a callback; it is raised again outside."""

        def guarded(consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
            if session != self._thread_session:
                self._unassign(consumer, partitions)
                return
            try:
                callback(consumer, partitions)
            except Exception as error:
                self._crash = error

        return guarded

    def _unassign(self, consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        if self._eager:
            consumer.unassign()
        else:
            consumer.incremental_unassign(partitions)

    def _on_assign(self, consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        asked = boot_time()
        origins = self._origins(consumer, partitions)
        if self._eager:
            consumer.assign(partitions)
        else:
            consumer.incremental_assign(partitions)
        if partitions:
            consumer.pause(partitions)
        if not self._leave:
            self._post(self._sink.assigned, origins, asked)

    def _on_revoke(self, consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        if not self._leave:
            self._drain(consumer, frozenset(self._inner(partition) for partition in partitions))
        self._unassign(consumer, partitions)

    def _drain(self, consumer: Consumer, places: frozenset[TopicPartition]) -> None:
        drain = asyncio.run_coroutine_threadsafe(self._sink.revoking(places), self._loop)
        deadline = boot_time() + DRAIN_LIMIT_S
        self._draining = True
        try:
            self._answer_what_is_on_its_way(consumer)
            while boot_time() < deadline and not self._stopping.is_set():
                self._serve(consumer)
                done, _ = wait([drain], timeout=EAGER_S)
                if done:
                    drain.result()
                    return
            drain.cancel()
            self._post(self._sink.lost, places, "the drain did not end")
        finally:
            self._draining = False

    def _on_lost(self, consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        places = frozenset(self._inner(partition) for partition in partitions)
        self._post(self._sink.lost, places, "the group goes on without this member")
        self._unassign(consumer, partitions)

    def _origins(
        self, consumer: Consumer, partitions: list[confluent_kafka.TopicPartition]
    ) -> dict[TopicPartition, Origin]:
        """Where to begin; sets the offsets in `partitions`.

        Raises: KafkaException when the broker does not tell.
        """
        if not partitions:
            return {}
        origins = {}
        fresh = []
        for found in _asked(lambda: consumer.committed(partitions, timeout=ASK_S)):
            if found.offset >= 0:
                origins[self._inner(found)] = Origin(found.offset, found.metadata or "")
            else:
                fresh.append(confluent_kafka.TopicPartition(found.topic, found.partition, EARLIEST))
        for found in _asked(lambda: consumer.offsets_for_times(fresh, timeout=ASK_S)) if fresh else ():
            origins[self._inner(found)] = Origin(found.offset, "")
        for partition in partitions:
            partition.offset = origins[self._inner(partition)].offset
        return origins

    # What the event loop asks for

    def _serve(self, consumer: Consumer) -> None:
        session = self._thread_session
        while True:
            try:
                wanted, command = self._commands.get_nowait()
            except Empty:
                return
            if wanted == session:
                command(consumer)

    def _send_commit(self, consumer: Consumer, offsets: list[confluent_kafka.TopicPartition]) -> None:
        """The answer comes inside the next `consume()`; while that waits for a drain, here."""
        try:
            if not offsets and self._draining:
                self._post(self._committed, Outcome.AGAIN)  # list_topics() inside a callback aborts the process
            elif not offsets:
                consumer.list_topics(self._topics[0], timeout=CONSUME_S * 10)
                self._post(self._committed, Outcome.DONE)
            elif self._draining:
                self._tell(None, consumer.commit(offsets=offsets, asynchronous=False))
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
                self._on_its_way = offsets
        except KafkaException as error:
            self._tell(error.args[0], [])

    def _answer_what_is_on_its_way(self, consumer: Consumer) -> None:
        """The drain waits for the answer to this commit, and the client gives it after the drain: commit it again."""
        offsets, self._on_its_way = self._on_its_way, None
        if offsets is not None:
            self._answered_early += 1
            self._send_commit(consumer, offsets)

    def _on_answer(self, error: KafkaError | None, partitions: list[confluent_kafka.TopicPartition]) -> None:
        if self._answered_early:
            self._answered_early -= 1
            return
        self._on_its_way = None
        self._tell(error, partitions)

    def _tell(self, error: KafkaError | None, partitions: list[confluent_kafka.TopicPartition]) -> None:
        errors = {one.error.code() for one in partitions if one.error}
        if error is not None:
            errors.add(error.code())
        if errors:
            log.warning("%s: commit refused: %s", self._group, sorted(errors))
        outcome = Outcome.DONE if not errors else Outcome.FENCED if errors & _FENCED else Outcome.AGAIN
        self._post(self._committed, outcome)

    def _ends(self, consumer: Consumer, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        found = {}
        for place in places:
            try:
                low_high = consumer.get_watermark_offsets(self._outer(place), cached=True)
            except KafkaException:  # not known yet
                continue
            if low_high is not None and low_high[1] >= 0:
                found[place] = low_high[1]
        return found

    def _outer(self, place: TopicPartition, offset: int = -1001, metadata: str = "") -> confluent_kafka.TopicPartition:
        topic = self._names.full(place.topic)
        if not metadata:
            return confluent_kafka.TopicPartition(topic, place.partition, offset)
        return confluent_kafka.TopicPartition(topic, place.partition, offset, metadata)

    def _inner(self, partition: confluent_kafka.TopicPartition) -> TopicPartition:
        return TopicPartition(self._names.short(partition.topic), partition.partition)


def _asked(question: Any) -> list[confluent_kafka.TopicPartition]:
    """The broker's answer, asked for a few times.

    Raises: KafkaException.
    """
    for attempt in range(ASK_TIMES):
        try:
            answers: list[confluent_kafka.TopicPartition] = question()
            refused = next((one.error for one in answers if one.error), None)
            if refused is None:
                return answers
            problem = KafkaException(refused)
        except KafkaException as error:
            problem = error
        log.warning("no offsets yet (attempt %d): %s", attempt + 1, problem)
    raise problem


def _settle(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)
