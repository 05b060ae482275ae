"""DataNotification service: what a meter pushes (IEC 62056-5-3, 6.16 and 8.3.7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import decode_long_head, encode_long_head, expect_end
from meterstream.dlms.data import DEFAULT_LIMITS, CosemDateTime, Data, DataLimits, encode
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError

_WHAT: Final = "data-notification"
_TIME: Final = 5
_TAGGED: Final = b"\x09\x0c"  # no date-time has a length of 9, so this is a tag and a length


@dataclass(frozen=True, slots=True)
class DataNotification:
    """One push.

    Attributes:
        invoke: the whole long-invoke-id-and-priority, 0 .. 2**32 - 1: bits 0 to 23 the id, 28 self-descriptive,
            29 break on error, 30 confirmed, 31 high priority.
        data: as a rule a structure of what the push object list names; out of repr, for it may be readings.
        date_time: when it was sent; None for the empty octet-string.
        tagged_time: some meters write the tag of an octet-string before the length of the date-time; without a
            date-time it says nothing.
    """

    invoke: int
    data: Data = field(repr=False)
    date_time: CosemDateTime | None = None
    tagged_time: bool = False

    def encode(self) -> bytes:
        """Raises: EncodeError."""
        head = encode_long_head(tags.DATA_NOTIFICATION, self.invoke, self.date_time)
        if self.tagged_time and self.date_time is not None:
            head = head[:_TIME] + _TAGGED[:1] + head[_TIME:]
        return head + encode(self.data)


def decode_data_notification(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> DataNotification:
    """Raises: DecodeError, LimitExceeded."""
    try:
        if raw[0] != tags.DATA_NOTIFICATION:
            raise DecodeError(f"tag {raw[0]:#04x} is no {_WHAT}")
        tagged = raw.startswith(_TAGGED, _TIME)
        invoke, date_time, offset = decode_long_head(raw, _WHAT, _TIME + tagged)
        data, end = Decoder(raw, limits).value(offset)
    except (IndexError, struct.error) as error:
        raise DecodeError(f"{_WHAT} ends too early: {len(raw)} octets") from error
    expect_end(raw, end, _WHAT)
    return DataNotification(invoke, data, date_time, tagged)
