"""Any suite and any protection: ciphered-content, and service-specific APDUs and HLS 5 tokens made of it.

ciphered-content is `SC | IC(4) | information | T(12)`; IV = title of the sender | IC (IEC 62056-5-3, 5.3.7).
"""

from __future__ import annotations

import struct
from hmac import compare_digest
from typing import Final, NamedTuple, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meterstream.dlms.data import decode_length, encode_length
from meterstream.dlms.errors import (
    AuthenticationError,
    ConfigurationError,
    CountersExhausted,
    DecipherError,
    DecodeError,
)
from meterstream.dlms.security.keys import SecurityKeys
from meterstream.dlms.security.suite0 import MAX_COUNTER, TAG_OCTETS, Suite0
from meterstream.dlms.security.suites import Protection, SecurityControl, SecuritySuite

_HEAD: Final = struct.Struct(">BI")
_GCM_TAG_OCTETS: Final = 16


class Cipher(Protocol):
    """Service-specific ciphering under one pair of keys: what `Suite0` does fast, and `SuiteCipher` for the rest."""

    def seal(self, tag: int, title: bytes, counter: int, plaintext: bytes) -> bytes:
        """Protected APDU under `tag` from the sender `title`. Raises: CountersExhausted."""

    def unseal(self, apdu: bytes, title: bytes) -> tuple[int, bytes]:
        """(counter, plaintext) of a protected APDU from the sender `title`. Raises: DecipherError."""

    def token(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        """f(challenge) of HLS 5, 17 octets. Raises: CountersExhausted."""

    def verify_token(self, token: bytes, title: bytes, challenge: bytes) -> int:
        """The counter of a token made by the sender `title` over `challenge`. Raises: AuthenticationError."""


class Content(NamedTuple):
    """An opened ciphered-content."""

    protection: Protection
    counter: int
    plaintext: bytes

    def __repr__(self) -> str:
        return f"Content({self.protection!r}, counter {self.counter}, {len(self.plaintext)} octets)"


class ContentCipher:
    """Seals and opens ciphered-content with one encryption key and AK. Stateless as to counters."""

    __slots__ = ("_authentication_key", "_cipher", "suite")

    def __init__(self, suite: SecuritySuite, encryption_key: bytes, authentication_key: bytes) -> None:
        self.suite = suite
        self._cipher = AESGCM(encryption_key)
        self._authentication_key = authentication_key

    def seal(
        self,
        protection: Protection,
        title: bytes,
        counter: int,
        plaintext: bytes,
        *,
        associated: bytes = b"",
        broadcast: bool = False,
    ) -> bytes:
        """ciphered-content from the sender `title`; `associated` is authenticated with it.

        Raises: CountersExhausted, ConfigurationError.
        """
        if not 0 <= counter <= MAX_COUNTER:
            raise CountersExhausted("no invocation counter left under this key")
        protection &= Protection.AUTHENTICATED_ENCRYPTED
        if not protection:
            raise ConfigurationError("ciphered content is authenticated, encrypted or both")
        control = SecurityControl(self.suite, protection, broadcast).octet()
        head = _HEAD.pack(control, counter)
        nonce = title + head[1:]
        authenticated = bytes((control,)) + self._authentication_key + associated
        if not protection & Protection.ENCRYPTED:
            return head + plaintext + self._cipher.encrypt(nonce, b"", authenticated + plaintext)[:TAG_OCTETS]
        if not protection & Protection.AUTHENTICATED:
            return head + self._cipher.encrypt(nonce, plaintext, None)[:-_GCM_TAG_OCTETS]
        return head + self._cipher.encrypt(nonce, plaintext, authenticated)[: TAG_OCTETS - _GCM_TAG_OCTETS]

    def open(self, content: bytes, title: bytes, *, associated: bytes = b"", broadcast: bool = False) -> Content:
        """Reverse of seal; what the protection amounts to is the caller's to judge.

        Raises: DecipherError (length, suite, key-set, compression, tag).
        """
        if len(content) < _HEAD.size:
            raise DecipherError("ciphered content is cut")
        control = SecurityControl.parse(content[0])
        if control.suite is not self.suite:
            raise DecipherError(f"security suite {control.suite} instead of {self.suite}")
        if not control.protection:
            raise DecipherError("security control without any protection")
        if control.broadcast is not broadcast:
            raise DecipherError(f"key-set bit is {control.broadcast:d} instead of {broadcast:d}")
        counter = int(_HEAD.unpack_from(content)[1])
        protection, nonce = control.protection, title + content[1 : _HEAD.size]
        encrypt = self._cipher.encrypt
        tag_octets = TAG_OCTETS if protection & Protection.AUTHENTICATED else 0
        end = len(content) - tag_octets
        if end < _HEAD.size:
            raise DecipherError("ciphered content is shorter than its tag")
        information = content[_HEAD.size : end]
        # Counter mode: encrypting the ciphertext gives the plaintext (see Suite0.unseal).
        encrypted = bool(protection & Protection.ENCRYPTED)
        plaintext = encrypt(nonce, information, None)[:-_GCM_TAG_OCTETS] if encrypted else information
        if tag_octets:
            authenticated = content[:1] + self._authentication_key + associated
            if encrypted:
                tag = encrypt(nonce, plaintext, authenticated)[-_GCM_TAG_OCTETS : TAG_OCTETS - _GCM_TAG_OCTETS]
            else:
                tag = encrypt(nonce, b"", authenticated + plaintext)[:TAG_OCTETS]
            if not compare_digest(tag, content[end:]):
                raise DecipherError("authentication tag is wrong")
        return Content(protection, counter, plaintext)

    def token(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        """f(challenge) of HLS 5. Raises: CountersExhausted."""
        sealed = self.seal(Protection.AUTHENTICATED, title, counter, challenge)
        return sealed[: _HEAD.size] + sealed[-TAG_OCTETS:]

    def verify_token(self, token: bytes, title: bytes, challenge: bytes) -> int:
        """The counter of a token of the sender `title`. Raises: AuthenticationError."""
        if len(token) != _HEAD.size + TAG_OCTETS or token[0] != Protection.AUTHENTICATED | self.suite:
            raise AuthenticationError("HLS token has a wrong length or security control")
        try:
            opened = self.open(token[: _HEAD.size] + challenge + token[-TAG_OCTETS:], title)
        except DecipherError:
            raise AuthenticationError("HLS token is wrong") from None
        return opened.counter


class SuiteCipher:
    """`Cipher` for every suite and protection; demands of what it opens no less than `protection`."""

    __slots__ = ("_content", "_protection")

    def __init__(self, keys: SecurityKeys, protection: Protection, content: ContentCipher | None = None) -> None:
        self._content = content or ContentCipher(keys.suite, keys.encryption_key, keys.authentication_key)
        self._protection = protection & Protection.AUTHENTICATED_ENCRYPTED

    def seal(self, tag: int, title: bytes, counter: int, plaintext: bytes) -> bytes:
        return service_specific(tag, self._content.seal(self._protection, title, counter, plaintext))

    def unseal(self, apdu: bytes, title: bytes) -> tuple[int, bytes]:
        protection, counter, plaintext = self._content.open(content_of(apdu), title)
        demand(protection, self._protection)
        return counter, plaintext

    def token(self, title: bytes, counter: int, challenge: bytes) -> bytes:
        return self._content.token(title, counter, challenge)

    def verify_token(self, token: bytes, title: bytes, challenge: bytes) -> int:
        return self._content.verify_token(token, title, challenge)


def make_cipher(keys: SecurityKeys, protection: Protection = Protection.AUTHENTICATED_ENCRYPTED) -> Cipher:
    """The fastest `Cipher` for these keys and this protection."""
    if keys.suite is SecuritySuite.SUITE_0 and protection == Protection.AUTHENTICATED_ENCRYPTED:
        return Suite0(keys)
    return SuiteCipher(keys, protection)


def demand(protection: Protection, least: Protection) -> None:
    """Raises: DecipherError when an APDU is protected less than `least`."""
    missing = least & ~protection
    if missing:
        raise DecipherError(f"APDU is not {' and '.join(_WORDS[bit] for bit in _WORDS if bit & missing)}")


def service_specific(tag: int, content: bytes) -> bytes:
    """`tag | length | content`."""
    return bytes((tag,)) + encode_length(len(content)) + content


def content_of(apdu: bytes) -> bytes:
    """ciphered-content of a service-specific protected APDU. Raises: DecipherError."""
    try:
        length, offset = decode_length(apdu, 1)
    except (IndexError, DecodeError) as error:
        raise DecipherError("protected APDU is cut") from error
    if offset + length != len(apdu):
        raise DecipherError("length of the protected APDU does not fit")
    return apdu[offset:]


_WORDS: Final = {
    Protection.AUTHENTICATED: "authenticated",
    Protection.ENCRYPTED: "encrypted",
    Protection.SIGNED: "signed",
}
