"""Key files: written once at installation, read at start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.sealing import KEY_BYTES, generate_key_pair

RSA_BITS: Final = 2048
PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644


def read_hex_key(path: Path) -> bytes:
    """A key of 32 octets from a file with 64 hexadecimal digits.

    Raises: ConfigurationError naming file and rule, never the content.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"{path}: must hold hexadecimal digits only") from None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{path}: must hold {2 * KEY_BYTES} hexadecimal digits")
    return key


def read_rsa_key(path: Path) -> RSAPrivateKey:
    """An RSA private key from a PEM file without password.

    Raises: ConfigurationError.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise ConfigurationError(f"{path}: must hold a private key as PEM, without password") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(f"{path}: must hold an RSA key")
    return key


def generate_keys(directory: Path) -> list[Path]:
    """Write every key file that is missing; files that exist stay as they are. Returns what was written.

    Raises: ConfigurationError where one half of a pair exists without the other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    if not _complete(directory, "rsa-private.pem", "rsa-public.pem"):
        private = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        written.append(_write(directory / "rsa-private.pem", pem, PRIVATE_MODE))
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        written.append(_write(directory / "rsa-public.pem", public, PUBLIC_MODE))
    if not _complete(directory, "key-encryption-key.hex"):
        written.append(_write_hex(directory / "key-encryption-key.hex", secrets.token_bytes(KEY_BYTES), PRIVATE_MODE))
    for service in ("protocol", "notification"):
        if not _complete(directory, f"{service}-private.hex", f"{service}-public.hex"):
            private_octets, public_octets = generate_key_pair()
            written.append(_write_hex(directory / f"{service}-private.hex", private_octets, PRIVATE_MODE))
            written.append(_write_hex(directory / f"{service}-public.hex", public_octets, PUBLIC_MODE))
    return written


def _complete(directory: Path, *names: str) -> bool:
    present = [name for name in names if (directory / name).exists()]
    if present and len(present) < len(names):
        missing = next(name for name in names if name not in present)
        raise ConfigurationError(f"{directory / missing} is missing beside {present[0]}; restore it or remove both")
    return bool(present)


def _write_hex(path: Path, key: bytes, mode: int) -> Path:
    return _write(path, key.hex().encode() + b"\n", mode)


def _write(path: Path, content: bytes, mode: int) -> Path:
    """Write a file that never exists half: another name first, then the right one."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path
