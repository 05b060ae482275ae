"""Answers requests: one turn per meter, an association for all that waits for it, one response for each request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meterstream.contracts.envelope import Advance, DlmsRequestHeader
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import DlmsRequest
from meterstream.contracts.records import DeviceRecord, Quirks
from meterstream.protocol_dlms.answers import TRACEPARENT, Answer, Envelopes
from meterstream.protocol_dlms.associations import Associations, Visit
from meterstream.protocol_dlms.executor import Device, Executors
from meterstream.protocol_dlms.failures import as_platform_error
from meterstream.protocol_dlms.fence import CUT, Leaving
from meterstream.protocol_dlms.identity import Identity, identity_of
from meterstream.protocol_dlms.image_store import ImageStore
from meterstream.protocol_dlms.images import NO_IMAGES
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.meter import LiveMeter
from meterstream.protocol_dlms.model.gate import Gate, admit, behind, check_expiry
from meterstream.protocol_dlms.model.quirks import NOTHING, Known
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.steps import Steps
from meterstream.protocol_dlms.unfinished import UnfinishedReadings
from meterstream.protocol_dlms.views.addresses import Whereabouts
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import Outage, PoisonMessage, UnreadableMessage
from meterstream.runtime.kafka import Described, Message
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import METER_SECONDS, OPERATIONS, SESSION_SECONDS, Metrics

log = logging.getLogger(__name__)

MAX_UNSENT: Final = 32
"""So many responses of one turn may wait for the broker; more requests of the meter wait then."""

Place = tuple[str, int, int]


class Turn(Protocol):
    """What the consumer gives for one meter at a time (meterstream.runtime.kafka)."""

    lost: asyncio.Event
    leaving: bool

    def take(self) -> Message | None:
        """The next request that waits for the meter."""

    def done(self, message: Message) -> None:
        """The request's response is with the broker."""

    def check(self) -> None:
        """Raises: Lost."""


class _TurnGuard:
    """The fence of a turn."""

    __slots__ = ("_turn", "check")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.check = turn.check

    def boundary(self) -> None:
        """See Guard."""
        self.check()
        if self._turn.leaving:
            raise Leaving("the partition is being revoked")


@dataclass(slots=True, eq=False)
class _Stay:
    """What a turn holds at its meter: the association, or the failure that all who waited for it share."""

    guard: _TurnGuard
    task: asyncio.Task[Any]
    partition: int
    arrived_at: float
    requests: int = 0
    cut: bool = False
    meter: LiveMeter | None = None
    revision: int = 0
    known_title: bytes | None = None
    failure: PlatformError | None = None
    opened_at: float = 0.0
    meter_s: float = 0.0
    unsent: list[asyncio.Future[None]] = field(default_factory=list)


class TurnBounds(NamedTuple):
    """How long a meter's association is kept open while more work for it waits."""

    requests: int = 200
    seconds: float = 600.0


