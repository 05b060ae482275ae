"""Security of associations: suites 0, 1 and 2, every form of protected APDU, HLS, keys.

Pure; OpenSSL does the cryptography.
"""

from meterstream.dlms.security.agreement import (
    AlgorithmId,
    KeyId,
    agreed_global_key,
    check_key_agreement_data,
    derive_key,
    key_agreement_data,
)
from meterstream.dlms.security.ciphers import Cipher, ContentCipher, SuiteCipher, make_cipher
from meterstream.dlms.security.counters import CounterKind, CounterStore, ReceivedCounters, ReservedCounters
from meterstream.dlms.security.curves import AsymmetricKeys, PrivateKey, PublicKey
from meterstream.dlms.security.hls import Proof, challenge_bounds
from meterstream.dlms.security.keys import KEY_OCTETS, TITLE_OCTETS, SecurityKeys, unwrap_key, wrap_key
from meterstream.dlms.security.level import Level
from meterstream.dlms.security.protector import PLAIN, Form, Opened, Protector
from meterstream.dlms.security.suite0 import (
    MAX_COUNTER,
    OVERHEAD,
    SECURITY_CONTROL,
    TOKEN_OCTETS,
    Suite0,
    check_title,
    protected_counter,
)
from meterstream.dlms.security.suites import (
    Ciphering,
    KeyChoice,
    Protection,
    SecurityControl,
    SecurityPolicy,
    SecuritySuite,
)
from meterstream.dlms.security.unprotect import Unprotected, unprotect

__all__ = [
    "KEY_OCTETS", "MAX_COUNTER", "OVERHEAD", "PLAIN", "SECURITY_CONTROL", "TITLE_OCTETS", "TOKEN_OCTETS", "AlgorithmId",
    "AsymmetricKeys", "Cipher", "Ciphering", "ContentCipher", "CounterKind", "CounterStore", "Form", "KeyChoice",
    "KeyId", "Level", "Opened", "PrivateKey", "Proof", "Protection", "Protector", "PublicKey", "ReceivedCounters",
    "ReservedCounters", "SecurityControl", "SecurityKeys", "SecurityPolicy", "SecuritySuite", "Suite0", "SuiteCipher",
    "Unprotected",    "agreed_global_key", "challenge_bounds", "check_key_agreement_data", "check_title", "derive_key",
    "key_agreement_data", "make_cipher", "protected_counter", "unprotect", "unwrap_key", "wrap_key",
]  # fmt: skip
