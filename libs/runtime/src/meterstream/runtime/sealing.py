"""Sealing of secrets: for one receiving service (X25519), and at rest (envelope encryption).

Nothing here logs or prints key material, and no representation shows it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_INFO: Final = b"meterstream sealed key v1"

RandomBytes = Callable[[int], bytes]


class SealError(Exception):
    """Not sealed for this receiver, under these associated data, or damaged. Says nothing about the content."""


def generate_key_pair() -> tuple[bytes, bytes]:
    """A new X25519 pair: (private, public), 32 octets each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key_of(private: bytes) -> bytes:
    """The public key that belongs to a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def recipient_id(public: bytes) -> str:
    """A short name of a receiver's public key, as it stands in records."""
    return hashlib.sha256(b"recipient" + public).hexdigest()[:16]


def key_binding(device: str, kind: str, key_id: str) -> bytes:
    """Associated data of a device key: it opens as no other device's, kind's or id's key."""
    return f"{device}|{kind}|{key_id}".encode()


def _derive(shared: bytes, ephemeral_public: bytes, recipient_public: bytes) -> AESGCM:
    salt = ephemeral_public + recipient_public
    return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, salt, _INFO).derive(shared))


class Sealer:
    """Seals values for one receiver under one fresh key agreement; make a new one for each record.

    Attributes:
        ephemeral_public: goes beside the sealed values, 32 octets.
    """

    def __init__(self, recipient_public: bytes, randomness: RandomBytes = secrets.token_bytes) -> None:
        ephemeral = X25519PrivateKey.from_private_bytes(randomness(KEY_BYTES))
        self.ephemeral_public = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient_public))
        self._cipher = _derive(shared, self.ephemeral_public, recipient_public)
        self._randomness = randomness

    def seal(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Nonce (12 octets), ciphertext and tag (16 octets)."""
        nonce = self._randomness(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, associated_data)


class Opener:
    """Opens what was sealed for the holder of a private key."""

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self._public = self._private.public_key().public_bytes_raw()
        self.recipient = recipient_id(self._public)

    def opened_record(self, ephemeral_public: bytes) -> Callable[[bytes, bytes], bytes]:
        """A function that opens all values of one record: one key agreement for all of them."""
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(ephemeral_public))
        except ValueError:
            raise SealError("no X25519 public key") from None
        cipher = _derive(shared, ephemeral_public, self._public)

        def unseal(sealed: bytes, associated_data: bytes) -> bytes:
            try:
                return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated_data)
            except (InvalidTag, ValueError):
                raise SealError("not sealed for this receiver and purpose") from None

        return unseal

    def open(self, ephemeral_public: bytes, sealed: bytes, associated_data: bytes) -> bytes:
        """The plaintext.

        Raises: SealError.
        """
        return self.opened_record(ephemeral_public)(sealed, associated_data)


class KeyVault:
    """Envelope encryption at rest: each value under a data key of its own, which the key-encryption key wraps.

    Layout: id of the key-encryption key (8 octets), nonce (12), wrapped data key (32 + 16), nonce (12), ciphertext
    with tag. Further key-encryption keys only open, so that values can be sealed anew one by one.
    """

    def __init__(self, key_encryption_key: bytes, *older: bytes, randomness: RandomBytes = secrets.token_bytes) -> None:
        for key in (key_encryption_key, *older):
            if len(key) != KEY_BYTES:
                raise ValueError("a key-encryption key has 32 octets")
        self._keys = {_vault_id(key): AESGCM(key) for key in (*older, key_encryption_key)}
        self._current = _vault_id(key_encryption_key)
        self._identity_key = hmac.digest(key_encryption_key, b"meterstream key identity", "sha256")
        self._randomness = randomness

    def seal(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """The value under a fresh data key."""
        data_key, wrap_nonce, nonce = (self._randomness(size) for size in (KEY_BYTES, NONCE_BYTES, NONCE_BYTES))
        wrapped = self._keys[self._current].encrypt(wrap_nonce, data_key, self._current)
        return (
            self._current + wrap_nonce + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, associated_data)
        )

    def open(self, sealed: bytes, associated_data: bytes) -> bytes:
        """The plaintext.

        Raises: SealError.
        """
        vault = self._keys.get(sealed[:8])
        if vault is None:
            raise SealError("sealed under a key-encryption key that is not here")
        try:
            data_key = vault.decrypt(sealed[8:20], sealed[20:68], sealed[:8])
            return AESGCM(data_key).decrypt(sealed[68:80], sealed[80:], associated_data)
        except (InvalidTag, ValueError):
            raise SealError("damaged, or sealed for another purpose") from None

    def identity(self, device: str, kind: str, key: bytes) -> str:
        """The id of a device key: equal for equal bytes of the same device and kind, telling nothing else."""
        message = b"\x00".join((device.encode(), kind.encode(), key))
        return hmac.digest(self._identity_key, message, "sha256").hex()[:24]


def _vault_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key-encryption-key" + key).digest()[:8]
