"""Security suites, security policies and the security control octet (IEC 62056-5-3, 5.3; Blue Book, class 64)."""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag
from typing import Final, NamedTuple

from meterstream.dlms.errors import ConfigurationError, DecipherError


class SecuritySuite(IntEnum):
    """Which algorithms an association uses; the value is the suite id of the security control octet.

    0: AES-GCM-128, AES-128 key wrap. 1: the same, ECDSA and ECDH on P-256, SHA-256. 2: AES-GCM-256, AES-256 key wrap,
    ECDSA and ECDH on P-384, SHA-384.
    """

    SUITE_0 = 0
    SUITE_1 = 1
    SUITE_2 = 2

    @property
    def key_octets(self) -> int:
        """Length of every symmetric key."""
        return 32 if self is SecuritySuite.SUITE_2 else 16

    @property
    def coordinate_octets(self) -> int:
        """Length of a coordinate, of a private key and of each half of a signature. Raises: ConfigurationError."""
        if self is SecuritySuite.SUITE_0:
            raise ConfigurationError("suite 0 has no elliptic curve")
        return 48 if self is SecuritySuite.SUITE_2 else 32


class Protection(IntFlag):
    """What protects one APDU; AUTHENTICATED and ENCRYPTED are bits of the security control octet."""

    NONE = 0
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    SIGNED = 0x100
    """Digitally signed: general-signing, no bit of the security control octet."""
    AUTHENTICATED_ENCRYPTED = AUTHENTICATED | ENCRYPTED


class SecurityPolicy(IntFlag):
    """The least protection of requests and of answers; values as attribute security_policy of class 64 version 1."""

    NONE = 0
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80
    AUTHENTICATED = AUTHENTICATED_REQUEST | AUTHENTICATED_RESPONSE
    ENCRYPTED = ENCRYPTED_REQUEST | ENCRYPTED_RESPONSE
    SIGNED = SIGNED_REQUEST | SIGNED_RESPONSE
    AUTHENTICATED_ENCRYPTED = AUTHENTICATED | ENCRYPTED

    @property
    def request(self) -> Protection:
        return _PROTECTIONS[self >> 2 & 7]

    @property
    def response(self) -> Protection:
        return _PROTECTIONS[self >> 5 & 7]

    @property
    def ciphers(self) -> bool:
        """Whether requests or answers are authenticated or encrypted."""
        return bool(self & SecurityPolicy.AUTHENTICATED_ENCRYPTED)

    @staticmethod
    def of_version_0(value: int) -> SecurityPolicy:
        """The policy that attribute security_policy of class 64 version 0 names with 0..3.

        Raises: ConfigurationError.
        """
        if value not in range(len(_VERSION_0)):
            raise ConfigurationError(f"security policy {value} of version 0; 0..3 are possible")
        return _VERSION_0[value]


_PROTECTIONS: Final = tuple(
    (Protection.AUTHENTICATED if bits & 1 else Protection.NONE)
    | (Protection.ENCRYPTED if bits & 2 else Protection.NONE)
    | (Protection.SIGNED if bits & 4 else Protection.NONE)
    for bits in range(8)
)
_VERSION_0: Final = (
    SecurityPolicy.NONE,
    SecurityPolicy.AUTHENTICATED,
    SecurityPolicy.ENCRYPTED,
    SecurityPolicy.AUTHENTICATED_ENCRYPTED,
)


class Ciphering(Enum):
    """Which APDU carries a ciphered service (IEC 62056-5-3, 5.3.7 and 8.2)."""

    GLOBAL = "service-specific, global key"
    DEDICATED = "service-specific, dedicated key"
    GENERAL_GLOBAL = "general-glo-ciphering"
    GENERAL_DEDICATED = "general-ded-ciphering"
    GENERAL = "general-ciphering"

    @property
    def dedicated(self) -> bool:
        return self in (Ciphering.DEDICATED, Ciphering.GENERAL_DEDICATED)

    @property
    def general(self) -> bool:
        """Whether general-protection has to be negotiated for it."""
        return self not in (Ciphering.GLOBAL, Ciphering.DEDICATED)


class KeyChoice(Enum):
    """How a general-ciphering APDU says which key ciphers it (key-info).

    IDENTIFIED: the global unicast key. BROADCAST: the global broadcast key. WRAPPED: a fresh key under the master key.
    ONE_PASS: ECDH of an ephemeral key of the originator and the static one of the recipient, C(1e, 1s). STATIC: ECDH of
    both static keys, the transaction id makes it a new key, C(0e, 2s). NONE: no key-info, the global unicast key.
    """

    NONE = "no key-info"
    IDENTIFIED = "identified key"
    BROADCAST = "identified broadcast key"
    WRAPPED = "wrapped key"
    ONE_PASS = "agreed key, one-pass Diffie-Hellman"  # noqa: S105 - a name
    STATIC = "agreed key, static unified model"

    @property
    def carries_key(self) -> bool:
        """Whether each APDU brings a key of its own."""
        return self in (KeyChoice.WRAPPED, KeyChoice.ONE_PASS, KeyChoice.STATIC)


_SUITE: Final = 0x0F
_BROADCAST: Final = 0x40
_COMPRESSED: Final = 0x80


class SecurityControl(NamedTuple):
    """The security control octet: suite id in bits 0..3, A, E, key-set, compression."""

    suite: SecuritySuite
    protection: Protection
    broadcast: bool = False

    def octet(self) -> int:
        return self.suite | self.protection & 0x30 | (_BROADCAST if self.broadcast else 0)

    @staticmethod
    def parse(octet: int) -> SecurityControl:
        """Raises: DecipherError for compression, which is not served, and for a suite that does not exist."""
        if octet & _COMPRESSED:
            raise DecipherError("compressed APDUs are not taken")
        suite = octet & _SUITE
        if suite > SecuritySuite.SUITE_2:
            raise DecipherError(f"security suite {suite} does not exist")
        return SecurityControl(SecuritySuite(suite), Protection(octet & 0x30), bool(octet & _BROADCAST))
