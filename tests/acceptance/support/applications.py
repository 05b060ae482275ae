"""An application of the owner that may be told keys: the platform encrypts them with its public key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meterstream.demo.client import Platform

NAME = "Test"
"""As the SOAP client calls itself."""
KEY_BITS = 2048


@dataclass(frozen=True)
class Application:
    """Its name, and how it opens what was encrypted for it."""

    name: str
    key: rsa.RSAPrivateKey = field(repr=False)

    def open(self, ciphertext: str) -> bytes:
        """The octets of a key, from hexadecimal digits."""
        # The SOAP contract fixes OAEP with SHA-1; the keys inside are random, so its collisions do not matter.
        scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # see above
        return self.key.decrypt(bytes.fromhex(ciphertext), scheme)


def an_application(platform: Platform, directory: Path) -> Application:
    """Make a key pair and let the platform know the public key, for the first organisation."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    file = directory / "application.pem"
    file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    platform.stack.bootstrap(platform.stack.settings.organisations[0], "--application-key", f"{NAME}={file}")
    return Application(NAME, key)
