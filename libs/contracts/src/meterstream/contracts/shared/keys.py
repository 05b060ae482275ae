"""Keys as they travel, and their kinds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

EncryptedKey = Annotated[bytes, Field(min_length=64, max_length=1024)]
"""A key encrypted with the platform's RSA public key: OAEP with SHA-1 and MGF1 over SHA-1."""

SignaturePublicKey = Annotated[bytes, Field(min_length=64, max_length=64)]
"""The ECDSA public key that a meter's signatures are checked with: a point of P-256, x | y (IEC 62056-5-3, suite 1)."""


class SecretType(StrEnum):
    """Kinds of keys in the words of the SOAP contract, which knows all but the last.

    E meter: key encryption key, authentication key, global unicast and broadcast encryption key. M-Bus device:
    default key of the factory, user key (P2), key of the MAC over firmware, key of the optical port (P0). LLS_PASSWORD
    is that of an E meter's association.
    """

    E_METER_MASTER_KEY = "E_METER_MASTER_KEY"
    E_METER_AUTHENTICATION_KEY = "E_METER_AUTHENTICATION_KEY"
    E_METER_ENCRYPTION_KEY_UNICAST = "E_METER_ENCRYPTION_KEY_UNICAST"
    E_METER_ENCRYPTION_KEY_BROADCAST = "E_METER_ENCRYPTION_KEY_BROADCAST"
    G_METER_MASTER_KEY = "G_METER_MASTER_KEY"
    G_METER_ENCRYPTION_KEY = "G_METER_ENCRYPTION_KEY"
    G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY = "G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY"
    G_METER_OPTICAL_PORT_KEY = "G_METER_OPTICAL_PORT_KEY"
    LLS_PASSWORD = "LLS_PASSWORD"  # noqa: S105  # a kind of key, not a password
