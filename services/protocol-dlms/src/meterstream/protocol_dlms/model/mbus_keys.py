"""New keys of M-Bus devices under the default key of the device (DSMR 4.2.2 P2, SMR 5 P2).

Pure; octets of keys are arguments and results, and belong behind the key port.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from meterstream.contracts.errors import error
from meterstream.contracts.records import KeyKind, MbusDevice
from meterstream.protocol_dlms.model.mbus import manufacturer_code

KEY_OCTETS: Final = 16
CLOSED: Final = bytes(KEY_OCTETS)
"""An optical port key of zeros closes the port."""
IV_OCTETS: Final = 12

_KEY_IDS: Final = MappingProxyType(
    {
        KeyKind.G_METER_ENCRYPTION_KEY: 0,
        KeyKind.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY: 1,
        KeyKind.G_METER_OPTICAL_PORT_KEY: 2,
    }
)
_NO_IV: Final = bytes(16)
_TAG_OCTETS: Final = 8
_GCM_TAG_OCTETS: Final = 16
_VERSION_AND_MEDIUM: Final = b"\x50\x03"
"""Constants of the form, whatever the device is."""
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def change_counter(now: datetime) -> int:
    """The least key change counter to use at `now`: seconds since 2000-01-01 UTC; no clock change turns it back."""
    return int((now - _EPOCH).total_seconds())


def sealed_cbc(default_key: bytes, key: bytes) -> bytes:
    """AES-128-CBC, IV of zeros, no padding: 16 octets (DSMR 4.2.2)."""
    encryptor = Cipher(AES128(default_key), CBC(_NO_IV)).encryptor()
    return encryptor.update(key) + encryptor.finalize()


def sealed_gcm(default_key: bytes, kind: KeyKind, key: bytes, device: MbusDevice, counter: int) -> bytes:
    """KCC (4), AES-128-GCM ciphertext (18), tag (8): 30 octets (SMR 5).

    Args:
        counter: the KCC; never twice with one default key, and above those that the device has seen.
    Raises: as initialisation_vector.
    """
    plaintext = bytes((_KEY_IDS[kind], KEY_OCTETS)) + key
    iv = initialisation_vector(device, counter)
    sealed = AESGCM(default_key).encrypt(iv, plaintext, None)
    return iv[-4:] + sealed[: len(plaintext) + _TAG_OCTETS]


def initialisation_vector(device: MbusDevice, counter: int) -> bytes:
    """Identification number (BCD) and manufacturer, least significant octet first, constants 50 03, KCC: 12 octets.

    Raises: VALIDATION_ERROR where the registry does not know number or manufacturer of the device.
    """
    number, letters = device.identification_number, device.manufacturer
    if number is None or letters is None:
        missing = "identification number" if number is None else "manufacturer"
        raise error(
            "VALIDATION_ERROR",
            f"{device.device_identification}: its M-Bus {missing} is not known",
            field="device_identification",
            rule=f"an M-Bus {missing}",
        )
    manufacturer = manufacturer_code(letters).to_bytes(2, "little")
    return bytes.fromhex(number)[::-1] + manufacturer + _VERSION_AND_MEDIUM + counter.to_bytes(4, "big")


def firmware_mac(key: bytes, iv: bytes, associated_data: bytes) -> bytes:
    """GMAC: the tag of AES-128-GCM without plaintext, 16 octets."""
    if len(iv) != IV_OCTETS:
        raise ValueError(f"the IV has {len(iv)} octets instead of {IV_OCTETS}")
    return AESGCM(key).encrypt(iv, b"", associated_data)
