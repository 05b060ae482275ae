"""AARQ, AARE, RLRQ and RLRE, element by element (IEC 62056-5-3, 8.2; ISO/IEC 8650-1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from meterstream.dlms.apdu import tags
from meterstream.dlms.trace import names
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.lines import printable
from meterstream.dlms.trace.model import Broken, TraceContext
from meterstream.dlms.trace.names import named
from meterstream.dlms.trace.session import Tracer

_VERSION: Final = 0x80
_CONTEXT: Final = 0xA1
_RESULT: Final = 0xA2
_DIAGNOSTIC: Final = 0xA3
_AARE_TITLE: Final = 0xA4
_AARQ_TITLE: Final = 0xA6
_USER_INFORMATION: Final = 0xBE
_MECHANISM: Final = {tags.AARQ: 0x8B, tags.AARE: 0x89}
_AUTHENTICATION_VALUE: Final = {tags.AARQ: 0xAC, tags.AARE: 0xAA}
_REQUIREMENTS: Final = {tags.AARQ: 0x8A, tags.AARE: 0x88}
_OCTET_STRING: Final = 0x04
_CHARACTERS: Final = 0x80
_OBJECT_ID: Final = 0x06
_INTEGER: Final = 0x02
_CONTEXT_ID: Final = bytes.fromhex("608574050801")
_MECHANISM_ID: Final = bytes.fromhex("608574050802")
_CONTEXT_ARCS: Final = "2.16.756.5.8.1"
_MECHANISM_ARCS: Final = "2.16.756.5.8.2"
_CHALLENGE_MECHANISMS: Final = frozenset({3, 4, 5, 6, 7})
"""HLS mechanisms whose authentication value is a challenge; that of the others may be a password."""
_TITLE_OCTETS: Final = 8
_FLAG_OCTETS: Final = 3
_REQUIRED: Final = {
    tags.AARQ: {_CONTEXT: "application-context-name", _USER_INFORMATION: "user-information"},
    tags.AARE: {
        _CONTEXT: "application-context-name",
        _RESULT: "result",
        _DIAGNOSTIC: "result-source-diagnostic",
    },
    tags.RLRQ: {},
    tags.RLRE: {},
}


class _Element(NamedTuple):
    tag: int
    start: int
    content: Cursor
    missing: Broken | None


def acse(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    """An ACSE APDU after its tag. Raises: Broken."""
    what = names.TAGS[tag]
    if tag in (tags.AARQ, tags.RLRQ):
        tracer.context = TraceContext() if tag == tags.AARQ else replace(tracer.context, asked=None)
    length = cursor.length(what)
    cursor.within(length, what, lambda content: _content(tracer, content, tag))
    cursor.end(what)


def _content(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    elements, broken = _elements(cursor)
    mechanism = _mechanism_of(elements, tag)
    for element in elements:
        try:
            _describe(tracer, element, tag, mechanism)
        except Broken as error:
            raise element.missing or error from None
    if broken is not None:
        raise broken
    found = {element.tag for element in elements}
    for required, name in _REQUIRED[tag].items():
        if required not in found:
            raise cursor.broken(f"{names.TAGS[tag]} has no {name}")


def _elements(cursor: Cursor) -> tuple[list[_Element], Broken | None]:
    """All elements that can be told apart, and what is wrong with the rest."""
    elements: list[_Element] = []
    seen: set[int] = set()
    try:
        while cursor.left:
            start = cursor.position
            tag = cursor.octet("element")
            length = cursor.length(f"element {tag:02X}")
            if tag in seen:
                raise cursor.broken(f"element {tag:02X} is there twice", start)
            seen.add(tag)
            missing = None
            if length > cursor.left:
                missing = cursor.broken(f"element {tag:02X} takes {length} octets, {cursor.left} are there")
            elements.append(_Element(tag, start, cursor.window(length), missing))
            if missing is not None:
                return elements, missing
    except Broken as error:
        return elements, error
    return elements, None


def _mechanism_of(elements: list[_Element], tag: int) -> int | None:
    """The mechanism, wherever it stands; None when it is not there or malformed."""
    for element in elements:
        raw = element.content.raw
        if element.tag == _MECHANISM.get(tag) and len(raw) == 7 and raw[:6] == _MECHANISM_ID:
            return raw[6]
    return None


def _describe(tracer: Tracer, element: _Element, tag: int, mechanism: int | None) -> None:
    known = _describers(tag).get(element.tag)
    if known is not None:
        known(tracer, element.content, tag)
    elif element.tag == _AUTHENTICATION_VALUE.get(tag):
        _authentication_value(tracer, element.content, tag, mechanism)
    else:
        tracer.lines.add(f"element {element.tag:02X}, {len(element.content.raw)} octets")


_Describer = Callable[[Tracer, Cursor, int], None]


def _describers(tag: int) -> dict[int, _Describer]:
    if tag in (tags.RLRQ, tags.RLRE):
        return {_VERSION: _reason, _USER_INFORMATION: _user_information}
    common: dict[int, _Describer] = {
        _VERSION: _protocol_version,
        _CONTEXT: _context,
        _REQUIREMENTS[tag]: _requirements,
        _MECHANISM[tag]: _mechanism,
        _USER_INFORMATION: _user_information,
    }
    if tag == tags.AARQ:
        return common | {_AARQ_TITLE: _title}
    return common | {_AARE_TITLE: _title, _RESULT: _result, _DIAGNOSTIC: _diagnostic}


def _inner(cursor: Cursor, tag: int, what: str) -> bytes:
    """Content of the one element that fills another."""
    if cursor.octet(what) != tag:
        raise cursor.broken(f"{what} starts with {tag:02X}", cursor.position - 1)
    content = cursor.take(cursor.length(what), what)
    cursor.end(what)
    return content


def _last_arc(content: bytes, prefix: bytes, cursor: Cursor, what: str) -> int:
    if len(content) != len(prefix) + 1 or content[:-1] != prefix:
        raise cursor.broken(f"{what} is {prefix.hex().upper()} and one octet", 0)
    return content[-1]


def _protocol_version(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    tracer.lines.add(f"protocol-version {tracer.lines.octets(cursor.raw)}")


def _context(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    what = "application-context-name"
    arc = _last_arc(_inner(cursor, _OBJECT_ID, what), _CONTEXT_ID, cursor, what)
    tracer.lines.add(f"{what} {_CONTEXT_ARCS}.{arc} ({names.CONTEXTS.get(arc, 'unknown')})")


def _requirements(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    which = "sender" if tag == tags.AARQ else "responder"
    authentication = " (authentication)" if cursor.raw == b"\x07\x80" else ""
    tracer.lines.add(f"{which}-acse-requirements {tracer.lines.octets(cursor.raw)}{authentication}")


def _mechanism(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    arc = _last_arc(cursor.raw, _MECHANISM_ID, cursor, "mechanism-name")
    tracer.lines.add(f"mechanism-name {_MECHANISM_ARCS}.{arc} ({names.MECHANISMS.get(arc, 'unknown')})")


def _title(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    what = "calling-AP-title" if tag == tags.AARQ else "responding-AP-title"
    title = _inner(cursor, _OCTET_STRING, what)
    tracer.lines.add(f"{what} {title_text(tracer, title)}")
    if len(title) == _TITLE_OCTETS and tag == tags.AARQ:
        tracer.context = replace(tracer.context, client_title=title)
    elif len(title) == _TITLE_OCTETS:
        tracer.context = replace(tracer.context, server_title=title)


def title_text(tracer: Tracer, title: bytes) -> str:
    """A system title in hex and its manufacturer as FLAG letters."""
    flag = printable(title[:_FLAG_OCTETS].decode("latin-1"))
    length = "" if len(title) == _TITLE_OCTETS else f" ({len(title)} octets instead of {_TITLE_OCTETS})"
    return f'{tracer.lines.octets(title)} "{flag}"{length}'


def _authentication_value(tracer: Tracer, cursor: Cursor, tag: int, mechanism: int | None) -> None:
    calling = tag == tags.AARQ
    what = f"{'calling' if calling else 'responding'}-authentication-value"
    if cursor.peek(what) != _CHARACTERS:
        raise cursor.broken(f"{what} starts with {_CHARACTERS:02X}")
    cursor.octet(what)
    try:
        value = cursor.take(cursor.length(what), what)
        cursor.end(what)
    except Broken as error:
        # Its numbers may be octets of a password that is not where it should be.
        raise cursor.broken(f"{what} does not fill its element", error.fault.offset - cursor.base) from None
    is_challenge = mechanism in _CHALLENGE_MECHANISMS or (mechanism is None and not calling)
    if is_challenge:
        tracer.lines.add(f"{what}({len(value)}) {'CtoS' if calling else 'StoC'} {tracer.lines.octets(value)}")
    else:
        tracer.lines.add(f"{what}({len(value)}) masked")


def _result(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    value = _inner(cursor, _INTEGER, "result")
    if len(value) != 1:
        raise cursor.broken("result is one octet", 0)
    tracer.lines.add(f"result {named(value[0], names.ASSOCIATION_RESULTS)}")


def _diagnostic(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    what = "result-source-diagnostic"
    raw = cursor.raw
    if len(raw) != 5 or raw[0] not in (0xA1, 0xA2) or raw[1:4] != b"\x03\x02\x01":
        raise cursor.broken(f"{what} is A1 or A2, 030201 and one octet", 0)
    user = raw[0] == 0xA1
    table = names.USER_DIAGNOSTICS if user else names.PROVIDER_DIAGNOSTICS
    tracer.lines.add(f"{what} acse-service-{'user' if user else 'provider'}: {named(raw[4], table)}")


def _reason(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    if len(cursor.raw) != 1:
        raise cursor.broken("reason is one octet", 0)
    table = names.REQUEST_REASONS if tag == tags.RLRQ else names.RESPONSE_REASONS
    tracer.lines.add(f"reason {named(cursor.raw[0], table)}")


def _user_information(tracer: Tracer, cursor: Cursor, _tag: int) -> None:
    what = "user-information"
    if cursor.octet(what) != _OCTET_STRING:
        raise cursor.broken(f"{what} starts with {_OCTET_STRING:02X}", cursor.position - 1)
    length = cursor.length(what)
    tracer.lines.add(f"{what}, {length} octets")
    if length:
        with tracer.lines.indented():
            cursor.within(length, what, lambda inner: tracer.body(tracer, inner))
    cursor.end(what)
