"""EventNotification service: one attribute that a meter sends unasked (IEC 62056-5-3, 6.9 and 8.3.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import DESCRIPTOR, encode_descriptor, expect_end
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    AttributeRef,
    CosemDateTime,
    Data,
    DataLimits,
    DataType,
    decode_length,
    encode,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError

_WHAT: Final = "event-notification-request"
_ABSENT: Final = 0
_PRESENT: Final = 1
_TAGGED: Final = int(DataType.OCTET_STRING)
_DATE_TIME_OCTETS: Final = 12


@dataclass(frozen=True, slots=True)
class EventNotificationRequest:
    """One attribute and its value.

    Attributes:
        data: out of repr, for it may be readings.
        time: when it happened.
        tagged_time: some meters write the tag of an octet-string where the standard has the mark of an optional
            element; without a time it says nothing.
    """

    ref: AttributeRef
    data: Data = field(repr=False)
    time: CosemDateTime | None = None
    tagged_time: bool = False

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = bytes((tags.EVENT_NOTIFICATION_REQUEST,))
        if self.time is None:
            head += bytes((_ABSENT,))
        else:
            mark = _TAGGED if self.tagged_time else _PRESENT
            head += bytes((mark, _DATE_TIME_OCTETS)) + self.time.to_bytes()
        return head + encode_descriptor(*self.ref) + encode(self.data)


def decode_event_notification(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> EventNotificationRequest:
    """Raises: DecodeError, LimitExceeded."""
    try:
        if raw[0] != tags.EVENT_NOTIFICATION_REQUEST:
            raise DecodeError(f"tag {raw[0]:#04x} is no {_WHAT}")
        time, offset = _time(raw)
        ref = AttributeRef(*DESCRIPTOR.unpack_from(raw, offset))
        data, end = Decoder(raw, limits).value(offset + DESCRIPTOR.size)
    except (IndexError, struct.error) as error:
        raise DecodeError(f"{_WHAT} ends too early: {len(raw)} octets") from error
    expect_end(raw, end, _WHAT)
    return EventNotificationRequest(ref, data, time, tagged_time=time is not None and raw[1] == _TAGGED)


def _time(raw: bytes) -> tuple[CosemDateTime | None, int]:
    mark = raw[1]
    if mark == _ABSENT:
        return None, 2
    if mark not in (_PRESENT, _TAGGED):
        raise DecodeError(f"{_WHAT}: mark {mark:#04x} of the time at offset 1")
    length, offset = decode_length(raw, 2)
    if length != _DATE_TIME_OCTETS:
        raise DecodeError(f"{_WHAT}: time of {length} octets at offset {offset}")
    return CosemDateTime.from_bytes(raw[offset : offset + length]), offset + length
