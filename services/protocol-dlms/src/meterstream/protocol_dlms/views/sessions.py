"""What the topic `device-sessions` tells: reserved counters, proven keys, quirks, addresses, marks of unsafe steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final

from meterstream.contracts.base import Record
from meterstream.contracts.errors import error
from meterstream.contracts.records import (
    BegunTransfer,
    CounterReservation,
    LearntAddress,
    ProvenKeys,
    Quirks,
    UnsafeStep,
)
from meterstream.protocol_dlms.model.counters import Series, counts, lags, next_mark
from meterstream.protocol_dlms.model.marks import StepId, doubtful, is_stale
from meterstream.protocol_dlms.model.quirks import Known, packed, unpacked
from meterstream.protocol_dlms.views.addresses import AddressTable
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage, UnreadableMessage
from meterstream.runtime.kafka import Message, Position

log = logging.getLogger(__name__)

TOPIC: Final = "device-sessions"
MAX_VERDICTS: Final = 10_000


class Unreadable(Record):
    """Stands for a record that this release cannot read; whatever it says must not be taken for unsaid."""

    code: str


def decoder(codec: Codec) -> Callable[[bytes], Record]:
    """What to give the view as `decode`: unreadable records arrive at the table as such."""

    def decode(raw: bytes) -> Record:
        try:
            return codec.decode(raw)
        except PoisonMessage as poison:
            log.error("a record on %s is not readable here: %s", TOPIC, poison)  # noqa: TRY400  # no trace of content
            return Unreadable(code=poison.code)

    return decode


@dataclass(slots=True)
class _Partition:
    counters: dict[bytes, int] = field(default_factory=dict)  # by digest of the key: there is one for each meter
    proven: dict[bytes, bytes] = field(default_factory=dict)  # gateway -> ids, both short
    quirks: dict[bytes, int] = field(default_factory=dict)  # gateway -> what is known of it, packed
    begun: dict[bytes, bytes] = field(default_factory=dict)  # by record key: digest of what is being transferred
    steps: dict[bytes, UnsafeStep] = field(default_factory=dict)
    lagging: dict[bytes, Series] = field(default_factory=dict)
    unreadable: set[bytes] = field(default_factory=set)
    verdicts: dict[int, bool] = field(default_factory=dict)


class SessionTable:
    """Folds the topic in log order; `owner` is this process, whose reservations get a verdict.

    Attributes:
        addresses: where meters with dynamic ones were last.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.addresses = AddressTable()
        self._partitions: dict[int, _Partition] = {}

    def on_record(self, key: bytes, record: Record | None, message: Message) -> None:
        """Apply one record; tombstones are written for marks and begun transfers alone."""
        held = self._partitions.setdefault(message.partition, _Partition())
        held.unreadable.discard(key)
        match record:
            case None:
                held.steps.pop(key, None)
                held.begun.pop(key, None)
            case BegunTransfer():
                held.begun[key] = record.sha256
            case CounterReservation():
                self._reserve(held, key, record, message.offset)
            case ProvenKeys():
                held.proven[record.gateway.encode()] = " ".join(record.key_ids).encode()
            case Quirks():
                held.quirks[record.gateway.encode()] = packed(record)
            case LearntAddress():
                self.addresses.on_record(message.partition, record)
            case UnsafeStep():
                held.steps[key] = record
            case Unreadable():
                held.unreadable.add(key)
            case _:
                raise UnreadableMessage(f"a {type(record).__name__} on {TOPIC}")

    def _reserve(self, held: _Partition, key: bytes, record: CounterReservation, offset: int) -> None:
        short = _digest(key)
        mark = held.counters.get(short, 0)
        if record.owner == self.owner:
            held.verdicts[offset] = counts(record, mark)
            if len(held.verdicts) > MAX_VERDICTS:  # nobody asks for those whose acknowledgement was lost
                del held.verdicts[next(iter(held.verdicts))]
        if lags(record, mark):
            held.lagging[key] = Series.of(record)
        else:
            held.lagging.pop(key, None)
        held.counters[short] = next_mark(record, mark)

    def mark(self, partition: int, series: Series) -> int:
        """Up to where a series is reserved; 0 when there is no reservation.

        Raises: NOT_READY when the newest reservation is not readable here.
        """
        held = self._partitions.get(partition)
        key = series.record_key.encode()
        if held is None:
            return 0
        if key in held.unreadable:
            raise error("NOT_READY", f"the counter mark of {series.gateway} was written by another release")
        return held.counters.get(_digest(key), 0)

    def verdict(self, position: Position) -> bool:
        """Whether a reservation of this process was read back and counts; to be asked once."""
        held = self._partitions.get(position.partition)
        return held is not None and held.verdicts.pop(position.offset, False)

    def lagging(self) -> list[tuple[int, Series]]:
        """Series whose newest record tells of less than is reserved, with their partitions."""
        return [(number, series) for number, held in self._partitions.items() for series in held.lagging.values()]

    def proven(self, partition: int, gateway: str) -> tuple[str, ...]:
        """Ids of the keys with which the last association stood."""
        held = self._partitions.get(partition)
        return () if held is None else tuple(held.proven.get(gateway.encode(), b"").decode().split())

    def quirks(self, partition: int, gateway: str, revision: int) -> Known:
        """What is known of a meter, as far as its record has not changed since."""
        held = self._partitions.get(partition)
        return unpacked(0 if held is None else held.quirks.get(gateway.encode(), 0), revision)

    def begun(self, partition: int, gateway: str) -> bytes | None:
        """The digest of the image whose transfer the meter has begun; None also where that is not readable here."""
        held = self._partitions.get(partition)
        key = begun_key(gateway)
        return None if held is None or key in held.unreadable else held.begun.get(key)

    def remember_begun(self, partition: int, gateway: str, digest: bytes | None) -> None:
        """Take over what was noted here as soon as it is acked, before it is read back."""
        held = self._partitions.get(partition)
        if held is not None and digest is not None:
            held.begun[begun_key(gateway)] = digest
        elif held is not None:
            held.begun.pop(begun_key(gateway), None)

    def step(self, partition: int, step: StepId) -> UnsafeStep | None:
        """The mark of a step.

        Raises: OUTCOME_UNKNOWN when there is one that is not readable here.
        """
        held = self._partitions.get(partition)
        key = step.record_key.encode()
        if held is None:
            return None
        if key in held.unreadable:
            raise doubtful(None)
        return held.steps.get(key)

    def remember(self, partition: int, key: bytes, mark: UnsafeStep) -> None:
        """Take a mark of our own over as soon as it is acked, before it is read back."""
        held = self._partitions.get(partition)
        if held is not None:
            held.steps[key] = mark

    def stale_steps(self, now: datetime) -> Iterator[tuple[int, bytes]]:
        """Partition and key of marks that may get their tombstone."""
        for number, held in self._partitions.items():
            for key, mark in held.steps.items():
                if is_stale(mark, now):
                    yield number, key

    def hold(self, partitions: Iterable[int]) -> None:
        """Hold partitions from now on, also those in which there is nothing to read."""
        for partition in partitions:
            self._partitions.setdefault(partition, _Partition())

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget what belongs to partitions that this worker no longer holds."""
        gone = list(partitions)
        self.addresses.drop(gone)
        for partition in gone:
            self._partitions.pop(partition, None)


def begun_key(gateway: str) -> bytes:
    """Names the record of what a meter has begun."""
    return f"{gateway}|image".encode()


def _digest(key: bytes) -> bytes:
    """Half as large as the key of a reservation, and as good as unique: 120 bits."""
    return blake2b(key, digest_size=15).digest()
