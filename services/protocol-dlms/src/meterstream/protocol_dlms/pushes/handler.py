"""Reads what lies on `pushes`: whose it is, whether its keys say so too, and what it tells; topic `device-events`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.events import MAX_FRAME_TEXT, DeviceEvent, EventKind, MessageLog
from meterstream.contracts.records import DeviceRecord, Push
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.security.unprotect import Unprotected, claimed_suite, unprotect
from meterstream.protocol_dlms.answers import SERVICE
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.model.candidates import KeySet, candidates
from meterstream.protocol_dlms.model.pushes import (
    CipheredPush,
    PushContent,
    PushUnreadable,
    read_push,
    read_service,
)
from meterstream.protocol_dlms.pushes.inbox import TOPIC
from meterstream.protocol_dlms.pushes.lessons import Lessons
from meterstream.protocol_dlms.received import ReceivedCounters
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.views.devices import DeviceTable
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Described, Message, Outgoing, Turn
from meterstream.runtime.metrics import PUSHES, Metrics

log = logging.getLogger(__name__)

DEVICE_EVENTS: Final = "device-events"
MESSAGE_LOGS: Final = "message-logs"
MAX_BATCH: Final = 500
"""Pushes of one partition that are read before their events are sent."""
_PRIORITY: Final = 9
_KEY: Final = "pushes"
_ID_OCTETS: Final = 16


class Reads(Protocol):
    """A handler of one kind of message (what the consumer's topics are dealt out to)."""

    def describe(self, message: Message) -> Described:
        """Whose turn it belongs to."""

    async def handle(self, turn: Turn) -> None:
        """Handle what waits."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A push that was read. Attributes: verified, whether keys of the meter vouch for it."""

    content: PushContent
    verified: bool


@dataclass(slots=True)
class _Batch:
    """What a batch becomes once Kafka has its events; until then nothing of it counts, for it may be read again."""

    outgoing: list[Outgoing] = field(default_factory=list)
    good: list[Message] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)
    """Transport and outcome of each."""
    noted: dict[tuple[str, str, bytes], int] = field(default_factory=dict)
    """Highest invocation counter by meter, key and system title."""


