"""GET, SET and ACTION, requests and responses with all their choices (IEC 62056-5-3, 8.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.trace import parts
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.masking import show_of, show_of_all
from meterstream.dlms.trace.model import Ref, Service
from meterstream.dlms.trace.session import Tracer
from meterstream.dlms.trace.values import ValueReader

_Choice = Callable[[Tracer, Cursor, int], None]


def _get_request_normal(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    ref = parts.attribute(tracer, cursor)
    tracer.ask(Service.GET, invoke, (ref,))
    parts.selection(tracer, cursor, ref)


def _block_number(tracer: Tracer, cursor: Cursor, _invoke: int) -> None:
    parts.block_number(tracer, cursor)


def _get_request_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    tracer.ask(Service.GET, invoke, parts.attributes(tracer, cursor))


def _get_response_normal(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    show = show_of_all(tracer.asked(Service.GET, invoke))
    parts.read_result(tracer, cursor, ValueReader(tracer.lines, cursor), show)
    tracer.answered()


def _get_response_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    last = parts.block_head(tracer, cursor)
    choice = cursor.octet("choice of the block")
    if choice == 1:
        parts.data_result(tracer, cursor)
    elif choice == 0:
        parts.block_data(tracer, cursor, tracer.asked(Service.GET, invoke))
    else:
        raise cursor.broken("the choice of the block is 00 (data) or 01 (error)", cursor.position - 1)
    if last or choice == 1:
        tracer.answered()


def _get_response_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    count = cursor.count("list of results", 2)
    tracer.lines.add(f"{count} results")
    reader = ValueReader(tracer.lines, cursor)
    with tracer.lines.indented():
        for show in parts.shows(tracer.asked(Service.GET, invoke), count):
            parts.read_result(tracer, cursor, reader, show)
    tracer.answered()


def _set_request_normal(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    ref = parts.attribute(tracer, cursor)
    tracer.ask(Service.SET, invoke, (ref,))
    parts.selection(tracer, cursor, ref)
    ValueReader(tracer.lines, cursor).value(show_of(ref))


def _set_request_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    refs = parts.attributes(tracer, cursor)
    tracer.ask(Service.SET, invoke, refs)
    parts.values(tracer, cursor, refs)


def _set_request_first_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    ref = parts.attribute(tracer, cursor)
    tracer.ask(Service.SET, invoke, (ref,))
    parts.selection(tracer, cursor, ref)
    _block(tracer, cursor, (ref,))


def _set_request_list_and_first_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    refs = parts.attributes(tracer, cursor)
    tracer.ask(Service.SET, invoke, refs)
    _block(tracer, cursor, refs)


def _set_request_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    _block(tracer, cursor, tracer.asked(Service.SET, invoke))


def _block(tracer: Tracer, cursor: Cursor, refs: tuple[Ref, ...] | None) -> bool:
    last = parts.block_head(tracer, cursor)
    parts.block_data(tracer, cursor, refs)
    return last


def _set_response_normal(tracer: Tracer, cursor: Cursor, _invoke: int) -> None:
    parts.data_result(tracer, cursor)
    tracer.answered()


def _set_response_last_block(tracer: Tracer, cursor: Cursor, _invoke: int) -> None:
    parts.data_result(tracer, cursor)
    parts.block_number(tracer, cursor)
    tracer.answered()


def _set_response_with_list(tracer: Tracer, cursor: Cursor, _invoke: int) -> None:
    count = cursor.count("list of results", 1)
    tracer.lines.add(f"{count} results")
    with tracer.lines.indented():
        for _ in range(count):
            parts.data_result(tracer, cursor)
    tracer.answered()


def _set_response_last_block_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    _set_response_with_list(tracer, cursor, invoke)
    parts.block_number(tracer, cursor)


def _action_request_normal(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    ref = parts.method(tracer, cursor)
    tracer.ask(Service.ACTION, invoke, (ref,))
    present = cursor.octet("flag of the parameters")
    if present == 1:
        ValueReader(tracer.lines, cursor).value(show_of(ref))
    elif present:
        raise cursor.broken("the flag of the parameters is 00 or 01", cursor.position - 1)


def _action_request_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    refs = parts.methods(tracer, cursor)
    tracer.ask(Service.ACTION, invoke, refs)
    parts.values(tracer, cursor, refs)


def _action_request_first_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    ref = parts.method(tracer, cursor)
    tracer.ask(Service.ACTION, invoke, (ref,))
    _block(tracer, cursor, (ref,))


def _action_request_list_and_first_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    refs = parts.methods(tracer, cursor)
    tracer.ask(Service.ACTION, invoke, refs)
    _block(tracer, cursor, refs)


def _action_request_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    _block(tracer, cursor, tracer.asked(Service.ACTION, invoke))


def _action_response_normal(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    show = show_of_all(tracer.asked(Service.ACTION, invoke))
    parts.action_result(tracer, cursor)
    if cursor.left:  # some meters end after the result
        present = cursor.octet("flag of the return parameters")
        if present == 1:
            parts.read_result(tracer, cursor, ValueReader(tracer.lines, cursor), show)
        elif present:
            raise cursor.broken("the flag of the return parameters is 00 or 01", cursor.position - 1)
    tracer.answered()


def _action_response_block(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    if _block(tracer, cursor, tracer.asked(Service.ACTION, invoke)):
        tracer.answered()


def _action_response_with_list(tracer: Tracer, cursor: Cursor, invoke: int) -> None:
    count = cursor.count("list of results", 2)
    tracer.lines.add(f"{count} results")
    reader = ValueReader(tracer.lines, cursor)
    with tracer.lines.indented():
        for show in parts.shows(tracer.asked(Service.ACTION, invoke), count):
            parts.action_result(tracer, cursor)
            present = cursor.octet("flag of the return parameters")
            if present > 1:
                raise cursor.broken("the flag of the return parameters is 00 or 01", cursor.position - 1)
            if present:
                parts.read_result(tracer, cursor, reader, show)
    tracer.answered()


_CHOICES: Final[dict[int, dict[int, tuple[str, _Choice]]]] = {
    tags.GET_REQUEST: {
        1: ("normal", _get_request_normal),
        2: ("next", _block_number),
        3: ("with-list", _get_request_with_list),
    },
    tags.GET_RESPONSE: {
        1: ("normal", _get_response_normal),
        2: ("with-datablock", _get_response_block),
        3: ("with-list", _get_response_with_list),
    },
    tags.SET_REQUEST: {
        1: ("normal", _set_request_normal),
        2: ("with-first-datablock", _set_request_first_block),
        3: ("with-datablock", _set_request_block),
        4: ("with-list", _set_request_with_list),
        5: ("with-list-and-first-datablock", _set_request_list_and_first_block),
    },
    tags.SET_RESPONSE: {
        1: ("normal", _set_response_normal),
        2: ("datablock", _block_number),
        3: ("last-datablock", _set_response_last_block),
        4: ("last-datablock-with-list", _set_response_last_block_with_list),
        5: ("with-list", _set_response_with_list),
    },
    tags.ACTION_REQUEST: {
        1: ("normal", _action_request_normal),
        2: ("next-pblock", _block_number),
        3: ("with-list", _action_request_with_list),
        4: ("with-first-pblock", _action_request_first_block),
        5: ("with-list-and-first-pblock", _action_request_list_and_first_block),
        6: ("with-pblock", _action_request_block),
    },
    tags.ACTION_RESPONSE: {
        1: ("normal", _action_response_normal),
        2: ("with-pblock", _action_response_block),
        3: ("with-list", _action_response_with_list),
        4: ("next-pblock", _block_number),
    },
}
SERVICE_TAGS: Final = frozenset(_CHOICES)
_REQUESTS: Final = frozenset({tags.GET_REQUEST, tags.SET_REQUEST, tags.ACTION_REQUEST})
_CONTINUING: Final = frozenset(
    {(tags.GET_REQUEST, 2), (tags.SET_REQUEST, 3), (tags.ACTION_REQUEST, 2), (tags.ACTION_REQUEST, 6)}
)
"""Requests that go on with what an earlier one asked."""


def choice_name(cursor: Cursor, tag: int) -> str:
    """Name of the choice that comes next, "-normal" and the like; empty when there is none."""
    choice = _CHOICES[tag].get(cursor.raw[cursor.position]) if cursor.left else None
    return f"-{choice[0]}" if choice else ""


def service(tracer: Tracer, cursor: Cursor, tag: int, name: str) -> None:
    """A service APDU after its tag. Raises: Broken."""
    number = cursor.octet(f"choice of {name}")
    choice = _CHOICES[tag].get(number)
    if choice is None:
        raise cursor.broken(f"{name} has no choice {number}", cursor.position - 1)
    if tag in _REQUESTS and (tag, number) not in _CONTINUING:
        tracer.answered()
    invoke = tracer.invoke(cursor)
    choice[1](tracer, cursor, invoke)
    cursor.end(f"{name}-{choice[0]}")
