"""Parts that GET, SET and ACTION share (IEC 62056-5-3, 8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef
from meterstream.dlms.objects.classes import attribute_name, class_name, method_name
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.masking import Show, show_of, show_of_all
from meterstream.dlms.trace.model import Broken, Ref
from meterstream.dlms.trace.names import SELECTORS, result_name
from meterstream.dlms.trace.session import Tracer
from meterstream.dlms.trace.values import ValueReader

_NAME_OCTETS: Final = 6
_BLOCK_NUMBER_OCTETS: Final = 4
_DESCRIPTOR_OCTETS: Final = 9


def attribute(tracer: Tracer, cursor: Cursor) -> AttributeRef:
    """Attribute descriptor."""
    class_id, name = _object(tracer, cursor)
    ref = AttributeRef(class_id, name, _number(cursor, "attribute"))
    known = attribute_name(class_id, ref.attribute) if ref.attribute else "all"
    tracer.lines.add(f"{_object_text(ref)}, attribute {_with_name(ref.attribute, known)}")
    return ref


def method(tracer: Tracer, cursor: Cursor) -> MethodRef:
    """Method descriptor."""
    class_id, name = _object(tracer, cursor)
    ref = MethodRef(class_id, name, _number(cursor, "method"))
    tracer.lines.add(f"{_object_text(ref)}, method {_with_name(ref.method, method_name(class_id, ref.method))}")
    return ref


def _object(tracer: Tracer, cursor: Cursor) -> tuple[int, LogicalName]:
    class_id = cursor.number(2, "class id")
    try:
        return class_id, LogicalName(cursor.take(_NAME_OCTETS, "logical name"))
    except Broken:
        tracer.lines.add(_class_text(class_id))
        raise


def _number(cursor: Cursor, what: str) -> int:
    return int.from_bytes(cursor.take(1, what), "big", signed=True)


def _class_text(class_id: int) -> str:
    return f"class {_with_name(class_id, class_name(class_id))}"


def _with_name(number: int, name: str | None) -> str:
    return f"{number} ({name})" if name else f"{number}"


def _object_text(ref: Ref) -> str:
    return f"{_class_text(ref.class_id)}, {LogicalName(ref.logical_name)}"


def selection(tracer: Tracer, cursor: Cursor, ref: AttributeRef) -> None:
    """Optional selective access."""
    present = cursor.octet("flag of the selection")
    if not present:
        return
    if present != 1:
        raise cursor.broken("the flag of the selection is 00 or 01", cursor.position - 1)
    selector(tracer, cursor, ref, ValueReader(tracer.lines, cursor))


def selector(tracer: Tracer, cursor: Cursor, ref: AttributeRef, reader: ValueReader) -> None:
    """Access selector and its parameters."""
    number = cursor.octet("access selector")
    meaning = SELECTORS.get((ref.class_id, number))
    tracer.lines.add(f"selector {number}" + (f" ({meaning})" if meaning else ""))
    with tracer.lines.indented():
        reader.value(show_of(ref))


def attributes(tracer: Tracer, cursor: Cursor) -> tuple[AttributeRef, ...]:
    """List of attribute descriptors, each with its selection."""
    count = cursor.count("list of attributes", _DESCRIPTOR_OCTETS + 1)
    tracer.lines.add(f"{count} attributes")
    refs: list[AttributeRef] = []
    with tracer.lines.indented():
        for _ in range(count):
            ref = attribute(tracer, cursor)
            refs.append(ref)
            with tracer.lines.indented():
                selection(tracer, cursor, ref)
    return tuple(refs)


def methods(tracer: Tracer, cursor: Cursor) -> tuple[MethodRef, ...]:
    count = cursor.count("list of methods", _DESCRIPTOR_OCTETS)
    tracer.lines.add(f"{count} methods")
    with tracer.lines.indented():
        return tuple(method(tracer, cursor) for _ in range(count))


def values(tracer: Tracer, cursor: Cursor, refs: tuple[Ref, ...]) -> None:
    """List of values, one for each of `refs`."""
    start = cursor.position
    count = cursor.count("list of values", 1)
    if count != len(refs):
        raise cursor.broken(f"{len(refs)} descriptors and {count} values", start)
    tracer.lines.add(f"{count} values")
    reader = ValueReader(tracer.lines, cursor)
    with tracer.lines.indented():
        for ref in refs:
            reader.value(show_of(ref))


def data_result(tracer: Tracer, cursor: Cursor) -> None:
    result = DataAccessResult(cursor.octet("result"))
    tracer.lines.add(f"result {result_name(result)}")


def action_result(tracer: Tracer, cursor: Cursor) -> None:
    result = ActionResult(cursor.octet("result"))
    tracer.lines.add(f"result {result_name(result)}")


def read_result(tracer: Tracer, cursor: Cursor, reader: ValueReader, show: Show) -> None:
    """Get-Data-Result: data, or why there are none."""
    choice = cursor.octet("choice of the result")
    if choice == 1:
        data_result(tracer, cursor)
    elif choice == 0:
        reader.value(show)
    else:
        raise cursor.broken("the choice of the result is 00 (data) or 01 (error)", cursor.position - 1)


def shows(refs: tuple[Ref, ...] | None, count: int) -> Iterator[Show]:
    """How to show each of `count` answers."""
    if refs is None or len(refs) != count:
        return iter([show_of_all(refs)] * count)
    return map(show_of, refs)


def block_number(tracer: Tracer, cursor: Cursor) -> None:
    tracer.lines.add(f"block {cursor.number(_BLOCK_NUMBER_OCTETS, 'block number')}")


def block_head(tracer: Tracer, cursor: Cursor) -> bool:
    """Last-block flag and block number; whether it is the last."""
    last = bool(cursor.octet("flag of the last block"))
    number = cursor.number(_BLOCK_NUMBER_OCTETS, "block number")
    tracer.lines.add(f"block {number}{', the last' if last else ''}")
    return last


def block_data(tracer: Tracer, cursor: Cursor, refs: tuple[Ref, ...] | None) -> None:
    """Raw data of a block: a piece of an encoding, so it has no tree of its own."""
    length = cursor.length("data of the block")

    def piece(content: Cursor) -> None:
        show = show_of_all(refs)
        if show is Show.OPEN:
            shown = f"data({length}) {tracer.lines.octets(content.raw)}".rstrip()
        else:
            reason = "" if show is Show.MASKED else ": not known what it belongs to"
            shown = f"data({length}) masked{reason}"
        tracer.lines.add(shown)

    cursor.within(length, "data of the block", piece)
