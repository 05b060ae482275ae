"""ACSE APDUs that open and release an association: AARQ, AARE, RLRQ, RLRE (IEC 62056-5-3, 8.2; BER, ISO/IEC 8650-1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import DecodeError


class ApplicationContext(IntEnum):
    """Last arc of 2.16.756.5.8.1.x."""

    LOGICAL_NAMES = 1
    SHORT_NAMES = 2
    LOGICAL_NAMES_CIPHERED = 3
    SHORT_NAMES_CIPHERED = 4


class Mechanism(IntEnum):
    """Last arc of 2.16.756.5.8.2.x."""

    NONE = 0
    LLS = 1
    HLS = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7


class AssociationResult(IntEnum):
    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class DiagnosticSource(IntEnum):
    """Choice of the associate-source-diagnostic."""

    USER = 1
    PROVIDER = 2


class UserDiagnostic(IntEnum):
    NULL = 0
    NO_REASON_GIVEN = 1
    CONTEXT_NAME_NOT_SUPPORTED = 2
    MECHANISM_NAME_NOT_RECOGNISED = 11
    MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


RELEASE_NORMAL: Final = 0

_CONTEXT: Final = 0xA1
_AARE_RESULT: Final = 0xA2
_AARE_DIAGNOSTIC: Final = 0xA3
_AARE_TITLE: Final = 0xA4
_AARQ_TITLE: Final = 0xA6
_AARE_ACSE: Final = 0x88
_AARE_MECHANISM: Final = 0x89
_AARQ_ACSE: Final = 0x8A
_AARQ_MECHANISM: Final = 0x8B
_AARE_AUTHENTICATION: Final = 0xAA
_AARQ_AUTHENTICATION: Final = 0xAC
_USER_INFORMATION: Final = 0xBE
_VERSION: Final = 0x80
_OCTET_STRING: Final = 0x04
_LONG_FORM: Final = 0x80
"""Bit of a length octet that tells how many octets of length follow."""

_CONTEXT_OID: Final = bytes.fromhex("608574050801")
_MECHANISM_OID: Final = bytes.fromhex("608574050802")
_VERSION_1: Final = b"\x80\x02\x07\x80"
_AUTHENTICATION_REQUIREMENT: Final = b"\x02\x07\x80"


@dataclass(frozen=True, slots=True)
class Aarq:
    """Request for an association.

    Attributes:
        user_information: initiate-request, plain or glo-ciphered.
        calling_title: system title of the client.
        authentication_value: password (LLS) or challenge CtoS (HLS); kept out of repr.
    """

    context: int
    user_information: bytes = field(repr=False)
    calling_title: bytes | None = None
    mechanism: int | None = None
    authentication_value: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        parts = [_context(self.context)]
        if self.calling_title is not None:
            parts.append(_nested(_AARQ_TITLE, _OCTET_STRING, self.calling_title))
        if self.mechanism is not None:
            parts.append(b"\x8a" + _AUTHENTICATION_REQUIREMENT)
            parts.append(b"\x8b\x07" + _MECHANISM_OID + bytes((self.mechanism,)))
        if self.authentication_value is not None:
            parts.append(_nested(_AARQ_AUTHENTICATION, 0x80, self.authentication_value))
        parts.append(_nested(_USER_INFORMATION, _OCTET_STRING, self.user_information))
        return _element(tags.AARQ, b"".join(parts))


@dataclass(frozen=True, slots=True)
class Aare:
    """Answer to an AARQ.

    Attributes:
        result: 0 accepted, 1 rejected-permanent, 2 rejected-transient.
        source: DiagnosticSource value.
        responding_title: system title of the meter.
        authentication_value: challenge StoC.
        user_information: initiate-response, plain or glo-ciphered, or confirmed-service-error.
        protocol_version: whether the optional element is there; some meters send it.
    """

    context: int
    result: int
    diagnostic: int
    source: int = DiagnosticSource.USER
    responding_title: bytes | None = None
    mechanism: int | None = None
    authentication_value: bytes | None = field(default=None, repr=False)
    user_information: bytes | None = field(default=None, repr=False)
    protocol_version: bool = False

    def encode(self) -> bytes:
        parts = [_VERSION_1] if self.protocol_version else []
        parts.append(_context(self.context))
        parts.append(bytes((_AARE_RESULT, 3, 2, 1, self.result)))
        parts.append(bytes((_AARE_DIAGNOSTIC, 5, 0xA0 + self.source, 3, 2, 1, self.diagnostic)))
        if self.responding_title is not None:
            parts.append(_nested(_AARE_TITLE, _OCTET_STRING, self.responding_title))
        if self.mechanism is not None:
            parts.append(b"\x88" + _AUTHENTICATION_REQUIREMENT)
            parts.append(b"\x89\x07" + _MECHANISM_OID + bytes((self.mechanism,)))
        if self.authentication_value is not None:
            parts.append(_nested(_AARE_AUTHENTICATION, 0x80, self.authentication_value))
        if self.user_information is not None:
            parts.append(_nested(_USER_INFORMATION, _OCTET_STRING, self.user_information))
        return _element(tags.AARE, b"".join(parts))


@dataclass(frozen=True, slots=True)
class Rlrq:
    """Release request; `reason` None leaves the element out."""

    reason: int | None = RELEASE_NORMAL
    user_information: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        return _encode_release(tags.RLRQ, self.reason, self.user_information)


@dataclass(frozen=True, slots=True)
class Rlre:
    """Release response; `reason` None leaves the element out."""

    reason: int | None = RELEASE_NORMAL
    user_information: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        return _encode_release(tags.RLRE, self.reason, self.user_information)


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    return bytes((tag,)) + encode_length(length) + content


def _nested(outer: int, inner: int, content: bytes) -> bytes:
    length = len(content)
    if length + 2 < _LONG_FORM:
        return bytes((outer, length + 2, inner, length)) + content
    return _element(outer, _element(inner, content))


def _context(context: int) -> bytes:
    return b"\xa1\x09\x06\x07" + _CONTEXT_OID + bytes((context,))


def _encode_release(tag: int, reason: int | None, user_information: bytes | None) -> bytes:
    content = b"" if reason is None else bytes((_VERSION, 1, reason))
    if user_information is not None:
        content += _nested(_USER_INFORMATION, _OCTET_STRING, user_information)
    return _element(tag, content)


def _content(raw: bytes, tag: int, what: str) -> dict[int, bytes]:
    """Elements of an ACSE APDU by tag, in any order, unknown ones included."""
    try:
        if raw[0] != tag:
            raise DecodeError(f"tag {raw[0]:#04x} is no {what}")
        length, offset = decode_length(raw, 1)
        end = offset + length
        if end != len(raw):
            raise DecodeError(f"{what} of {length} in {len(raw) - offset} octets")
        elements: dict[int, bytes] = {}
        while offset < end:
            element, length = raw[offset], raw[offset + 1]
            if length < _LONG_FORM:
                offset += 2
            else:
                length, offset = decode_length(raw, offset + 1)
            if element in elements or offset + length > end:
                raise DecodeError(f"{what}: element {element:#04x} twice or cut")
            elements[element] = raw[offset : offset + length]
            offset += length
    except IndexError as error:
        raise DecodeError(f"{what} ends too early") from error
    return elements


def _unwrap(element: bytes | None, inner: int, what: str) -> bytes | None:
    """Content of the one element `inner` inside another."""
    if element is None:
        return None
    if len(element) > 1 and element[0] == inner and element[1] == len(element) - 2 < _LONG_FORM:
        return element[2:]
    try:
        length, offset = decode_length(element, 1)
        if element[0] != inner or offset + length != len(element):
            raise DecodeError(f"{what} is malformed")
    except IndexError as error:
        raise DecodeError(f"{what} ends too early") from error
    return element[offset:]


def _small(element: bytes | None, prefix: bytes, what: str) -> int:
    """The octet after `prefix` in an element that has nothing else."""
    if element is None:
        raise DecodeError(f"{what} is missing")
    if len(element) != len(prefix) + 1 or not element.startswith(prefix):
        raise DecodeError(f"{what} is malformed")
    return element[-1]


def _mechanism(element: bytes | None) -> int | None:
    return None if element is None else _small(element, _MECHANISM_OID, "mechanism-name")


def decode_aarq(raw: bytes) -> Aarq:
    """Raises: DecodeError."""
    found = _content(raw, tags.AARQ, "AARQ")
    information = _unwrap(found.get(_USER_INFORMATION), _OCTET_STRING, "user-information")
    if information is None:
        raise DecodeError("AARQ has no user-information")
    return Aarq(
        _small(found.get(_CONTEXT), b"\x06\x07" + _CONTEXT_OID, "application-context-name"),
        information,
        _unwrap(found.get(_AARQ_TITLE), _OCTET_STRING, "calling-AP-title"),
        _mechanism(found.get(_AARQ_MECHANISM)),
        _unwrap(found.get(_AARQ_AUTHENTICATION), 0x80, "calling-authentication-value"),
    )


def decode_aare(raw: bytes) -> Aare:
    """Element by element: meters leave out, add and reorder; result, diagnostic and context must be there.

    Raises: DecodeError.
    """
    found = _content(raw, tags.AARE, "AARE")
    diagnostic = found.get(_AARE_DIAGNOSTIC, b"")
    if len(diagnostic) != 5 or diagnostic[0] not in (0xA1, 0xA2) or diagnostic[1:4] != b"\x03\x02\x01":
        raise DecodeError("result-source-diagnostic is missing or malformed")
    return Aare(
        context=_small(found.get(_CONTEXT), b"\x06\x07" + _CONTEXT_OID, "application-context-name"),
        result=_small(found.get(_AARE_RESULT), b"\x02\x01", "result"),
        diagnostic=diagnostic[4],
        source=diagnostic[0] - 0xA0,
        responding_title=_unwrap(found.get(_AARE_TITLE), _OCTET_STRING, "responding-AP-title"),
        mechanism=_mechanism(found.get(_AARE_MECHANISM)),
        authentication_value=_unwrap(found.get(_AARE_AUTHENTICATION), 0x80, "responding-authentication-value"),
        user_information=_unwrap(found.get(_USER_INFORMATION), _OCTET_STRING, "user-information"),
        protocol_version=_VERSION in found,
    )


def _decode_release(raw: bytes, tag: int, what: str) -> tuple[int | None, bytes | None]:
    found = _content(raw, tag, what)
    reason = None
    if _VERSION in found:
        reason = _small(found[_VERSION], b"", "reason")
    return reason, _unwrap(found.get(_USER_INFORMATION), _OCTET_STRING, "user-information")


def decode_rlrq(raw: bytes) -> Rlrq:
    """Raises: DecodeError."""
    return Rlrq(*_decode_release(raw, tags.RLRQ, "RLRQ"))


def decode_rlre(raw: bytes) -> Rlre:
    """Raises: DecodeError."""
    return Rlre(*_decode_release(raw, tags.RLRE, "RLRE"))