class PushHandler:
    """Turns pushes into events, a partition's all in one turn: none waits for a session with its meter."""

    def __init__(
        self,
        codec: Codec,
        devices: DeviceTable,
        sessions: SessionTable,
        keyring: KeyRing,
        responder: Responder,
        metrics: Metrics,
        lessons: Lessons | None = None,
    ) -> None:
        self._codec = codec
        self._devices = devices
        self._sessions = sessions
        self._keyring = keyring
        self._responder = responder
        self._metrics = metrics
        self._lessons = lessons
        self._received = ReceivedCounters()

    def describe(self, message: Message) -> Described:
        """Pushes of a partition belong together."""
        return Described((_KEY, message.partition), _PRIORITY)

    async def handle(self, turn: Turn) -> None:
        """Read what waits and send what it tells. Raises: Lost, BrokerOutage."""
        while (message := turn.take()) is not None:
            taken = [message]
            while len(taken) < MAX_BATCH and (further := turn.take()) is not None:
                taken.append(further)
            await self._read_all(turn, taken)

    async def _read_all(self, turn: Turn, messages: Sequence[Message]) -> None:
        batch = _Batch()
        for message in messages:
            try:
                self._read(message, batch)
            except PoisonMessage as poison:
                self._metrics.count(PUSHES, _KEY, "unreadable")
                await turn.reject(message, poison)
            else:
                batch.good.append(message)
        if batch.outgoing:
            turn.check()
            await self._responder.publish(batch.outgoing)
        for (gateway, key_id, title), counter in batch.noted.items():
            self._received.note(gateway, key_id, title, counter)
        for transport, outcome in batch.counted:
            self._metrics.count(PUSHES, transport, outcome)
        for message in batch.good:
            turn.done(message)

    def _read(self, message: Message, batch: _Batch) -> None:
        """Add the event of one push, a line for its device's log, and where it came from if that is news.

        Nothing for a device that is not known here.

        Raises: PoisonMessage.
        """
        push = self._codec.decode_as(message.value or b"", Push)
        gateway = (message.key or b"").decode("ascii", "replace")
        _, record = self._devices.find(message.partition, gateway)
        if record is None:
            log.info("a push of %s, which is not known here", gateway)
            batch.counted.append((push.transport, "unknown_device"))
            return
        try:
            told = self._open(push, record, message.partition, batch)
        except PushUnreadable as unreadable:
            raise PoisonMessage("UNREADABLE_MESSAGE", str(unreadable)) from None
        except PlatformError as failure:  # of the record's keys
            raise PoisonMessage(failure.code.name, failure.message) from None
        if told is None:
            return
        if told.content.identification != gateway:
            raise PoisonMessage("UNREADABLE_MESSAGE", "the key names another device than the push")
        if told.content.unknown_bits:
            log.info("a push of %s sets bits without a name: %s", gateway, told.content.unknown_bits)
        batch.counted.append((push.transport, "verified" if told.verified else "read"))
        batch.outgoing += self._messages(message, push, gateway, told)
        if self._lessons is not None:
            learnt = self._lessons.learn(push, record, message.partition, verified=told.verified)
            batch.outgoing += [] if learnt is None else [learnt]

    def _open(self, push: Push, record: DeviceRecord, partition: int, batch: _Batch) -> _Told | None:
        """What the push says; None for one that was played again. Raises: PushUnreadable."""
        read = read_push(push.octets, push.transport)
        if not isinstance(read, CipheredPush):
            return _Told(read, verified=False)
        gateway = record.device_identification
        for keys in candidates(record.keys, self._sessions.proven(partition, gateway)):
            opened = self._try(read, record, keys)
            if opened is None:
                continue
            title, key_id = opened.title or b"", keys.encryption.key_id
            if opened.counter is not None:
                known = self._received.of(gateway, key_id).get(title, -1)
                if opened.counter <= max(known, batch.noted.get((gateway, key_id, title), -1)):
                    log.warning("a push of %s has an invocation counter that is not above the last", gateway)
                    batch.counted.append((push.transport, "replayed"))
                    return None
                batch.noted[gateway, key_id, title] = opened.counter
            return _Told(read_service(opened.plaintext, push.transport), verified=True)
        raise PushUnreadable("no key of the device opens it")

    def _try(self, push: CipheredPush, record: DeviceRecord, keys: KeySet) -> Unprotected | None:
        try:
            opened_keys, _ = self._keyring.open(record, keys, claimed_suite(push.apdu))
            return unprotect(push.apdu, opened_keys, title=record.system_title)
        except DlmsError:
            return None

    def _messages(self, message: Message, push: Push, gateway: str, told: _Told) -> list[Outgoing]:
        content = told.content
        event_id = _event_id(message)
        event = DeviceEvent(
            event_id=event_id,
            gateway=gateway,
            device_identification=gateway,
            kind=EventKind.ALARM if content.trigger is None else EventKind.PUSH,
            occurred_at=push.received_at,
            alarms=list(content.alarms),
            trigger=content.trigger,
            reason="" if content.cause is None else f"push of {content.cause}",
            source_address=push.source_address,
            octets=b"" if told.verified else push.octets,
        )
        line = MessageLog(
            log_id=event_id,
            device_identification=gateway,
            logged_at=push.received_at,
            incoming=True,
            encrypted=told.verified,
            decoded=_in_words(content)[:MAX_FRAME_TEXT],
            encoded="" if told.verified else push.octets.hex()[:MAX_FRAME_TEXT],
            size=len(push.octets),
        )
        return [
            self._outgoing(DEVICE_EVENTS, event, push, event_id),
            self._outgoing(MESSAGE_LOGS, line, push, event_id),
        ]

    def _outgoing(self, topic: str, record: DeviceEvent | MessageLog, push: Push, event_id: str) -> Outgoing:
        headers = ce_headers(type(record).__name__, SERVICE, event_id, push.received_at)
        return Outgoing(topic, record.device_identification.encode(), self._codec.encode(record), headers)


def _event_id(message: Message) -> str:
    """The same whenever the message is read."""
    place = f"{TOPIC}|{message.partition}|{message.offset}|{message.timestamp_ms}"
    return blake2b(place.encode(), digest_size=_ID_OCTETS).hexdigest()


def _in_words(content: PushContent) -> str:
    alarms = ", ".join(content.alarms)
    what = f"alarm: {alarms or 'no bit with a name'}" if content.trigger is None else str(content.trigger)
    bits = "".join(f"; register {number} bit {bit}" for number, bit in content.unknown_bits)
    return f"push of {content.identification}; {what}{'' if content.cause is None else f'; {content.cause}'}{bits}"


class ByTopic:
    """Deals the consumer's messages out: pushes to their handler, all else to the worker."""

    def __init__(self, pushes: Reads, others: Reads) -> None:
        self._pushes = pushes
        self._others = others

    def describe(self, message: Message) -> Described:
        """Whose turn it belongs to."""
        return (self._pushes if message.topic == TOPIC else self._others).describe(message)

    async def handle(self, turn: Turn) -> None:
        """A turn has messages of one kind alone: their keys differ."""
        is_push = isinstance(turn.key, tuple) and turn.key[0] == _KEY
        await (self._pushes if is_push else self._others).handle(turn)
