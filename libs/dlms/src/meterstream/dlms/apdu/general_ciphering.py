"""general-glo-, general-ded- and general-ciphering APDUs (IEC 62056-5-3, 8.2 and 8.5); the content stays ciphered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import DecodeError, EncodeError

MAX_HEADER_FIELD: Final = 64
"""Octets of a transaction id, title, date-time or other-information that are taken."""
MASTER_KEY: Final = 0
ONE_PASS: Final = b"\x01"
STATIC_UNIFIED: Final = b"\x02"

_IDENTIFIED, _WRAPPED, _AGREED = range(3)


@dataclass(frozen=True, slots=True)
class GeneralKeyCiphering:
    """general-glo-ciphering (DB) or general-ded-ciphering (DC).

    Attributes:
        system_title: of the sender; empty where the receiver knows it.
        content: ciphered-content.
    """

    dedicated: bool
    system_title: bytes
    content: bytes = field(repr=False)

    def encode(self) -> bytes:
        tag = tags.GENERAL_DED_CIPHERING if self.dedicated else tags.GENERAL_GLO_CIPHERING
        return bytes((tag,)) + encode_octets(self.system_title) + encode_octets(self.content)


class IdentifiedKey(NamedTuple):
    """key-id: 0 global unicast, 1 global broadcast encryption key."""

    key_id: int


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key under the key `kek_id` (0 master key), RFC 3394."""

    data: bytes = field(repr=False)
    kek_id: int = MASTER_KEY


@dataclass(frozen=True, slots=True)
class AgreedKey:
    """`parameters` 01: one-pass, data = ephemeral public key and signature. 02: static unified, no data."""

    parameters: bytes
    data: bytes = field(default=b"", repr=False)


KeyInfo = IdentifiedKey | WrappedKey | AgreedKey


class GeneralHeader(NamedTuple):
    """What general-ciphering and general-signing say about themselves; any field may be empty.

    Attributes:
        transaction: transaction-id.
        originator, recipient: system titles of who protected and who shall remove it.
        date_time: 12 octets of a date-time.
    """

    transaction: bytes = b""
    originator: bytes = b""
    recipient: bytes = b""
    date_time: bytes = b""
    other_information: bytes = b""

    def encode(self) -> bytes:
        """The fields with their lengths: what stands in the APDU and what is authenticated. Raises: EncodeError."""
        if max(map(len, self)) > MAX_HEADER_FIELD:
            raise EncodeError(f"a header field of a general APDU has more than {MAX_HEADER_FIELD} octets")
        return b"".join(map(encode_octets, self))


@dataclass(frozen=True, slots=True)
class GeneralCiphering:
    """general-ciphering (DD)."""

    header: GeneralHeader
    key_info: KeyInfo | None
    content: bytes = field(repr=False)

    def encode(self) -> bytes:
        tag = bytes((tags.GENERAL_CIPHERING,))
        return tag + self.header.encode() + _encode_key_info(self.key_info) + encode_octets(self.content)


def encode_octets(octets: bytes) -> bytes:
    """OCTET STRING of A-XDR: length and content."""
    return encode_length(len(octets)) + octets


def take_octets(raw: bytes, offset: int, what: str) -> tuple[bytes, int]:
    """Reverse of encode_octets: content and the offset after it. Raises: DecodeError; IndexError where octets end."""
    length, offset = decode_length(raw, offset)
    end = offset + length
    if end > len(raw):
        raise DecodeError(f"{what} of {length} in {len(raw) - offset} octets")
    return raw[offset:end], end


def take_header(raw: bytes, offset: int) -> tuple[GeneralHeader, int]:
    """Reverse of GeneralHeader.encode. Raises: DecodeError; IndexError where octets end."""
    values: list[bytes] = []
    for name in GeneralHeader._fields:
        value, offset = take_octets(raw, offset, name)
        if len(value) > MAX_HEADER_FIELD:
            raise DecodeError(f"{name} of {len(value)} octets; {MAX_HEADER_FIELD} are taken")
        values.append(value)
    return GeneralHeader(*values), offset


def decode_general_key_ciphering(raw: bytes) -> GeneralKeyCiphering:
    """Raises: DecodeError."""
    try:
        if raw[0] not in (tags.GENERAL_GLO_CIPHERING, tags.GENERAL_DED_CIPHERING):
            raise DecodeError(f"tag {raw[0]:#04x} is no general-glo- or general-ded-ciphering")
        title, offset = take_octets(raw, 1, "system title")
        content, offset = take_octets(raw, offset, "ciphered content")
    except IndexError as error:
        raise DecodeError("general ciphering ends too early") from error
    if offset != len(raw):
        raise DecodeError(f"{len(raw) - offset} octets after ciphered content")
    return GeneralKeyCiphering(raw[0] == tags.GENERAL_DED_CIPHERING, title, content)


def decode_general_ciphering(raw: bytes) -> GeneralCiphering:
    """Raises: DecodeError."""
    try:
        if raw[0] != tags.GENERAL_CIPHERING:
            raise DecodeError(f"tag {raw[0]:#04x} is no general-ciphering")
        header, offset = take_header(raw, 1)
        key_info, offset = _take_key_info(raw, offset)
        content, offset = take_octets(raw, offset, "ciphered content")
    except IndexError as error:
        raise DecodeError("general-ciphering ends too early") from error
    if offset != len(raw):
        raise DecodeError(f"{len(raw) - offset} octets after ciphered content")
    return GeneralCiphering(header, key_info, content)


def _encode_key_info(info: KeyInfo | None) -> bytes:
    if info is None:
        return b"\x00"
    if isinstance(info, IdentifiedKey):
        return bytes((1, _IDENTIFIED, info.key_id))
    if isinstance(info, WrappedKey):
        return bytes((1, _WRAPPED, info.kek_id)) + encode_octets(info.data)
    return bytes((1, _AGREED)) + encode_octets(info.parameters) + encode_octets(info.data)


def _take_key_info(raw: bytes, offset: int) -> tuple[KeyInfo | None, int]:
    present = raw[offset]
    if present == 0:
        return None, offset + 1
    if present != 1:
        raise DecodeError(f"key-info flag {present:#04x}")
    choice, offset = raw[offset + 1], offset + 2
    if choice == _IDENTIFIED:
        return IdentifiedKey(raw[offset]), offset + 1
    if choice == _WRAPPED:
        data, end = take_octets(raw, offset + 1, "key-ciphered-data")
        return WrappedKey(data, raw[offset]), end
    if choice == _AGREED:
        parameters, offset = take_octets(raw, offset, "key-parameters")
        data, offset = take_octets(raw, offset, "key-ciphered-data")
        return AgreedKey(parameters, data), offset
    raise DecodeError(f"key-info choice {choice:#04x}")
