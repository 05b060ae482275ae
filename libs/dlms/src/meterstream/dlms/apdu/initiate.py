"""xDLMS initiate: what client and meter agree on inside AARQ and AARE (IEC 62056-5-3, 8.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntFlag
from functools import lru_cache
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import DecodeError

DLMS_VERSION: Final = 6
MAX_PDU: Final = 0xFFFF
LOGICAL_NAMES: Final = 0x0007

_CONFORMANCE_HEAD: Final = b"\x5f\x1f\x04\x00"
_TAIL: Final = struct.Struct(">B4sBHH")  # version, head, conformance (3 octets in two fields), max PDU
_PLAIN_REQUEST_HEAD: Final = bytes((tags.INITIATE_REQUEST, 0, 0, 0))


class Conformance(IntFlag):
    """Services of the LN conformance block; bit 0 of the standard is the highest of 24."""

    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    READ = 1 << 20
    WRITE = 1 << 19
    UNCONFIRMED_WRITE = 1 << 18
    DELTA_VALUE_ENCODING = 1 << 17
    ATTRIBUTE0_SET = 1 << 15
    PRIORITY_MANAGEMENT = 1 << 14
    ATTRIBUTE0_GET = 1 << 13
    BLOCK_TRANSFER_GET = 1 << 12
    BLOCK_TRANSFER_SET = 1 << 11
    BLOCK_TRANSFER_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    INFORMATION_REPORT = 1 << 8
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    PARAMETERIZED_ACCESS = 1 << 5
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1 << 0


DEFAULT_CONFORMANCE: Final = Conformance(0x00FE1D)


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """`max_pdu` is the largest APDU the client takes, in octets; 0 means no limit."""

    conformance: Conformance = DEFAULT_CONFORMANCE
    max_pdu: int = MAX_PDU
    dedicated_key: bytes | None = field(default=None, repr=False)
    response_allowed: bool = True
    quality_of_service: int | None = None
    version: int = DLMS_VERSION

    def encode(self) -> bytes:
        tail = _encode_tail(self.version, self.conformance, self.max_pdu)
        if self.dedicated_key is None and self.response_allowed and self.quality_of_service is None:
            return _PLAIN_REQUEST_HEAD + tail
        key, quality = self.dedicated_key, self.quality_of_service
        return b"".join(
            (
                bytes((tags.INITIATE_REQUEST,)),
                b"\x00" if key is None else b"\x01" + encode_length(len(key)) + key,
                b"\x00" if self.response_allowed else b"\x01\x00",
                b"\x00" if quality is None else bytes((1, quality)),
                tail,
            )
        )


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """`max_pdu` is the largest APDU the meter takes, in octets; 0 means no limit."""

    conformance: Conformance
    max_pdu: int
    quality_of_service: int | None = None
    version: int = DLMS_VERSION
    vaa_name: int = LOGICAL_NAMES

    def encode(self) -> bytes:
        quality = self.quality_of_service
        head = bytes((tags.INITIATE_RESPONSE, 0)) if quality is None else bytes((tags.INITIATE_RESPONSE, 1, quality))
        tail = _encode_tail(self.version, self.conformance, self.max_pdu)
        return head + tail + self.vaa_name.to_bytes(2, "big")


_conformance: Final = lru_cache(maxsize=64)(Conformance)
"""Meters of one type name the same services: looking them up is cheaper than making them."""


def _encode_tail(version: int, conformance: Conformance, max_pdu: int) -> bytes:
    bits = int(conformance)
    return _TAIL.pack(version, _CONFORMANCE_HEAD, bits >> 16, bits & 0xFFFF, max_pdu)


def _decode_tail(raw: bytes, offset: int) -> tuple[int, Conformance, int]:
    version, head, high, low, max_pdu = _TAIL.unpack_from(raw, offset)
    if head != _CONFORMANCE_HEAD:
        raise DecodeError("no conformance block where it should be")
    return version, _conformance(high << 16 | low), max_pdu


def decode_initiate_request(raw: bytes) -> InitiateRequest:
    """Raises: DecodeError."""
    try:
        if raw[0] != tags.INITIATE_REQUEST:
            raise DecodeError(f"tag {raw[0]:#04x} is no initiate-request")
        offset, key, allowed, quality = 4, None, True, None
        if raw[:4] != _PLAIN_REQUEST_HEAD:
            offset, key, allowed, quality = _decode_options(raw)
        version, conformance, max_pdu = _decode_tail(raw, offset)
    except (IndexError, struct.error) as error:
        raise DecodeError("initiate-request ends too early") from error
    if offset + _TAIL.size != len(raw):
        raise DecodeError("octets after initiate-request")
    return InitiateRequest(conformance, max_pdu, key, allowed, quality, version)


def _decode_options(raw: bytes) -> tuple[int, bytes | None, bool, int | None]:
    key: bytes | None = None
    quality: int | None = None
    offset = 2
    if raw[1]:
        length, offset = decode_length(raw, offset)
        key = raw[offset : offset + length]
        offset += length
    allowed = True
    offset += 1
    if raw[offset - 1]:
        allowed = bool(raw[offset])
        offset += 1
    offset += 1
    if raw[offset - 1]:
        quality = raw[offset]
        offset += 1
    return offset, key, allowed, quality


def decode_initiate_response(raw: bytes) -> InitiateResponse:
    """Raises: DecodeError."""
    try:
        if raw[0] != tags.INITIATE_RESPONSE:
            raise DecodeError(f"tag {raw[0]:#04x} is no initiate-response")
        offset, quality = (3, raw[2]) if raw[1] else (2, None)
        version, conformance, max_pdu = _decode_tail(raw, offset)
        end = offset + _TAIL.size
        vaa_name = raw[end] << 8 | raw[end + 1]
    except (IndexError, struct.error) as error:
        raise DecodeError("initiate-response ends too early") from error
    if end + 2 != len(raw):
        raise DecodeError("octets after initiate-response")
    return InitiateResponse(conformance, max_pdu, quality, version, vaa_name)
