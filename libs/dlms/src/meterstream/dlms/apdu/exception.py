"""Answers of a meter that will not, or cannot, serve a request (IEC 62056-5-3, 8.3.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.errors import DecodeError

SERVICE_NOT_ALLOWED: Final = 1
SERVICE_UNKNOWN: Final = 2

OPERATION_NOT_POSSIBLE: Final = 1
SERVICE_NOT_SUPPORTED: Final = 2
OTHER_REASON: Final = 3
PDU_TOO_LONG: Final = 4
DECIPHERING_ERROR: Final = 5
INVOCATION_COUNTER_ERROR: Final = 6

_SHORT: Final = struct.Struct(">BBB")
_WITH_COUNTER: Final = struct.Struct(">BBBI")


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    state_error: int
    service_error: int
    invocation_counter: int | None = None

    def encode(self) -> bytes:
        if self.invocation_counter is None:
            return _SHORT.pack(tags.EXCEPTION_RESPONSE, self.state_error, self.service_error)
        return _WITH_COUNTER.pack(
            tags.EXCEPTION_RESPONSE, self.state_error, self.service_error, self.invocation_counter
        )


def is_plain_exception(raw: bytes) -> bool:
    """Whether an APDU that starts with D8 is plain: by its length, for the ciphered form has the same tag."""
    return len(raw) in (_SHORT.size, _WITH_COUNTER.size)


def decode_exception_response(raw: bytes) -> ExceptionResponse:
    """The plain form. Raises: DecodeError."""
    if raw[:1] != bytes((tags.EXCEPTION_RESPONSE,)):
        raise DecodeError("no exception-response")
    if len(raw) == _SHORT.size:
        return ExceptionResponse(raw[1], raw[2])
    if len(raw) == _WITH_COUNTER.size:
        _, state_error, service_error, counter = _WITH_COUNTER.unpack(raw)
        return ExceptionResponse(state_error, service_error, counter)
    raise DecodeError(f"exception-response of {len(raw)} octets")


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    service: int
    error: int
    value: int

    def encode(self) -> bytes:
        return bytes((tags.CONFIRMED_SERVICE_ERROR, self.service, self.error, self.value))


def decode_confirmed_service_error(raw: bytes) -> ConfirmedServiceError:
    """Raises: DecodeError."""
    if len(raw) != 4 or raw[0] != tags.CONFIRMED_SERVICE_ERROR:
        raise DecodeError("no confirmed-service-error")
    return ConfirmedServiceError(raw[1], raw[2], raw[3])
