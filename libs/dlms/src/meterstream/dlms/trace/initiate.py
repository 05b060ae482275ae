"""Initiate bodies and the errors that take their place (IEC 62056-5-3, 8.2)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.names import (
    CONFIRMED_SERVICES,
    SERVICE_ERROR_CHOICES,
    SERVICE_ERROR_VALUES,
    SERVICE_ERRORS,
    STATE_ERRORS,
    conformance_names,
    named,
)
from meterstream.dlms.trace.session import Tracer

_CONFORMANCE_HEAD: Final = b"\x5f\x1f\x04\x00"
_VAA_NAMES: Final = {0x0007: "logical names", 0xFA00: "short names"}
_SERVICES_A_LINE: Final = 4
_PLAIN_EXCEPTION_OCTETS: Final = 2
_COUNTER_OCTETS: Final = 4


def initiate_request(tracer: Tracer, cursor: Cursor) -> None:
    add = tracer.lines.add
    if cursor.octet("flag of the dedicated key"):
        length = cursor.length("dedicated key")
        tracer.learn_dedicated_key(cursor.take(length, "dedicated key"), opened=cursor.opened)
        add(f"dedicated key({length}) masked")
    elif cursor.opened:
        tracer.learn_dedicated_key(None, opened=True)
    if cursor.octet("flag of response-allowed"):
        add(f"response allowed: {'yes' if cursor.octet('response-allowed') else 'no'}")
    _quality(tracer, cursor)
    _tail(tracer, cursor)
    cursor.end("initiate-request")


def initiate_response(tracer: Tracer, cursor: Cursor) -> None:
    _quality(tracer, cursor)
    _tail(tracer, cursor)
    name = cursor.number(2, "VAA name")
    tracer.lines.add(f"VAA name {name:04X} ({_VAA_NAMES.get(name, 'unknown')})")
    cursor.end("initiate-response")


def _quality(tracer: Tracer, cursor: Cursor) -> None:
    if cursor.octet("flag of the quality of service"):
        tracer.lines.add(f"quality of service {cursor.octet('quality of service')}")


def _tail(tracer: Tracer, cursor: Cursor) -> None:
    add = tracer.lines.add
    add(f"DLMS version {cursor.octet('DLMS version')}")
    start = cursor.position
    if cursor.take(len(_CONFORMANCE_HEAD), "head of the conformance block") != _CONFORMANCE_HEAD:
        raise cursor.broken("the conformance block starts with 5F1F0400", start)
    bits = cursor.number(3, "conformance block")
    add(f"conformance {bits:06X}")
    services = conformance_names(bits)
    with tracer.lines.indented():
        for start in range(0, len(services), _SERVICES_A_LINE):
            add(", ".join(services[start : start + _SERVICES_A_LINE]))
    size = cursor.number(2, "largest PDU")
    add(f"largest PDU {size} octets" if size else "largest PDU not limited")


def exception_response(tracer: Tracer, cursor: Cursor) -> None:
    """The plain form, after its tag."""
    state = cursor.octet("state error")
    tracer.lines.add(f"state error {named(state, STATE_ERRORS)}")
    service = cursor.octet("service error")
    tracer.lines.add(f"service error {named(service, SERVICE_ERRORS)}")
    if cursor.left:
        tracer.lines.add(f"invocation counter {cursor.number(_COUNTER_OCTETS, 'invocation counter')}")
    cursor.end("exception-response")
    tracer.answered()


def is_plain_exception(cursor: Cursor) -> bool:
    """Whether an exception-response is plain, judged by its length: the ciphered form has the same tag."""
    rest = len(cursor.raw) - 1
    return rest <= _PLAIN_EXCEPTION_OCTETS or rest == _PLAIN_EXCEPTION_OCTETS + _COUNTER_OCTETS


def confirmed_service_error(tracer: Tracer, cursor: Cursor) -> None:
    service = cursor.octet("service")
    tracer.lines.add(f"service {named(service, CONFIRMED_SERVICES)}")
    error = cursor.octet("error")
    tracer.lines.add(f"error {named(error, SERVICE_ERROR_CHOICES)}")
    value = cursor.octet("value of the error")
    tracer.lines.add(f"value {named(value, SERVICE_ERROR_VALUES.get(error, {}))}")
    cursor.end("confirmed-service-error")
    tracer.answered()
