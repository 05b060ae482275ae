"""ACCESS: several reads, writes and calls in one exchange (IEC 62056-5-3, 8.3)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu.access import MAX_ITEMS
from meterstream.dlms.errors import LimitExceeded
from meterstream.dlms.trace import parts
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.model import Ref, Service
from meterstream.dlms.trace.notifications import long_head
from meterstream.dlms.trace.session import Tracer
from meterstream.dlms.trace.values import ValueReader

_ACTION: Final = 3
_ITEMS: Final = {1: "get", 2: "set", _ACTION: "action", 4: "get with selection", 5: "set with selection"}
_WITH_SELECTION: Final = frozenset({4, 5})
_RESULTS: Final = {1: "get", 2: "set", _ACTION: "action"}
_ITEM_OCTETS: Final = 10


def access_request(tracer: Tracer, cursor: Cursor) -> None:
    """An access-request after its tag. Raises: Broken."""
    tracer.answered()
    invoke = long_head(tracer, cursor)
    reader = ValueReader(tracer.lines, cursor)
    refs = _items(tracer, cursor, reader)
    tracer.ask(Service.ACCESS, invoke, refs)
    _data(tracer, cursor, reader, refs, len(refs))
    cursor.end("access-request")


def access_response(tracer: Tracer, cursor: Cursor) -> None:
    """An access-response after its tag; with the items when the meter repeats them. Raises: Broken."""
    invoke = long_head(tracer, cursor)
    refs = tracer.asked(Service.ACCESS, invoke)
    reader = ValueReader(tracer.lines, cursor)
    repeated = cursor.octet("mark of the items")
    if repeated > 1:
        raise cursor.broken("the mark of the items is 00 or 01", cursor.position - 1)
    if repeated:
        refs = _items(tracer, cursor, reader)
    count = _data(tracer, cursor, reader, refs, len(refs) if refs is not None and repeated else None)
    _same(cursor, _count(cursor, "list of results", 2), count)
    tracer.lines.add(f"{count} results")
    with tracer.lines.indented():
        for _ in range(count):
            _result(tracer, cursor)
    cursor.end("access-response")
    tracer.answered()


def _count(cursor: Cursor, what: str, least: int) -> int:
    start = cursor.position
    count = cursor.count(what, least)
    if count > MAX_ITEMS:
        raise cursor.broken(f"{what}: {count} elements, at most {MAX_ITEMS}", start, LimitExceeded.code)
    return count


def _same(cursor: Cursor, count: int, expected: int | None) -> None:
    if expected is not None and count != expected:
        raise cursor.broken(f"{count} elements for {expected}")


def _items(tracer: Tracer, cursor: Cursor, reader: ValueReader) -> tuple[Ref, ...]:
    count = _count(cursor, "list of items", _ITEM_OCTETS)
    tracer.lines.add(f"{count} items")
    with tracer.lines.indented():
        return tuple(_item(tracer, cursor, reader) for _ in range(count))


def _item(tracer: Tracer, cursor: Cursor, reader: ValueReader) -> Ref:
    choice = cursor.octet("choice of the item")
    if choice not in _ITEMS:
        raise cursor.broken(f"an item has no choice {choice}", cursor.position - 1)
    tracer.lines.add(_ITEMS[choice])
    with tracer.lines.indented():
        if choice == _ACTION:
            return parts.method(tracer, cursor)
        ref = parts.attribute(tracer, cursor)
        if choice in _WITH_SELECTION:
            parts.selector(tracer, cursor, ref, reader)
        return ref


def _data(
    tracer: Tracer, cursor: Cursor, reader: ValueReader, refs: tuple[Ref, ...] | None, expected: int | None
) -> int:
    count = _count(cursor, "list of data", 1)
    _same(cursor, count, expected)
    tracer.lines.add(f"{count} values")
    with tracer.lines.indented():
        for show in parts.shows(refs, count):
            reader.value(show)
    return count


def _result(tracer: Tracer, cursor: Cursor) -> None:
    choice = cursor.octet("choice of the result")
    if choice not in _RESULTS:
        raise cursor.broken(f"a result has no choice {choice}", cursor.position - 1)
    if choice == _ACTION:
        parts.action_result(tracer, cursor)
    else:
        parts.data_result(tracer, cursor)
