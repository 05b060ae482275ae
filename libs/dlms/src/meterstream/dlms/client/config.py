"""What a client needs to know before it opens an association."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, MAX_PDU, Conformance
from meterstream.dlms.data import DEFAULT_LIMITS, DataLimits
from meterstream.dlms.errors import ChallengeLengthError, ConfigurationError
from meterstream.dlms.security import Level, SecurityKeys, check_title

MIN_CHALLENGE: Final = 8
MAX_CHALLENGE: Final = 64
PUBLIC_CLIENT: Final = 16
MANAGEMENT_CLIENT: Final = 1

_TITLE_PREFIX: Final = b"   "
_TITLE_DIGITS: Final = re.compile(r"[0-9]{12}\Z")


class ReceivedCounterPolicy(Enum):
    """How the counter of a meter's first answer relates to that of earlier associations under the same keys.

    RISING: above the last one known. FREE: anything, for meters that restart it on every connection. Inside an
    association it always has to rise.
    """

    RISING = "rising"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Bounds on one answer, all its blocks together."""

    max_bytes: int = 4 * 1024 * 1024
    max_blocks: int = 16_384
    data: DataLimits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class AssociationConfig:
    """Settings of one association.

    Attributes:
        client_sap, server_sap: wPorts; 16 is the public client, server 1 the management logical device.
        client_title: 8 bytes, needed unless level is NONE.
        challenge_length: of CtoS, 8..64; some meters take 16 at most.
        max_pdu: what the meter may send at once; longer answers are taken all the same.
        with_list_max: references in one GET or SET with-list; 1 means single requests.
        last_received_counters: by server title, the highest counter known; used when the policy is RISING.
    Raises: ConfigurationError, ChallengeLengthError.
    """

    level: Level
    client_sap: int = MANAGEMENT_CLIENT
    server_sap: int = 1
    client_title: bytes | None = None
    keys: SecurityKeys | None = None
    password: bytes | None = field(default=None, repr=False)
    challenge_length: int = MAX_CHALLENGE
    conformance: Conformance = DEFAULT_CONFORMANCE
    max_pdu: int = MAX_PDU
    with_list_max: int = 1
    received_counter_policy: ReceivedCounterPolicy = ReceivedCounterPolicy.RISING
    last_received_counters: Mapping[bytes, int] = field(default_factory=lambda: MappingProxyType({}))
    limits: AnswerLimits = field(default_factory=AnswerLimits)

    def __post_init__(self) -> None:
        if not 0 <= self.client_sap <= 0xFFFF or not 0 <= self.server_sap <= 0xFFFF:
            raise ConfigurationError("client_sap and server_sap are wPorts, 0..65535")
        if not 0 <= self.max_pdu <= MAX_PDU or self.with_list_max < 1:
            raise ConfigurationError("max_pdu is 0..65535, with_list_max at least 1")
        if not self.level.ciphered:
            return
        if self.client_title is None or self.keys is None:
            raise ConfigurationError(f"{self.level.name} needs client_title and keys")
        check_title(self.client_title, "client")
        if self.level is Level.LLS and self.password is None:
            raise ConfigurationError("LLS needs a password")
        if self.level is Level.HLS5_GMAC:
            check_challenge_length(self.challenge_length)


def check_challenge_length(length: int) -> None:
    if not MIN_CHALLENGE <= length <= MAX_CHALLENGE:
        raise ChallengeLengthError(f"challenge of {length} bytes; {MIN_CHALLENGE}..{MAX_CHALLENGE} are possible")


def client_title_for(device_identification: str) -> bytes:
    """System title of the client towards one device: three spaces and the last 12 digits as a 40-bit number.

    A title of its own per meter keeps nonces of different meters apart even under equal keys. It has no manufacturer
    code, which meters do not check. client_title_for("EXXXX123456789012") == 20 20 20 1C BE 99 1A 14.
    Raises: ConfigurationError when the identification does not end in 12 digits.
    """
    digits = _TITLE_DIGITS.search(device_identification)
    if digits is None:
        raise ConfigurationError("a device identification ends in 12 digits")
    return _TITLE_PREFIX + int(digits.group()).to_bytes(5, "big")
