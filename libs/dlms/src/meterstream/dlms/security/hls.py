"""Passes 3 and 4 of HLS without GMAC: mechanisms 3, 4, 6 and 7 (IEC 62056-5-3, 5.3.2.4). Pure.

3: MD5(challenge | secret). 4: SHA-1(challenge | secret). 6: SHA-256(secret | T | T' | challenge | challenge').
7: ECDSA(T | T' | challenge | challenge'). `challenge` is the one that is answered, T the title of who answers it;
the primed ones are those of the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from meterstream.dlms.errors import AuthenticationError, ConfigurationError
from meterstream.dlms.security.curves import AsymmetricKeys
from meterstream.dlms.security.level import Level

MIN_CHALLENGE: Final = 8
MAX_CHALLENGE: Final = 64
MIN_ECDSA_CHALLENGE: Final = 32
_BOUNDS: Final = range(MIN_CHALLENGE, MAX_CHALLENGE + 1)
_ECDSA_BOUNDS: Final = range(MIN_ECDSA_CHALLENGE, MAX_CHALLENGE + 1)


def challenge_bounds(level: Level) -> range:
    """Lengths of CtoS and StoC that the mechanism allows, in octets."""
    return _ECDSA_BOUNDS if level is Level.HLS7_ECDSA else _BOUNDS


@dataclass(frozen=True, slots=True)
class Proof:
    """Makes and checks the passes of one side.

    Attributes:
        level: any HLS but 5, whose tokens `Cipher` makes.
        secret: HLS secret of mechanisms 3, 4 and 6.
        asymmetric: keys of mechanism 7.
    Raises: ConfigurationError.
    """

    level: Level
    secret: bytes | None = field(default=None, repr=False)
    asymmetric: AsymmetricKeys | None = None

    def __post_init__(self) -> None:
        check_proof(self.level, self.secret, self.asymmetric)

    def make(self, received: bytes, own_challenge: bytes, own_title: bytes, peer_title: bytes) -> bytes:
        """f(received), this side's answer to the challenge it got."""
        if self.level is Level.HLS7_ECDSA:
            if self.asymmetric is None or self.asymmetric.signing is None:
                raise ConfigurationError("HLS 7 needs a signature key")
            return self.asymmetric.signing.sign(own_title + peer_title + received + own_challenge)
        return self._digest(received, own_challenge, own_title, peer_title)

    def check(self, token: bytes, own_challenge: bytes, received: bytes, own_title: bytes, peer_title: bytes) -> None:
        """Verifies what the other side made of `own_challenge`; `received` is its challenge.

        Raises: AuthenticationError.
        """
        if self.level is Level.HLS7_ECDSA:
            keys = self.asymmetric
            message = peer_title + own_title + own_challenge + received
            genuine = keys is not None and keys.peer_signing is not None and keys.peer_signing.verifies(token, message)
        else:
            genuine = compare_digest(token, self._digest(own_challenge, received, peer_title, own_title))
        if not genuine:
            raise AuthenticationError("HLS token is wrong")

    def _digest(self, answered: bytes, other: bytes, title: bytes, other_title: bytes) -> bytes:
        secret = self.secret or b""
        if self.level is Level.HLS6_SHA256:
            return hashlib.sha256(secret + title + other_title + answered + other).digest()
        return _DIGESTS[self.level](answered + secret)


def check_proof(level: Level, secret: bytes | None, asymmetric: AsymmetricKeys | None) -> None:
    """Raises: ConfigurationError when something that `level` needs is missing."""
    if level.has_secret and not secret:
        raise ConfigurationError(f"{level.name} needs a {'password' if level is Level.LLS else 'secret'}")
    if level is Level.HLS7_ECDSA and (asymmetric is None or None in (asymmetric.signing, asymmetric.peer_signing)):
        raise ConfigurationError("HLS7_ECDSA needs the signature keys of both sides")


def _md5(octets: bytes) -> bytes:
    return hashlib.md5(octets, usedforsecurity=False).digest()


def _sha1(octets: bytes) -> bytes:
    return hashlib.sha1(octets, usedforsecurity=False).digest()


_DIGESTS: Final[dict[Level, Callable[[bytes], bytes]]] = {Level.HLS3_MD5: _md5, Level.HLS4_SHA1: _sha1}
"""What the standard prescribes; both are too weak for anything but meters that know nothing else."""
