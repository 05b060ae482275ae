"""Elliptic-curve keys of suites 1 and 2: ECDSA and ECDH (IEC 62056-5-3, 5.3.4; FIPS 186-5, NIST SP 800-56A).

On the line a public key is x | y, a private key a big-endian number, a signature r | s (plain format, no DER).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from meterstream.dlms.errors import ConfigurationError, DecipherError
from meterstream.dlms.security.suites import SecuritySuite

_UNCOMPRESSED: Final = b"\x04"
_EXTRA_RANDOM: Final = 8
_CURVES: Final[dict[SecuritySuite, ec.EllipticCurve]] = {
    SecuritySuite.SUITE_1: ec.SECP256R1(),
    SecuritySuite.SUITE_2: ec.SECP384R1(),
}
_ORDERS: Final = {
    SecuritySuite.SUITE_1: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    SecuritySuite.SUITE_2: (1 << 384) - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
}
_ECDSA: Final = {
    # Deterministic nonces (RFC 6979): a signature needs no randomness, and a bad source cannot give the key away.
    SecuritySuite.SUITE_1: ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
    SecuritySuite.SUITE_2: ec.ECDSA(hashes.SHA384(), deterministic_signing=True),
}


class PublicKey:
    """A point of the curve of `suite`, x | y. Raises: ConfigurationError unless it is one."""

    __slots__ = ("_key", "octets", "suite")

    def __init__(self, suite: SecuritySuite, octets: bytes) -> None:
        if len(octets) != 2 * suite.coordinate_octets:
            raise ConfigurationError(f"public key of {len(octets)} bytes instead of {2 * suite.coordinate_octets}")
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[suite], _UNCOMPRESSED + octets)
        except ValueError as error:
            raise ConfigurationError("public key is no point of the curve") from error
        self.suite = suite
        self.octets = octets

    def __repr__(self) -> str:
        return f"PublicKey({self.suite.name}, {self.octets.hex()})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and (self.suite, self.octets) == (other.suite, other.octets)

    def __hash__(self) -> int:
        return hash((self.suite, self.octets))

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` (r | s) over `message` was made with the private key of this one."""
        half = self.suite.coordinate_octets
        if len(signature) != 2 * half:
            return False
        encoded = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        try:
            self._key.verify(encoded, message, _ECDSA[self.suite])
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A private key of the curve of `suite`; repr shows the public one only.

    Args:
        octets: the number, big-endian, as long as a coordinate.
    Raises: ConfigurationError.
    """

    __slots__ = ("_key", "public", "suite")

    def __init__(self, suite: SecuritySuite, octets: bytes) -> None:
        if len(octets) != suite.coordinate_octets:
            raise ConfigurationError(f"private key of {len(octets)} bytes instead of {suite.coordinate_octets}")
        number = int.from_bytes(octets, "big")
        if not 0 < number < _ORDERS[suite]:
            raise ConfigurationError("private key is out of range")
        self._key = ec.derive_private_key(number, _CURVES[suite])
        self.suite = suite
        public = self._key.public_key().public_numbers()
        half = suite.coordinate_octets
        self.public = PublicKey(suite, public.x.to_bytes(half, "big") + public.y.to_bytes(half, "big"))

    def __repr__(self) -> str:
        return f"PrivateKey(of {self.public!r})"

    @staticmethod
    def random_octets(suite: SecuritySuite) -> int:
        """How many fresh random bytes `from_random` takes."""
        return suite.coordinate_octets + _EXTRA_RANDOM

    @classmethod
    def from_random(cls, suite: SecuritySuite, fresh: bytes) -> PrivateKey:
        """An ephemeral key out of fresh random bytes (FIPS 186-5, A.2.1).

        Raises: ConfigurationError.
        """
        if len(fresh) != cls.random_octets(suite):
            raise ConfigurationError(f"{len(fresh)} random bytes instead of {cls.random_octets(suite)}")
        number = int.from_bytes(fresh, "big") % (_ORDERS[suite] - 1) + 1
        return cls(suite, number.to_bytes(suite.coordinate_octets, "big"))

    def sign(self, message: bytes) -> bytes:
        """ECDSA signature r | s."""
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA[self.suite]))
        half = self.suite.coordinate_octets
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")

    def shared_secret(self, peer: PublicKey) -> bytes:
        """Z, the x coordinate (ECC CDH). Raises: DecipherError when the curves differ."""
        if peer.suite is not self.suite:
            raise DecipherError(f"public key of {peer.suite.name} for a private key of {self.suite.name}")
        return self._key.exchange(ec.ECDH(), peer._key)


@dataclass(frozen=True, slots=True)
class AsymmetricKeys:
    """Elliptic-curve keys of one side of an association; all of one suite.

    Attributes:
        signing: own private key of digital signatures (HLS 7, general-signing, ephemeral keys).
        peer_signing: public key that signatures of the other side are checked with.
        agreement, peer_agreement: static keys of key agreement, own private and the other side's public one.
    Raises: ConfigurationError.
    """

    signing: PrivateKey | None = None
    peer_signing: PublicKey | None = None
    agreement: PrivateKey | None = None
    peer_agreement: PublicKey | None = None

    def __post_init__(self) -> None:
        keys = (self.signing, self.peer_signing, self.agreement, self.peer_agreement)
        if len({key.suite for key in keys if key is not None}) != 1:
            raise ConfigurationError("asymmetric keys: at least one, and all of one suite")
        if self.signing is not None and self.signing.public == self.peer_signing:
            # What we sign would then pass for a signature of the other side.
            raise ConfigurationError("both sides have the same signature key")

    @property
    def suite(self) -> SecuritySuite:
        keys = (self.signing, self.peer_signing, self.agreement, self.peer_agreement)
        return next(key.suite for key in keys if key is not None)
