"""Readings of profiles that broke off, kept for the next attempt of the same request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.dlms.data import AttributeRef
from meterstream.protocol_dlms.model.buffer_reading import ProfilePlan, Span
from meterstream.protocol_dlms.model.entry_reading import EntryReading
from meterstream.protocol_dlms.model.profile_reading import ProfileReading

KEEP_S: Final = 3600.0
MOST_READINGS: Final = 1_024
MOST_KEPT_ROWS: Final = 200_000


Reading: TypeAlias = ProfileReading | EntryReading


class Wanted(NamedTuple):
    """What was asked for."""

    buffer: AttributeRef
    plan: ProfilePlan
    span: Span


class Unfinished(Protocol):
    """What the attempts of one request leave to each other."""

    def take(self, wanted: Wanted) -> Reading | None:
        """The reading that an attempt before broke off, once; None: there is none of just this span and plan."""

    def keep(self, wanted: Wanted, reading: Reading) -> None:
        """Leave a reading to the next attempt."""


class _Nothing:
    """For executors outside an attempt."""

    def take(self, wanted: Wanted) -> Reading | None:  # noqa: ARG002  # the port's signature
        return None

    def keep(self, wanted: Wanted, reading: Reading) -> None:
        """Nobody comes after."""


NOTHING_UNFINISHED: Final[Unfinished] = _Nothing()

_Key = tuple[str, str, AttributeRef]


class _Kept(NamedTuple):
    wanted: Wanted
    reading: Reading
    rows: int
    until: float


class UnfinishedReadings:
    """All that broke off in this process; bounded in number, rows and time, the oldest go first.

    They save a line what it has carried already. An attempt that runs in another process reads the range anew.

    Args:
        now: seconds of a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._rows = 0

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, header: DlmsRequestHeader) -> Unfinished:
        """The part that belongs to the attempts of one request."""
        return _OfRequest(self, header.organisation, header.correlation_uid)

    def take(self, key: _Key, wanted: Wanted) -> Reading | None:
        """See Unfinished."""
        kept = self._drop(key)
        if kept is None or kept.until < self._now() or kept.wanted != wanted:
            return None
        return kept.reading

    def keep(self, key: _Key, wanted: Wanted, reading: Reading) -> None:
        """See Unfinished."""
        self._drop(key)
        rows = len(reading.rows.rows)
        self._kept[key] = _Kept(wanted, reading, rows, self._now() + KEEP_S)
        self._rows += rows
        while self._kept and (
            len(self._kept) > MOST_READINGS
            or self._rows > MOST_KEPT_ROWS
            or next(iter(self._kept.values())).until < self._now()
        ):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> _Kept | None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._rows -= kept.rows
        return kept


class _OfRequest:
    """See Unfinished."""

    def __init__(self, readings: UnfinishedReadings, organisation: str, correlation_uid: str) -> None:
        self._readings = readings
        self._whose = (organisation, correlation_uid)

    def take(self, wanted: Wanted) -> Reading | None:
        return self._readings.take((*self._whose, wanted.buffer), wanted)

    def keep(self, wanted: Wanted, reading: Reading) -> None:
        self._readings.keep((*self._whose, wanted.buffer), wanted, reading)
