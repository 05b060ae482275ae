"""Messages that meters send unasked: text-like (DSMR 4), data-notification (SMR 5) and event-notification (MX382).

Pure encoders. None of these messages is ciphered, and nobody answers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from meterstream.dlms.apdu import DataNotification, EventNotificationRequest
from meterstream.dlms.data import AttributeRef, CosemDateTime, Data, DataType, LogicalName, octet_string
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.dlms.framing import wrap
from meterstream.dlms.objects import MeterProfile

SMS_OF_TEXT: Final = LogicalName.parse("0.0.2.3.0.255")
CSD_OF_TEXT: Final = LogicalName.parse("0.0.2.2.0.255")

_DUTCH: Final = ("DSMR", "SMR")
_COMMA: Final = b","
_UNUSED_BIT: Final = 1 << 5
_INVOKE_ID: Final = 1
_MX382_SOURCE: Final = 103
_MX382_DESTINATION: Final = 102
_MX382_ATTRIBUTE: Final = AttributeRef(1, LogicalName.parse("128.128.128.128.128.0"), 2)


class Transport(StrEnum):
    """How a message travels; the numbers of attribute 3 of a push setup are 0 and 1 (Blue Book, class 40)."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One message on its way.

    Attributes:
        number: of the meter it comes from.
        destination: "host:port" as it stands in the push setup.
        retries: how often it is sent again when it could not be sent, each time after `repetition_delay_s`.
    """

    number: int
    destination: str
    transport: Transport
    octets: bytes = field(repr=False)
    retries: int = 0
    repetition_delay_s: int = 0


class PushForm(StrEnum):
    """Which messages a meter sends; it follows from its companion standard."""

    TEXT = "text"
    NOTIFICATION = "notification"
    MX382 = "mx382"


class PushDefect(StrEnum):
    """How a message is malformed.

    UNUSED_BIT: bit 5 of the first alarm register, which has no meaning, is set. WRONG_COUNT: five elements, or a
    payload of five octets. WRONG_TYPE: the register is a long-unsigned, or another character stands for the comma.
    NO_IDENTIFICATION: the equipment identifier is empty. CUT_SHORT: the second half is missing. A defect that a
    message has no place for leaves it as it is.
    """

    UNUSED_BIT = "unused-bit"
    WRONG_COUNT = "wrong-count"
    WRONG_TYPE = "wrong-type"
    NO_IDENTIFICATION = "no-identification"
    CUT_SHORT = "cut-short"


def form_of(profile: MeterProfile) -> PushForm:
    """Tell which form meters of a protocol version push in: DSMR 2 MX382, version 4 text, all others notifications."""
    if profile.name in _DUTCH and profile.version.startswith("4"):
        return PushForm.TEXT
    return PushForm.MX382 if profile.name == "DSMR" else PushForm.NOTIFICATION


def text_push(
    identification: bytes, cause: bytes, registers: Sequence[int] = (), defect: PushDefect | None = None
) -> bytes:
    """Write the message of DSMR 4 and SMR 4.3: identification, comma, first alarm register or `cause`.

    Args:
        identification: equipment identifier, 17 ASCII characters.
        cause: logical name of what made the meter push, 6 octets; goes without where there is a register.
        registers: alarm registers, of which only the first is sent, as 4 octets.
    """
    payload = cause
    if registers:
        first = registers[0] | (_UNUSED_BIT if defect is PushDefect.UNUSED_BIT else 0)
        payload = first.to_bytes(4, "big")
    if defect is PushDefect.WRONG_COUNT:
        payload = payload[:5].ljust(5, b"\x00")
    if defect is PushDefect.NO_IDENTIFICATION:
        identification = b""
    comma = b";" if defect is PushDefect.WRONG_TYPE else _COMMA
    return _cut(identification + comma + payload, defect)


def notification_push(
    values: Sequence[Data],
    addresses: tuple[int, int] = (1, 1),
    time: CosemDateTime | None = None,
    defect: PushDefect | None = None,
) -> bytes:
    """Write the message of SMR 5: a data-notification in a wrapper frame (IEC 62056-5-3, 6.16).

    Args:
        values: what the push object list names: equipment identifier, logical name of the push setup, registers.
        addresses: source and destination wPort.
    """
    elements = list(values)
    if defect is not None:
        elements = _deformed(elements, defect)
    apdu = DataNotification(_INVOKE_ID, Data(DataType.STRUCTURE, tuple(elements)), time).encode()
    return _cut(wrap(*addresses, apdu), defect)


def standard_values(identification: bytes, cause: bytes, registers: Sequence[int] = ()) -> tuple[Data, ...]:
    """Give the values of the usual push object list: identifier, logical name, alarm registers."""
    return octet_string(identification), octet_string(cause), *(u32(register) for register in registers)


def mx382_push(identification: bytes, time: CosemDateTime | None = None, defect: PushDefect | None = None) -> bytes:
    """Write the message of the MX382: an event-notification-request with a "forwarded alarm".

    Over TCP it announces the meter's last gasp, over UDP that it is awake.

    Args:
        identification: 16 or 17 ASCII letters and digits.
        time: carried with the tag of an octet-string in front, as this make does.
    """
    if defect is PushDefect.NO_IDENTIFICATION:
        identification = b""
    elif defect is PushDefect.WRONG_COUNT:
        identification += b"0"
    request = EventNotificationRequest(_MX382_ATTRIBUTE, octet_string(identification), time, tagged_time=True)
    return _cut(wrap(_MX382_SOURCE, _MX382_DESTINATION, request.encode()), defect)


def _cut(octets: bytes, defect: PushDefect | None) -> bytes:
    return octets[: len(octets) // 2] if defect is PushDefect.CUT_SHORT else octets


def _deformed(values: list[Data], defect: PushDefect) -> list[Data]:
    if defect is PushDefect.NO_IDENTIFICATION:
        return [octet_string(b""), *values[1:]]
    if defect is PushDefect.WRONG_COUNT:
        return values + [u32(0)] * max(5 - len(values), 1)
    place = next((i for i, value in enumerate(values) if value.type is DataType.DOUBLE_LONG_UNSIGNED), None)
    if place is None:
        return values
    register = values[place].value
    number = register if isinstance(register, int) else 0
    if defect is PushDefect.UNUSED_BIT:
        values[place] = u32(number | _UNUSED_BIT)
    elif defect is PushDefect.WRONG_TYPE:
        values[place] = Data(DataType.LONG_UNSIGNED, number & 0xFFFF)
    return values
