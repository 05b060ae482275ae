"""Rows for analytics out of the answers of one attempt, cut into messages of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.records import MeterReadings, ReadingRow

MAX_BYTES: Final = 256 * 1024
"""Largest encoded MeterReadings."""
_HEAD_BYTES: Final = 2048
_ROW_BYTES: Final = 48
"""Upper bounds of what an encoded message and row take beside their texts."""


class StepRows(NamedTuple):
    """What one step of an attempt has read; `step` is the action's place in a bundle, 0 otherwise.

    `device` is the one that the step was for, where that is another than the attempt's.
    """

    step: int
    operation: str
    rows: list[ReadingRow]
    device: str | None = None


class Attempted(Protocol):
    """What an attempt goes by."""

    @property
    def organisation(self) -> str: ...
    @property
    def correlation_uid(self) -> str: ...
    @property
    def attempt(self) -> int: ...


def attempt_id(whose: Attempted) -> str:
    """Names an attempt; also the `ce_id` of its request and its response."""
    return f"{whose.organisation}|{whose.correlation_uid}|{whose.attempt}"


def to_messages(header: DlmsRequestHeader, found: Iterable[StepRows], read_at: datetime) -> list[MeterReadings]:
    """The same rows always give the same messages: the first of an attempt has its id, others name step and part."""
    messages: list[MeterReadings] = []
    base = attempt_id(header)
    for step, operation, rows, device in found:
        for part, chunk in enumerate(_chunks(rows)):
            messages.append(
                MeterReadings(
                    reading_id=base if step == part == 0 else f"{base}|{step}|{part}",
                    device_identification=device or header.device_identification,
                    organisation=header.organisation,
                    correlation_uid=header.correlation_uid,
                    operation=operation,
                    read_at=read_at,
                    rows=chunk,
                )
            )
    return messages


def _chunks(rows: Sequence[ReadingRow]) -> Iterator[list[ReadingRow]]:
    chunk: list[ReadingRow] = []
    size = _HEAD_BYTES
    for row in rows:
        row_size = _size(row)
        if chunk and size + row_size > MAX_BYTES:
            yield chunk
            chunk, size = [], _HEAD_BYTES
        chunk.append(row)
        size += row_size
    if chunk:
        yield chunk


def _size(row: ReadingRow) -> int:
    texts = (row.quantity, row.logical_name, row.unit, *row.status)
    return _ROW_BYTES + sum(len(text) + 2 for text in texts)
