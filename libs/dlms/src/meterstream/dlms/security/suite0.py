"""Security suite 0: AES-GCM-128 with a 12-octet tag, authenticated and encrypted both ways (IEC 62056-5-3, 5.3.7).

A protected APDU is `tag | length | 30 | FC(4) | ciphertext | T(12)`; IV = sender's title | FC, AAD = 30 | AK.
"""

from __future__ import annotations

import struct
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import (
    AuthenticationError,
    ConfigurationError,
    CountersExhausted,
    DecipherError,
    DecodeError,
)
from meterstream.dlms.security.keys import TITLE_OCTETS, SecurityKeys

SECURITY_CONTROL: Final = 0x30
"""Authenticated and encrypted, suite 0, global unicast key."""
AUTHENTICATION_CONTROL: Final = 0x10
"""Authenticated only: what the tokens of HLS pass 3 and 4 carry."""
TAG_OCTETS: Final = 12
MAX_COUNTER: Final = 0xFFFF_FFFF
TOKEN_OCTETS: Final = 1 + 4 + TAG_OCTETS
OVERHEAD: Final = 5 + TAG_OCTETS
"""Octets of a protected APDU besides tag, length and ciphertext."""

_GCM_TAG_OCTETS: Final = 16
_HEAD: Final = struct.Struct(">BBBI")  # tag, short length, security control, counter
_CONTROL_AND_COUNTER: Final = struct.Struct(">BI")


class Suite0:
    """Seals and opens with one pair of keys; make one per association and key pair, for it holds the expanded key.

    Stateless as to counters: who calls decides which are used and accepted.
    """

    __slots__ = ("_aad", "_cipher", "_token_aad")

    def __init__(self, keys: SecurityKeys) -> None:
        self._cipher = AESGCM(keys.encryption_key)
        self._aad = bytes((SECURITY_CONTROL,)) + keys.authentication_key
        self._token_aad = bytes((AUTHENTICATION_CONTROL,)) + keys.authentication_key

    def seal(self, tag: int, title: bytes, counter: int, plaintext: bytes) -> bytes:
        """Protected APDU under `tag` from the sender `title`. Raises: CountersExhausted."""
        if not 0 <= counter <= MAX_COUNTER:
            raise CountersExhausted("no invocation counter left under this key")
        sealed = self._cipher.encrypt(title + counter.to_bytes(4, "big"), plaintext, self._aad)[:-4]
        length = 5 + len(sealed)
        if length < 0x80:
            return _HEAD.pack(tag, length, SECURITY_CONTROL, counter) + sealed
        head = bytes((tag,)) + encode_length(length)
        return head + _CONTROL_AND_COUNTER.pack(SECURITY_CONTROL, counter) + sealed

    def unseal(self, apdu: bytes, title: bytes) -> tuple[int, bytes]:
        """(counter, plaintext) of a protected APDU from the sender `title`; what its first octet means is not checked.

        Raises: DecipherError (length, security control, tag).
        """
        try:
            length, offset = decode_length(apdu, 1)
            control, counter = _CONTROL_AND_COUNTER.unpack_from(apdu, offset)
        except (IndexError, DecodeError, struct.error) as error:
            raise DecipherError("protected APDU is cut") from error
        if offset + length != len(apdu) or length < OVERHEAD:
            raise DecipherError("length of the protected APDU does not fit")
        if control != SECURITY_CONTROL:
            raise DecipherError(f"security control {control:#04x} instead of {SECURITY_CONTROL:#04x}")
        nonce = title + apdu[offset + 1 : offset + 5]
        encrypt = self._cipher.encrypt
        # GCM is counter mode: encrypting the ciphertext gives the plaintext, encrypting that gives the tag to compare.
        # AESGCM.decrypt takes 16-octet tags only; a Cipher context per APDU costs three times as much as both calls.
        plaintext = encrypt(nonce, apdu[offset + 5 : -TAG_OCTETS], None)[:-_GCM_TAG_OCTETS]
        tag = encrypt(nonce, plaintext, self._aad)[-_GCM_TAG_OCTETS : TAG_OCTETS - _GCM_TAG_OCTETS]
        if not compare_digest(tag, apdu[-TAG_OCTETS:]):
            raise DecipherError("authentication tag is wrong")
        return counter, plaintext

    def token(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        """f(challenge) of HLS 5: 10 | FC | T, 17 octets. Raises: CountersExhausted."""
        if not 0 <= counter <= MAX_COUNTER:
            raise CountersExhausted("no invocation counter left under this key")
        return _CONTROL_AND_COUNTER.pack(AUTHENTICATION_CONTROL, counter) + self._gmac(title, counter, challenge)

    def verify_token(self, token: bytes, title: bytes, challenge: bytes) -> int:
        """The counter of a token made by the sender `title` over `challenge`. Raises: AuthenticationError."""
        if len(token) != TOKEN_OCTETS:
            raise AuthenticationError(f"HLS token of {len(token)} octets")
        control, counter = _CONTROL_AND_COUNTER.unpack_from(token)
        expected = self._gmac(title, counter, challenge)
        if control != AUTHENTICATION_CONTROL or not compare_digest(expected, token[-TAG_OCTETS:]):
            raise AuthenticationError("HLS token is wrong")
        return int(counter)

    def _gmac(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        return self._cipher.encrypt(title + counter.to_bytes(4, "big"), b"", self._token_aad + challenge)[:TAG_OCTETS]


def protected_counter(apdu: bytes) -> int:
    """The counter a protected APDU claims, before anything about it is verified. Raises: DecipherError."""
    try:
        _, offset = decode_length(apdu, 1)
        return int(_CONTROL_AND_COUNTER.unpack_from(apdu, offset)[1])
    except (IndexError, DecodeError, struct.error) as error:
        raise DecipherError("protected APDU is cut") from error


def check_title(title: bytes, whose: str) -> None:
    if len(title) != TITLE_OCTETS:
        raise ConfigurationError(f"system title of the {whose} has {len(title)} bytes instead of {TITLE_OCTETS}")
