"""Security suite 0: sealing and opening of APDUs, HLS 5 tokens, key wrap. Pure; OpenSSL does the cryptography."""

from meterstream.dlms.security.keys import KEY_OCTETS, TITLE_OCTETS, SecurityKeys, unwrap_key, wrap_key
from meterstream.dlms.security.level import Level
from meterstream.dlms.security.suite0 import (
    MAX_COUNTER,
    OVERHEAD,
    SECURITY_CONTROL,
    TOKEN_OCTETS,
    Suite0,
    check_title,
    protected_counter,
)

__all__ = [
    "KEY_OCTETS", "MAX_COUNTER", "OVERHEAD", "SECURITY_CONTROL", "TITLE_OCTETS", "TOKEN_OCTETS", "Level",
    "SecurityKeys", "Suite0", "check_title", "protected_counter", "unwrap_key", "wrap_key",
]  # fmt: skip
