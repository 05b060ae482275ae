"""Octets to a trace: wrapper frames, HDLC frames and APDUs, plain or ciphered."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.errors import LimitExceeded
from meterstream.dlms.framing import HEADER
from meterstream.dlms.security import SecurityKeys
from meterstream.dlms.trace.access import access_request, access_response
from meterstream.dlms.trace.acse import acse
from meterstream.dlms.trace.blocks import general_block
from meterstream.dlms.trace.ciphered import CIPHERED_TAGS, ciphered
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.general import general_ciphering, general_signing
from meterstream.dlms.trace.hdlc import START as HDLC_START
from meterstream.dlms.trace.hdlc import hdlc_frames
from meterstream.dlms.trace.initiate import (
    confirmed_service_error,
    exception_response,
    initiate_request,
    initiate_response,
    is_plain_exception,
)
from meterstream.dlms.trace.lines import Lines
from meterstream.dlms.trace.model import DEFAULT_TRACE_LIMITS, Broken, Fault, Trace, TraceContext, TraceLimits
from meterstream.dlms.trace.names import TAGS
from meterstream.dlms.trace.notifications import data_notification, event_notification
from meterstream.dlms.trace.services import SERVICE_TAGS, choice_name, service
from meterstream.dlms.trace.session import Tracer

_WRAPPER_START: Final = b"\x00\x01"
_ACSE_TAGS: Final = frozenset({tags.AARQ, tags.AARE, tags.RLRQ, tags.RLRE})
_SIMPLE: Final = {
    tags.INITIATE_REQUEST: initiate_request,
    tags.INITIATE_RESPONSE: initiate_response,
    tags.CONFIRMED_SERVICE_ERROR: confirmed_service_error,
    tags.DATA_NOTIFICATION: data_notification,
    tags.EVENT_NOTIFICATION_REQUEST: event_notification,
    tags.ACCESS_REQUEST: access_request,
    tags.ACCESS_RESPONSE: access_response,
    tags.GENERAL_CIPHERING: general_ciphering,
    tags.GENERAL_SIGNING: general_signing,
    tags.GENERAL_BLOCK_TRANSFER: general_block,
}
_DEEPEST: Final = 8
"""APDUs inside one another; no session needs more than three (AARQ, glo-initiate, initiate)."""


def describe(
    octets: bytes,
    *,
    keys: SecurityKeys | None = None,
    limits: TraceLimits = DEFAULT_TRACE_LIMITS,
    context: TraceContext | None = None,
) -> Trace:
    """Describe one APDU, or wrapper or HDLC frames in a row; any octets give a trace, never an exception.

    Passwords, keys and values of objects that hold them are masked. An answer does not say what it answers: with the
    request before it, in `octets` or through `context`, its strings are shown, else only those that are no secret.

    Args:
        keys: EK and AK, to open ciphered APDUs; the system titles come from the AARQ and AARE, through `context` too.
        context: that of the trace before this one in the same session.
    """
    lines = Lines(limits)
    tracer = Tracer(lines, keys, context or TraceContext(), _Body().describe)
    cursor = Cursor(octets[: limits.input_octets])
    error: Fault | None = None
    if not octets:
        error = cursor.broken("there are no octets").fault
        lines.add(str(error))
    elif octets.startswith(_WRAPPER_START):
        error = _frames(tracer, cursor)
    elif octets.startswith(HDLC_START):
        error = hdlc_frames(tracer, cursor)
    else:
        error = _guarded(tracer, cursor)
    if len(octets) > limits.input_octets:
        rest = len(octets) - limits.input_octets
        fault = Fault(limits.input_octets, f"{rest} octets above the bound are not read", LimitExceeded.code)
        lines.add(str(fault))
        error = error or fault
    return Trace(lines.finish(None if error is None else str(error)), error, tracer.context)


def _guarded(tracer: Tracer, cursor: Cursor) -> Fault | None:
    """One APDU; its fault ends it and is told."""
    try:
        tracer.body(tracer, cursor)
    except Broken as error:
        tracer.lines.add(str(error.fault))
        return error.fault
    return None


def _frames(tracer: Tracer, cursor: Cursor) -> Fault | None:
    """Frames until one has no end; a fault inside a frame does not hide the next. The first fault counts."""
    first: Fault | None = None
    while cursor.left:
        try:
            fault = _frame(tracer, cursor)
        except Broken as error:
            tracer.lines.add(str(error.fault))
            return first or error.fault
        first = first or fault
    return first


def _frame(tracer: Tracer, cursor: Cursor) -> Fault | None:
    start = cursor.position
    head = cursor.take(HEADER.size, "wrapper header")
    version, source, destination, length = HEADER.unpack(head)
    tracer.lines.add(f"wrapper version {version}, source {source}, destination {destination}, {length} octets")
    if not head.startswith(_WRAPPER_START):
        raise cursor.broken("the wrapper version is 1", start, "WRAPPER_HEADER_INVALID")
    available = cursor.left
    part = cursor.window(length)
    with tracer.lines.indented():
        if length <= available:
            return _guarded(tracer, part)
        try:
            if part.left:
                tracer.body(tracer, part)
        except Broken:
            pass  # the octets that are missing are the reason; they are told
        raise cursor.broken(f"the frame announces {length} octets, {available} are there")


class _Body:
    """Describes an APDU, and those inside it down to a bound."""

    __slots__ = ("_depth",)

    def __init__(self) -> None:
        self._depth = 0

    def describe(self, tracer: Tracer, cursor: Cursor) -> None:
        """Raises: Broken."""
        if self._depth >= _DEEPEST:
            raise cursor.broken(f"more than {_DEEPEST} APDUs inside one another", code=LimitExceeded.code)
        self._depth += 1
        try:
            _apdu(tracer, cursor)
        finally:
            self._depth -= 1


def _apdu(tracer: Tracer, cursor: Cursor) -> None:
    total = cursor.left
    tag = cursor.octet("tag")
    name = TAGS.get(tag)
    if name is None:
        tracer.lines.add(f"unknown tag {tag:02X}, {total} octets")
        return
    choice = choice_name(cursor, tag) if tag in SERVICE_TAGS else ""
    tracer.lines.add(f"{name}{choice}, {total} octets")
    with tracer.lines.indented():
        _rest(tracer, cursor, tag)


def _rest(tracer: Tracer, cursor: Cursor, tag: int) -> None:
    """What follows the tag; of APDUs that are only known by name nothing is read."""
    if tag in SERVICE_TAGS:
        service(tracer, cursor, tag, TAGS[tag])
    elif tag in _ACSE_TAGS:
        acse(tracer, cursor, tag)
    elif tag in _SIMPLE:
        _SIMPLE[tag](tracer, cursor)
    elif tag == tags.EXCEPTION_RESPONSE and is_plain_exception(cursor):
        exception_response(tracer, cursor)
    elif tag in CIPHERED_TAGS:
        ciphered(tracer, cursor, tag, TAGS[tag])
    else:
        tracer.lines.add(f"not read: {cursor.left} octets")