class Worker:
    """The work of protocol-dlms, as the consumer calls it."""

    def __init__(
        self,
        *,
        codec: Codec,
        devices: DeviceTable,
        sessions: SessionTable,
        associations: Associations,
        executors: Executors,
        marks: Marks,
        envelopes: Envelopes,
        responder: Responder,
        metrics: Metrics,
        clock: Clock,
        record_wait_s: float,
        attempt_timeout_s: float,
        images: ImageStore | None = None,
        bounds: TurnBounds | None = None,
    ) -> None:
        self._codec = codec
        self._devices = devices
        self._sessions = sessions
        self._associations = associations
        self._executors = executors
        self._marks = marks
        self._envelopes = envelopes
        self._responder = responder
        self._metrics = metrics
        self._clock = clock
        self._record_wait_s = record_wait_s
        self._attempt_timeout_s = attempt_timeout_s
        self._images = images
        self._bounds = TurnBounds() if bounds is None else bounds
        self._requests: dict[Place, DlmsRequest] = {}
        self._stays: dict[int, set[_Stay]] = {}
        self._now = asyncio.get_running_loop().time
        self._unfinished = UnfinishedReadings(self._now)

    # What the consumer calls

    def describe(self, message: Message) -> Described:
        """Whose request it is, how urgent, and behind which base station and cell its meter is.

        Raises: PoisonMessage.
        """
        request = self._read(message)
        header = request.header
        self._requests[message.topic, message.partition, message.offset] = request
        _, record = self._devices.find(message.partition, header.gateway)
        place = None if record is None else record.connection
        cell = f"{place.base_station}|{place.cell}" if place is not None and place.base_station and place.cell else None
        return Described(header.gateway, header.priority, cell)

    async def handle(self, turn: Turn) -> None:
        """Answer what waits for one meter.

        Raises: Lost, Outage; what has no response yet waits again then.
        """
        stay: _Stay | None = None
        try:
            while not turn.leaving and self._stays_on(stay) and (message := turn.take()) is not None:
                if stay is None:
                    stay = self._arrive(turn, message.partition)
                stay.requests += 1
                await self._serve(turn, stay, message)
            if stay is not None:
                await self._leave(stay)
        except Leaving:
            log.info("a session ends at a step boundary: its partition leaves")
            if stay is not None:
                await self._leave(stay)
        except asyncio.CancelledError:
            if stay is None or not stay.cut:
                raise
            stay.task.uncancel()
        finally:
            if stay is not None:
                self._abandon(stay)

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """Answer a request that nobody can handle, as far as it can be told whose it was.

        Raises: BrokerOutage.
        """
        try:
            whose: Identity | None = Identity.of(self._read(message))
        except PoisonMessage:
            whose = identity_of(message)
        if whose is not None:
            traceparent = message.header(TRACEPARENT)
            await self._responder.publish([self._envelopes.dead(whose, poison, self._clock(), traceparent)])

    def cut(self, partitions: Iterable[int]) -> None:
        """Close at once whatever is open in partitions that are no longer held, and forget their requests."""
        gone = frozenset(partitions)
        for partition in gone:
            for stay in self._stays.pop(partition, ()):
                stay.cut = True
                stay.task.cancel()
        self._requests = {place: found for place, found in self._requests.items() if place[1] not in gone}

    # One turn

    def _stays_on(self, stay: _Stay | None) -> bool:
        """Whether another request may use the association; what waits then has a turn of its own, after others."""
        if stay is None:
            return True
        return stay.requests < self._bounds.requests and self._now() - stay.arrived_at < self._bounds.seconds

    def _arrive(self, turn: Turn, partition: int) -> _Stay:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine of the event loop runs in a task
        stay = _Stay(_TurnGuard(turn), task, partition, self._now())
        self._stays.setdefault(partition, set()).add(stay)
        return stay

    async def _leave(self, stay: _Stay) -> None:
        """Release the association, then see every response with the broker."""
        await self._close(stay)
        for sent in stay.unsent:
            await sent

    def _abandon(self, stay: _Stay) -> None:
        """Drop what is still open after a turn that did not end well; nothing more is sent."""
        for sent in stay.unsent:
            sent.cancel()
        if stay.meter is not None:
            self._associations.abort(stay.meter)
        self._stays.get(stay.partition, set()).discard(stay)

    async def _serve(self, turn: Turn, stay: _Stay, message: Message) -> None:
        """One request, to the moment when its response is on the way.

        Raises: Leaving, Lost, Outage.
        """
        place = (message.topic, message.partition, message.offset)
        request = self._requests.pop(place, None) or self._read(message)
        header = request.header
        with bind(
            correlation_uid=header.correlation_uid,
            device=header.device_identification,
            operation=request.operation.name,
        ):
            answer = await self._answer(request, stay, message.partition)
            stay.guard.check()
            moment = self._clock()
            messages = self._envelopes.of(request, answer, moment, message.header(TRACEPARENT))
            self._note(request.operation.name, answer)
        sent = self._responder.publish(messages)
        sent.add_done_callback(partial(_acked, turn, message))
        stay.unsent = [waiting for waiting in stay.unsent if not waiting.done()]
        stay.unsent.append(sent)
        if len(stay.unsent) > MAX_UNSENT:
            await stay.unsent[0]

    async def _answer(self, request: DlmsRequest, stay: _Stay, partition: int) -> Answer:
        """Raises: Leaving, Lost, Outage."""
        before = self._meter_seconds(stay)
        answer = Answer()
        try:
            await self._carry_out(request, stay, partition, answer)
        except (*CUT, Outage):
            raise
        except Exception as raised:
            answer.failure = as_platform_error(raised)
            answer.retryable = answer.failure.retryable
            log.info("failed: %s", answer.failure.code.name)
        answer.meter_s = self._meter_seconds(stay) - before
        return answer

    async def _carry_out(self, request: DlmsRequest, stay: _Stay, partition: int, answer: Answer) -> None:
        """Raises: PlatformError and whatever a mistake of ours raises; Leaving, Lost, Outage."""
        header = request.header
        executor = self._executors.get(request.operation.name)
        if executor is None:
            raise error("UNSUPPORTED_OPERATION", f"{request.operation.name} is not carried out on meters")
        record = await self._admitted(header, partition)
        device = _device(header, record)
        steps = Steps(
            header,
            device,
            stay.guard,
            self._marks,
            self._executors,
            self._codec,
            self._clock,
            images=NO_IMAGES if self._images is None else self._images.of(header.gateway, stay.guard.check),
            boundary=partial(self._go_on, stay),
            unfinished=self._unfinished.of(header),
            tell=partial(self._tell, header),
        )
        response = steps.settled(executor)
        if response is None:
            if self._images is not None and header.images:
                await self._images.prepare(header.images, for_one_step=not executor.composite)
            meter = await self._associated(stay, record, partition)
            answer.keys = keys = self._associations.keys_of(record, header, stay.guard, self._clock)
            self._note_association(stay, partition, header.gateway, answer)
            check_expiry(header, self._clock())
            reopen = partial(self._associated, stay, record, partition)
            renew = partial(self._renew, stay, record, meter)
            port = partial(keys.of_step, association=meter, renew=renew)
            try:
                response = await steps.carry_out(executor, request.request, meter, reopen, port)
            finally:
                self._note_association(stay, partition, header.gateway, answer)
            answer.rows = steps.rows
        answer.response = response
        answer.retryable = executor.leaves_work is not None and executor.leaves_work(response)

    def _tell(self, header: DlmsRequestHeader, advance: Advance) -> None:
        """Nobody waits for it: a piece of news that is lost is followed by another one."""
        sent = self._responder.publish([self._envelopes.progress(header, advance, self._clock())])
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _go_on(self, stay: _Stay) -> None:
        """A piece of a long piece of work is done: its time begins anew.

        Raises: Leaving, Lost.
        """
        stay.guard.boundary()
        if stay.meter is not None:
            stay.meter.limit(self._attempt_timeout_s)

    async def _admitted(self, header: DlmsRequestHeader, partition: int) -> DeviceRecord:
        """The gateway's record at the revision that the request needs.

        Raises: PlatformError.
        """
        until = self._now() + self._record_wait_s
        while True:
            check_expiry(header, self._clock())
            revision, record = self._devices.find(partition, header.gateway)
            if admit(header, revision, record) is Gate.START and record is not None:
                return record
            left = until - self._now()
            if left <= 0 or not await self._devices.changed(header.gateway, left):
                raise behind(header, revision)

    # The association of a turn

    async def _associated(self, stay: _Stay, record: DeviceRecord, partition: int) -> LiveMeter:
        """The association that the turn has, or a new one where it broke or the record moved on.

        Raises: PlatformError, the same for all who waited for this association; Leaving, Lost, Outage.
        """
        if stay.revision == record.revision:
            if stay.failure is not None:
                raise stay.failure.with_traceback(None)
            if stay.meter is not None and stay.meter.alive:
                stay.meter.limit(self._attempt_timeout_s)
                return stay.meter
        await self._close(stay)
        stay.revision, stay.failure, stay.known_title = record.revision, None, record.system_title
        gateway = record.device_identification
        quirks = self._sessions.quirks(partition, gateway, record.revision)
        pushing = Whereabouts(self._sessions.addresses, partition, gateway)
        visit = Visit(record, self._sessions.proven(partition, gateway), stay.guard, quirks=quirks, pushing=pushing)
        try:
            stay.meter = await self._associations.open(visit)
        except PlatformError as failure:
            stay.failure = failure
            raise
        finally:
            stay.meter_s += visit.meter_s
        stay.opened_at = self._now()
        stay.meter.limit(self._attempt_timeout_s)
        return stay.meter

    async def _renew(self, stay: _Stay, record: DeviceRecord, meter: LiveMeter, likeliest: Sequence[str]) -> None:
        """Let `meter`, the association of the turn, stand anew on keys that it was given.

        Raises: PlatformError; Leaving, Lost, Outage.
        """
        await self._close(stay)
        pushing = Whereabouts(self._sessions.addresses, stay.partition, record.device_identification)
        visit = Visit(record, likeliest, stay.guard, pushing=pushing)
        try:
            meter.renew(await self._associations.open(visit))
        except PlatformError as failure:
            stay.failure = failure
            raise
        finally:
            stay.meter_s += visit.meter_s
        stay.meter, stay.opened_at = meter, self._now()
        meter.limit(self._attempt_timeout_s)

    async def _close(self, stay: _Stay) -> None:
        meter, stay.meter = stay.meter, None
        if meter is not None:
            stay.meter_s += meter.meter_s
            await self._associations.close(meter)
            self._metrics.observe(SESSION_SECONDS, self._now() - stay.opened_at)

    def _note_association(self, stay: _Stay, partition: int, gateway: str, answer: Answer) -> None:
        """Let the answer tell of the newest association that stood."""
        if stay.meter is not None:
            answer.proven = stay.meter.key_ids
            answer.title = stay.meter.title if stay.meter.title != stay.known_title else None
            answer.changed = self._is_news(stay.meter, partition, gateway)
            answer.quirks = self._quirks(stay.meter, stay.revision, partition, gateway)

    def _is_news(self, meter: LiveMeter, partition: int, gateway: str) -> bool:
        """Whether the next session should know with which keys this one stands."""
        known = self._sessions.proven(partition, gateway)
        return (meter.in_doubt or bool(known)) and tuple(meter.key_ids) != known

    def _quirks(self, meter: LiveMeter, revision: int, partition: int, gateway: str) -> Quirks | None:
        """What the next session should know of the meter, where it is news; new firmware may do better."""
        known = self._sessions.quirks(partition, gateway, revision)
        found = Known(
            lists_refused=known.lists_refused or meter.lists_refused,
            scalers_verified=known.scalers_verified or meter.scalers_verified,
        )
        if meter.firmware_changed:
            found = NOTHING
        if found == known:
            return None
        return Quirks(gateway=gateway, revision=revision, observed_at=self._clock(), **found._asdict())

    # Odds and ends

    def _read(self, message: Message) -> DlmsRequest:
        """Raises: UnreadableMessage, UnknownSchema."""
        record = self._codec.decode(message.value or b"")
        if not isinstance(record, DlmsRequest):
            raise UnreadableMessage(f"a {type(record).__name__} on {message.topic}")
        if message.key != record.header.gateway.encode():
            raise UnreadableMessage("the key is not the gateway of the request")
        return record

    def _note(self, operation: str, answer: Answer) -> None:
        code = "OK" if answer.failure is None else answer.failure.code.name
        self._metrics.count(OPERATIONS, operation, code)
        self._metrics.observe(METER_SECONDS, answer.meter_s, operation)

    @staticmethod
    def _meter_seconds(stay: _Stay) -> float:
        return stay.meter_s + (stay.meter.meter_s if stay.meter is not None else 0.0)


def _acked(turn: Turn, message: Message, sent: asyncio.Future[None]) -> None:
    if not sent.cancelled() and sent.exception() is None and not turn.lost.is_set():
        turn.done(message)


def _device(header: DlmsRequestHeader, record: DeviceRecord) -> Device:
    zone: ZoneInfo | None = None
    if record.time_zone is not None:
        try:
            zone = ZoneInfo(record.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            log.warning("%s is no time zone that is known here", record.time_zone)
    return Device(
        identification=header.device_identification,
        zone=zone,
        selective_access=record.selective_access,
        selective_access_periodic_reads=record.selective_access_periodic_reads,
        polyphase=record.polyphase,
        channel=header.channel,
        mbus_identity=header.mbus_identity,
        communication_method=record.communication_method,
        mbus_devices={device.device_identification: device for device in header.mbus_devices},
        images={image.firmware_identification: image for image in header.images},
    )
