"""Keys of an association and key wrap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from meterstream.dlms.errors import ConfigurationError, DecipherError
from meterstream.dlms.security.suites import SecuritySuite

KEY_OCTETS: Final = 16
TITLE_OCTETS: Final = 8


@dataclass(frozen=True, slots=True)
class SecurityKeys:
    """Symmetric keys of an association: 16 bytes each, 32 in suite 2; repr shows none.

    Attributes:
        encryption_key: EK, the global unicast encryption key.
        authentication_key: AK.
        broadcast_key: the global broadcast encryption key, where APDUs under it are to be taken.
        master_key: KEK, where general-ciphering with wrapped keys is used.
    Raises: ConfigurationError for another length.
    """

    encryption_key: bytes = field(repr=False)
    authentication_key: bytes = field(repr=False)
    suite: SecuritySuite = SecuritySuite.SUITE_0
    broadcast_key: bytes | None = field(default=None, repr=False)
    master_key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        octets = KEY_OCTETS if self.suite is SecuritySuite.SUITE_0 else self.suite.key_octets
        for name, key in (
            ("encryption key", self.encryption_key),
            ("authentication key", self.authentication_key),
            ("broadcast key", self.broadcast_key),
            ("master key", self.master_key),
        ):
            if key is not None and len(key) != octets:
                raise ConfigurationError(f"{name} has {len(key)} bytes instead of {octets}")


def wrap_key(master_key: bytes, key: bytes) -> bytes:
    """AES key wrap (RFC 3394), as global_key_transfer carries a key. Raises: ConfigurationError."""
    try:
        return aes_key_wrap(master_key, key)
    except ValueError as error:
        raise ConfigurationError("key or master key has a length that key wrap does not take") from error


def unwrap_key(master_key: bytes, wrapped: bytes) -> bytes:
    """Reverse of wrap_key. Raises: DecipherError when `wrapped` was not made with this master key."""
    try:
        return aes_key_unwrap(master_key, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise DecipherError("wrapped key does not open with this master key") from error
