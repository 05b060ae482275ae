"""What a meter sends unasked: data-notification and event-notification-request (IEC 62056-5-3, 8.3)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.data import DataType
from meterstream.dlms.trace import parts
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.masking import Show, show_of
from meterstream.dlms.trace.moments import DATE_TIME_OCTETS, date_time_text
from meterstream.dlms.trace.session import Tracer
from meterstream.dlms.trace.values import ValueReader

_TAGGED: Final = bytes((DataType.OCTET_STRING, DATE_TIME_OCTETS))
"""Some meters write the tag of the date-time's octet-string, too; no date-time has 9 octets."""
_ID: Final = 0x00FF_FFFF
_FLAGS: Final = {1 << 28: "self-descriptive", 1 << 29: "break on error", 1 << 30: "confirmed", 1 << 31: "high priority"}


def data_notification(tracer: Tracer, cursor: Cursor) -> None:
    """A push after its tag; it does not say whose values it holds, so its strings are guarded. Raises: Broken."""
    _long_invoke(tracer, cursor)
    if cursor.raw.startswith(_TAGGED, cursor.position):
        cursor.octet("tag of the date-time")
    _date_time(tracer, cursor, optional=True)
    ValueReader(tracer.lines, cursor).value(Show.GUARDED)
    cursor.end("data-notification")


def event_notification(tracer: Tracer, cursor: Cursor) -> None:
    """An event after its tag. Raises: Broken."""
    mark = cursor.octet("mark of the time")
    if mark not in (0, 1, DataType.OCTET_STRING):
        raise cursor.broken("the mark of the time is 00 or 01 (some meters: 09)", cursor.position - 1)
    if mark:
        _date_time(tracer, cursor)
    ref = parts.attribute(tracer, cursor)
    ValueReader(tracer.lines, cursor).value(show_of(ref))
    cursor.end("event-notification-request")


def long_head(tracer: Tracer, cursor: Cursor) -> int:
    """Long-invoke-id-and-priority, which it returns, and date-time. Raises: Broken."""
    invoke = _long_invoke(tracer, cursor)
    _date_time(tracer, cursor, optional=True)
    return invoke


def _long_invoke(tracer: Tracer, cursor: Cursor) -> int:
    invoke = cursor.number(4, "long-invoke-id-and-priority")
    flags = "".join(f", {name}" for bit, name in _FLAGS.items() if invoke & bit)
    tracer.lines.add(f"long invoke id {invoke & _ID}{flags}")
    return invoke


def _date_time(tracer: Tracer, cursor: Cursor, *, optional: bool = False) -> None:
    start = cursor.position
    length = cursor.length("date-time")
    if not length and optional:
        return
    if length != DATE_TIME_OCTETS:
        raise cursor.broken(f"date-time has {DATE_TIME_OCTETS} octets, not {length}", start)
    octets = cursor.take(length, "date-time")
    tracer.lines.add(f"date-time {octets.hex().upper()} = {date_time_text(octets) or 'not plausible'}")
