"""general-signing APDU (IEC 62056-5-3, 8.2 and 8.5): an APDU, plain or ciphered, with a digital signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.general_ciphering import GeneralHeader, encode_octets, take_header, take_octets
from meterstream.dlms.errors import DecodeError

_TAG: Final = bytes((tags.GENERAL_SIGNING,))


@dataclass(frozen=True, slots=True)
class GeneralSigning:
    """general-signing (DF); `signature` is r | s over `signed()`."""

    header: GeneralHeader
    content: bytes = field(repr=False)
    signature: bytes = b""

    def signed(self) -> bytes:
        """The octets that the signature covers: header fields and content, each with its length."""
        return self.header.encode() + encode_octets(self.content)

    def encode(self) -> bytes:
        return _TAG + self.signed() + encode_octets(self.signature)


def decode_general_signing(raw: bytes) -> GeneralSigning:
    """Raises: DecodeError."""
    try:
        if raw[0] != tags.GENERAL_SIGNING:
            raise DecodeError(f"tag {raw[0]:#04x} is no general-signing")
        header, offset = take_header(raw, 1)
        content, offset = take_octets(raw, offset, "content")
        signature, offset = take_octets(raw, offset, "signature")
    except IndexError as error:
        raise DecodeError("general-signing ends too early") from error
    if offset != len(raw):
        raise DecodeError(f"{len(raw) - offset} octets after the signature")
    return GeneralSigning(header, content, signature)
