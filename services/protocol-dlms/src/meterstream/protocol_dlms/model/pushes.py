"""What meters push: whose it is and what it says, for every form that meters of the supported versions send. Pure.

Forms: the text-like message of DSMR 4 and SMR 4.3 (identification, comma, alarm register or logical name), the
data-notification of SMR 5 (IEC 62056-5-3, 6.16), the event-notification-request of the MX382, and any of the two
services inside a ciphered APDU.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from meterstream.contracts.events import PushTrigger
from meterstream.contracts.records import PushTransport
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.dlms.apdu import decode_data_notification, decode_event_notification, tags
from meterstream.dlms.data import AttributeRef, Data, DataLimits, DataType, LogicalName
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.security.unprotect import sender_and_recipient
from meterstream.protocol_dlms.model.alarms import read_register

MAX_OCTETS: Final = 2048
"""Of one push; the longest that a known meter sends has 50."""

WRAPPER_VERSION: Final = b"\x00\x01"
WRAPPER_OCTETS: Final = 8
_LENGTH_AT: Final = 6
_SHORTEST: Final = 9
_LIMITS: Final = DataLimits(max_depth=4, max_values=64, max_compact_octets=64)
_COMMA: Final = 0x2C
_IDENTIFICATION_OCTETS: Final = 17
_REGISTER_OCTETS: Final = 4
_NAME_OCTETS: Final = 6
_IDENTIFICATION: Final = re.compile(r"[A-Za-z0-9]{16,17}")
_FORWARDED_ALARM: Final = AttributeRef(1, LogicalName.parse("128.128.128.128.128.0"), 2)
_CIPHERED: Final = frozenset(
    {
        tags.GENERAL_GLO_CIPHERING,
        tags.GENERAL_CIPHERING,
        tags.GENERAL_SIGNING,
        tags.GLO_EVENT_NOTIFICATION_REQUEST,
    }
)


_TRIGGERS: Final = MappingProxyType(
    {
        LogicalName.parse(name): trigger
        for name, trigger in (
            ("0.0.2.3.0.255", PushTrigger.SMS_WAKE_UP),
            ("0.2.25.9.0.255", PushTrigger.SMS_WAKE_UP),
            ("0.0.2.2.0.255", PushTrigger.CSD_WAKE_UP),
            ("0.0.15.0.4.255", PushTrigger.SCHEDULER),
            ("0.0.25.9.0.255", PushTrigger.SCHEDULER),
        )
    }
)
_NOTIFIED_SMS: Final = LogicalName.parse("0.0.2.2.0.255")
"""In SMR 5 one object stands for both kinds of wake-up."""
_LAST_GASP: Final = LogicalName.parse("0.3.25.9.0.255")
_ALARMS: Final = frozenset({LogicalName.parse("0.0.16.1.0.255"), LogicalName.parse("0.1.25.9.0.255"), _LAST_GASP})


class PushUnreadable(ValueError):
    """The octets are no push that this platform knows; the text names offset and rule, never the content."""


@dataclass(frozen=True, slots=True)
class PushContent:
    """What a push says.

    Attributes:
        identification: equipment identifier, which is the device identification.
        trigger: why the meter pushed; None for alarms.
        cause: logical name that made the meter push, A.B.C.D.E.F; None where the form has none.
        unknown_bits: (register, bit) that are set and have no name.
    """

    identification: str
    trigger: PushTrigger | None
    alarms: tuple[AlarmType, ...] = ()
    cause: str | None = None
    unknown_bits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CipheredPush:
    """A push that only the keys of its sender open.

    Attributes:
        title: system title of the sender, 8 octets; empty where the APDU does not name it.
    """

    apdu: bytes = field(repr=False)
    title: bytes


ReadPush: TypeAlias = PushContent | CipheredPush


def apdu_octets(octets: bytes | bytearray) -> int:
    """How many octets a wrapper header promises behind it (IEC 62056-47, 5.2)."""
    return int.from_bytes(octets[_LENGTH_AT:WRAPPER_OCTETS])


def read_push(octets: bytes, transport: PushTransport) -> ReadPush:
    """Raises: PushUnreadable."""
    if not _SHORTEST <= len(octets) <= MAX_OCTETS:
        raise PushUnreadable(f"{len(octets)} octets; a push has {_SHORTEST} to {MAX_OCTETS}")
    if not octets.startswith(WRAPPER_VERSION):
        return _text(octets)
    length = apdu_octets(octets)
    apdu = octets[WRAPPER_OCTETS:]
    if length != len(apdu):
        raise PushUnreadable(f"wrapper length {length} with {len(apdu)} octets behind it")
    if apdu[0] in _CIPHERED:
        try:
            return CipheredPush(apdu, sender_and_recipient(apdu).originator)
        except DlmsError as failure:
            raise PushUnreadable(f"ciphered: {failure}") from failure
    return read_service(apdu, transport)


def read_service(apdu: bytes, transport: PushTransport) -> PushContent:
    """A data-notification or event-notification-request in clear. Raises: PushUnreadable."""
    try:
        if apdu[:1] == bytes((tags.DATA_NOTIFICATION,)):
            return _notification(decode_data_notification(apdu, _LIMITS).data)
        if apdu[:1] == bytes((tags.EVENT_NOTIFICATION_REQUEST,)):
            event = decode_event_notification(apdu, _LIMITS)
            return _forwarded_alarm(event.ref, event.data, transport)
    except DlmsError as failure:
        raise PushUnreadable(f"notification: {failure}") from failure
    raise PushUnreadable(f"service {apdu[0] if apdu else 0:#04x} is no notification")


def _text(octets: bytes) -> PushContent:
    identification, rest = octets[:_IDENTIFICATION_OCTETS], octets[_IDENTIFICATION_OCTETS:]
    if rest[:1] != bytes((_COMMA,)):
        raise PushUnreadable(f"no comma at offset {_IDENTIFICATION_OCTETS}")
    payload = rest[1:]
    whose = _identification(identification)
    if len(payload) == _REGISTER_OCTETS:
        return _alarm(whose, [(1, int.from_bytes(payload))], None)
    if len(payload) == _NAME_OCTETS:
        name = LogicalName(payload)
        return PushContent(whose, _TRIGGERS.get(name, PushTrigger.UNKNOWN), cause=str(name))
    raise PushUnreadable(f"{len(payload)} octets after the comma instead of {_REGISTER_OCTETS} or {_NAME_OCTETS}")


def _notification(data: Data) -> PushContent:
    elements = data.value
    if data.type is not DataType.STRUCTURE or not isinstance(elements, tuple):
        raise PushUnreadable(f"a {data.type.name} instead of a structure")
    if not 2 <= len(elements) <= 4:
        raise PushUnreadable(f"{len(elements)} elements instead of 2 to 4")
    whose = _identification(_octets(elements[0], 0, _IDENTIFICATION_OCTETS))
    name = LogicalName(_octets(elements[1], 1, _NAME_OCTETS))
    registers = [_register(element, place) for place, element in enumerate(elements[2:], 2)]
    if not registers:
        known = PushTrigger.SMS_WAKE_UP if name == _NOTIFIED_SMS else _TRIGGERS.get(name, PushTrigger.UNKNOWN)
        return PushContent(whose, known, cause=str(name))
    if name not in _ALARMS:
        return PushContent(whose, PushTrigger.UNKNOWN, cause=str(name))
    numbers = (3,) if name == _LAST_GASP else (1, 2)
    return _alarm(whose, list(zip(numbers, registers, strict=False)), str(name))


def _forwarded_alarm(ref: AttributeRef, data: Data, transport: PushTransport) -> PushContent:
    """The MX382: its last gasp comes over TCP, over UDP it tells that it is awake."""
    if not isinstance(data.value, bytes):
        raise PushUnreadable(f"identification: a {data.type.name} instead of an octet-string")
    whose = _identification(data.value)
    if transport is PushTransport.UDP:
        return PushContent(whose, PushTrigger.SMS_WAKE_UP)
    if ref != _FORWARDED_ALARM:
        raise PushUnreadable(f"event of {ref}, which is no forwarded alarm")
    return PushContent(whose, None, (AlarmType.LAST_GASP,))


def _alarm(whose: str, registers: Sequence[tuple[int, int]], cause: str | None) -> PushContent:
    read = [(number, read_register(number, value)) for number, value in registers]
    return PushContent(
        whose,
        None,
        tuple(alarm for _, found in read for alarm in found.known),
        cause,
        tuple((number, bit) for number, found in read for bit in found.unknown_bits),
    )


def _identification(octets: bytes) -> str:
    text = octets.decode("ascii", "replace").strip()
    if _IDENTIFICATION.fullmatch(text) is None:
        raise PushUnreadable("identification: expected 16 or 17 letters and digits")
    return text


def _octets(element: Data, place: int, length: int) -> bytes:
    value = element.value
    if element.type is not DataType.OCTET_STRING or not isinstance(value, bytes) or len(value) != length:
        raise PushUnreadable(f"element {place}: expected an octet-string of {length}, not a {element.type.name}")
    return value


def _register(element: Data, place: int) -> int:
    value = element.value
    if element.type is not DataType.DOUBLE_LONG_UNSIGNED or not isinstance(value, int):
        raise PushUnreadable(f"element {place}: expected a double-long-unsigned, not a {element.type.name}")
    return value
