"""ACTION service (IEC 62056-5-3, 6.8 and 8.3.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import (
    DESCRIPTOR,
    ReadResult,
    decode_read_result,
    encode_descriptor,
    encode_read_result,
    expect_end,
)
from meterstream.dlms.apdu.results import ActionResult
from meterstream.dlms.data import DEFAULT_LIMITS, Data, DataLimits, MethodRef, encode
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError

_NORMAL: Final = 1
_SHORT_RESPONSE_OCTETS: Final = 4


@dataclass(frozen=True, slots=True)
class ActionRequestNormal:
    """One method; `invoke` is the whole invoke-id-and-priority octet. Parameters stay out of repr: they may be keys."""

    invoke: int
    ref: MethodRef
    data: Data | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        head = bytes((tags.ACTION_REQUEST, _NORMAL, self.invoke)) + encode_descriptor(*self.ref)
        return head + (b"\x00" if self.data is None else b"\x01" + encode(self.data))


@dataclass(frozen=True, slots=True)
class ActionResponseNormal:
    """Result of a method and what it returned, if anything.

    `short`: leave out the octet that says whether there is data; some meters do.
    """

    invoke: int
    result: ActionResult
    data: ReadResult | None = field(default=None, repr=False)
    short: bool = False

    def encode(self) -> bytes:
        head = bytes((tags.ACTION_RESPONSE, _NORMAL, self.invoke, self.result))
        if self.data is not None:
            return head + b"\x01" + encode_read_result(self.data)
        return head if self.short else head + b"\x00"


def decode_action_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> ActionRequestNormal:
    """Raises: DecodeError (also for lists and requests in blocks), LimitExceeded."""
    try:
        if raw[0] != tags.ACTION_REQUEST or raw[1] != _NORMAL:
            raise DecodeError(f"{raw[:2].hex()} is no action-request-normal")
        ref = MethodRef(*DESCRIPTOR.unpack_from(raw, 3))
        offset = 3 + DESCRIPTOR.size
        data: Data | None = None
        present = raw[offset]
        offset += 1
        if present == 1:
            data, offset = Decoder(raw, limits).value(offset)
        elif present != 0:
            raise DecodeError(f"parameter flag {present:#04x}")
        expect_end(raw, offset, "action-request-normal")
        return ActionRequestNormal(raw[2], ref, data)
    except (IndexError, struct.error) as error:
        raise DecodeError("action-request ends too early") from error


def decode_action_response(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> ActionResponseNormal:
    """Raises: DecodeError (also for lists and blocks), LimitExceeded."""
    try:
        if raw[0] != tags.ACTION_RESPONSE or raw[1] != _NORMAL:
            raise DecodeError(f"{raw[:2].hex()} is no action-response-normal")
        invoke, result = raw[2], ActionResult(raw[3])
        if len(raw) == _SHORT_RESPONSE_OCTETS:
            return ActionResponseNormal(invoke, result, short=True)
        present = raw[4]
        data: ReadResult | None = None
        end = 5
        if present == 1:
            data, end = decode_read_result(raw, 5, Decoder(raw, limits))
        elif present != 0:
            raise DecodeError(f"return parameter flag {present:#04x}")
        expect_end(raw, end, "action-response-normal")
        return ActionResponseNormal(invoke, result, data)
    except IndexError as error:
        raise DecodeError("action-response ends too early") from error
