"""Opens keys that clients gave, seals them for the database, and seals them anew for the services that use them.

What is costly here runs on threads: an RSA decryption takes about a millisecond. No plaintext leaves this module.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_public_key

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.records import KeyKind, SealedKey
from meterstream.domain.model.keys import DeviceKey, GivenKey
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.sealing import KeyVault, RandomBytes, Sealer, SealError, key_binding, recipient_id

Item = TypeVar("Item")
T = TypeVar("T")

IDENTITY_SECRET: Final = "key-identity"  # noqa: S105  # the secret's name
SECRET_BYTES: Final = 32
KEY_BYTES: Final = 16
PASSWORD_BYTES: Final = range(1, 65)
_NAMES: Final = MappingProxyType({kind: kind.value.removesuffix("_UNICAST").removesuffix("_KEY") for kind in KeyKind})
"""Of kinds of keys, as clients of the SOAP contract know them in sentences."""
_LETTERS: Final = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
THREADS: Final = 2

# The padding of the field's clients (Java's name for it is OAEPPadding); collisions of SHA-1 do not matter to OAEP.
_OAEP: Final = OAEP(MGF1(SHA1()), SHA1(), None)  # noqa: S303


class Keyring:
    """The keys of this installation.

    Args:
        private_key: opens what clients encrypted.
        vault: seals at rest.
        protocol_public: X25519 public key of protocol-dlms.
        notification_public: X25519 public key of notification.
        randomness: makes keys.
    """

    def __init__(
        self,
        private_key: RSAPrivateKey,
        vault: KeyVault,
        protocol_public: bytes,
        notification_public: bytes,
        randomness: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._randomness = randomness
        self._private_key = private_key
        self._vault = vault
        self._identities: KeyVault | None = None
        self._protocol_public = protocol_public
        self._notification_public = notification_public
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="keyring")
        self.recipient = recipient_id(protocol_public)
        self.notification_recipient = recipient_id(notification_public)

    def new_identity_secret(self) -> bytes:
        """A fresh secret from which key ids are derived, sealed at rest."""
        return self._vault.seal(secrets.token_bytes(SECRET_BYTES), IDENTITY_SECRET.encode())

    def use_identity_secret(self, sealed: bytes) -> None:
        """Name keys by this secret: a change of the key-encryption key must not change their ids.

        Raises: ConfigurationError where the key-encryption key does not open it.
        """
        try:
            self._identities = KeyVault(self._vault.open(sealed, IDENTITY_SECRET.encode()))
        except SealError:
            raise ConfigurationError(
                "the key-encryption key is not the one that this database was sealed with"
            ) from None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False)

    async def open_given(
        self, given: Sequence[tuple[str, Mapping[KeyKind, bytes]]]
    ) -> list[tuple[GivenKey, ...] | PlatformError]:
        """For each (device, ciphertexts): its keys sealed at rest, or why one of them is none.

        Errors: DECRYPTION_EXCEPTION (804), INVALID_DLMS_KEY_FORMAT (802).
        """
        return await self._each(self._open_device, given)

    def make(self, device: str, kind: KeyKind) -> GivenKey:
        """A key of a device at random, sealed at rest; a password as text that people can type."""
        octets = self._randomness(KEY_BYTES)
        return self._keep(device, kind, octets if kind is not KeyKind.LLS_PASSWORD else _as_password(octets))

    async def seal_for_protocol(
        self, records: Sequence[Mapping[str, Sequence[DeviceKey]]]
    ) -> list[tuple[bytes, dict[str, list[SealedKey]]]]:
        """For each record, which holds keys of several devices: the ephemeral public key and the keys sealed for
        protocol-dlms under it, by device."""
        return await self._each(self._seal_record, records)

    def seal_secret(self, organisation: str, url: str, secret: bytes) -> bytes:
        """A webhook's secret, sealed at rest."""
        return self._vault.seal(secret, endpoint_binding(organisation, url))

    def seal_for_notification(self, organisation: str, url: str, sealed: bytes) -> bytes:
        """A webhook's secret, sealed for notification: ephemeral public key (32 octets), nonce, ciphertext, tag."""
        binding = endpoint_binding(organisation, url)
        sealer = Sealer(self._notification_public)
        return sealer.ephemeral_public + sealer.seal(self._vault.open(sealed, binding), binding)

    def reveal(self, device: str, key: DeviceKey, public_key: bytes) -> bytes:
        """A key encrypted for whom it is meant: RSA, OAEP with SHA-1 as the field's clients have it.

        Args:
            public_key: DER SubjectPublicKeyInfo of an RSA key.
        """
        recipient = load_der_public_key(public_key)
        if not isinstance(recipient, RSAPublicKey):
            raise TypeError("not an RSA public key")
        return recipient.encrypt(self._vault.open(key.sealed, key_binding(device, key.kind, key.key_id)), _OAEP)

    async def _each(self, work: Callable[[Item], T], items: Sequence[Item]) -> list[T]:
        """Work through the items on the threads, in as many portions as there are threads."""
        if not items:
            return []

        def work_through(portion: Sequence[Item]) -> list[T]:
            return [work(item) for item in portion]

        size = -(-len(items) // THREADS)
        loop = asyncio.get_running_loop()
        running = [
            loop.run_in_executor(self._threads, work_through, items[start : start + size])
            for start in range(0, len(items), size)
        ]
        return [result for portion in await asyncio.gather(*running) for result in portion]

    def _open_device(self, given: tuple[str, Mapping[KeyKind, bytes]]) -> tuple[GivenKey, ...] | PlatformError:
        device, ciphertexts = given
        try:
            return tuple(self._open(device, kind, value) for kind, value in ciphertexts.items())
        except PlatformError as error:
            return error

    def _open(self, device: str, kind: KeyKind, ciphertext: bytes) -> GivenKey:
        try:
            plaintext = self._private_key.decrypt(ciphertext, _OAEP)
        except ValueError:
            rule = "encrypted with the platform's public key (RSA, OAEP with SHA-1)"
            raise CODES["DECRYPTION_EXCEPTION"](
                f"Unexpected exception during decryption of {_NAMES[kind]} key.",
                field="request",
                rule=rule,
                key=kind,
                device=device,
            ) from None
        _check_length(device, kind, plaintext)
        return self._keep(device, kind, plaintext)

    def _keep(self, device: str, kind: KeyKind, plaintext: bytes) -> GivenKey:
        if self._identities is None:
            raise RuntimeError("the keyring has no identity secret yet")
        key_id = self._identities.identity(device, kind, plaintext)
        return GivenKey(key_id, kind, self._vault.seal(plaintext, key_binding(device, kind, key_id)))

    def _seal_record(self, held: Mapping[str, Sequence[DeviceKey]]) -> tuple[bytes, dict[str, list[SealedKey]]]:
        sealer = Sealer(self._protocol_public)
        return sealer.ephemeral_public, {
            device: [self._seal(sealer, device, key) for key in keys] for device, keys in held.items()
        }

    def _seal(self, sealer: Sealer, device: str, key: DeviceKey) -> SealedKey:
        binding = key_binding(device, key.kind, key.key_id)
        value = sealer.seal(self._vault.open(key.sealed, binding), binding)
        return SealedKey(key_id=key.key_id, kind=key.kind, state=key.state, proven=key.proven, sealed=value)


def _as_password(octets: bytes) -> bytes:
    """As many letters and digits as octets, without those that look alike: 32 of them, so 5 bits of each count."""
    return bytes(_LETTERS[octet % len(_LETTERS)] for octet in octets)


def endpoint_binding(organisation: str, url: str) -> bytes:
    """Associated data of an endpoint's secret."""
    return f"{organisation}|endpoint|{url}".encode()


def _check_length(device: str, kind: KeyKind, plaintext: bytes) -> None:
    expected = PASSWORD_BYTES if kind is KeyKind.LLS_PASSWORD else (KEY_BYTES,)
    if len(plaintext) not in expected:
        rule = "1 to 64 octets" if kind is KeyKind.LLS_PASSWORD else f"{KEY_BYTES} octets"
        raise CODES["INVALID_DLMS_KEY_FORMAT"](
            f"{kind} of {device} must have {rule}", field="request", rule=rule, key=kind
        )
