"""What a client needs to know before it opens an association."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, MAX_PDU, Conformance
from meterstream.dlms.data import DEFAULT_LIMITS, DataLimits
from meterstream.dlms.errors import ChallengeLengthError, ConfigurationError
from meterstream.dlms.security import (
    AsymmetricKeys,
    Ciphering,
    KeyChoice,
    Level,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
    challenge_bounds,
    check_title,
)
from meterstream.dlms.security.hls import MAX_CHALLENGE, MIN_CHALLENGE, check_proof
from meterstream.dlms.transfer import DEFAULT_GENERAL_LIMITS, GeneralLimits

__all__ = [
    "MANAGEMENT_CLIENT", "MAX_CHALLENGE", "MIN_CHALLENGE", "PUBLIC_CLIENT", "AnswerLimits", "AssociationConfig",
    "ReceivedCounterPolicy", "TransactionPolicy", "check_challenge_length", "client_title_for",
]  # fmt: skip

PUBLIC_CLIENT: Final = 16
MANAGEMENT_CLIENT: Final = 1

_AUTHENTICATED_ENCRYPTED: Final = int(SecurityPolicy.AUTHENTICATED_ENCRYPTED)
_SIGNED: Final = int(SecurityPolicy.SIGNED)
_SIGNED_REQUEST: Final = int(SecurityPolicy.SIGNED_REQUEST)
_GENERAL_PROTECTION: Final = int(Conformance.GENERAL_PROTECTION)
_TITLE_PREFIX: Final = b"   "
_TITLE_DIGITS: Final = re.compile(r"[0-9]{1,12}\Z")


class ReceivedCounterPolicy(Enum):
    """How the counter of a meter's first answer relates to that of earlier associations under the same keys.

    RISING: above the last one known. FREE: anything, for meters that restart it on every connection. Inside an
    association it always has to rise.
    """

    RISING = "rising"
    FREE = "free"


class TransactionPolicy(Enum):
    """What the transaction id of an answer must be where it is all that tells an answer from a replayed one.

    That is so under general-ciphering with a wrapped or agreed key, and under general-signing of a plain APDU.
    ECHOED: that of the request. RISING: as a number, above the last one known of this meter.
    """

    ECHOED = "echoed"
    RISING = "rising"


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Bounds on one answer, all its blocks together.

    Attributes:
        general: bounds of general block transfer, both ways, and the window it offers.
        max_notifications: that wait until they are taken; more are counted only.
    Raises: ConfigurationError.
    """

    max_bytes: int = 4 * 1024 * 1024
    max_blocks: int = 16_384
    data: DataLimits = DEFAULT_LIMITS
    general: GeneralLimits = DEFAULT_GENERAL_LIMITS
    max_notifications: int = 64

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_blocks"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is below 1")
        if self.max_notifications < 0:
            raise ConfigurationError("max_notifications is below 0")


@dataclass(frozen=True, slots=True)
class AssociationConfig:
    """Settings of one association.

    Attributes:
        client_sap, server_sap: wPorts; 16 is the public client, server 1 the management logical device.
        client_title: 8 bytes, needed where APDUs are ciphered and for HLS 5, 6 and 7.
        keys: needed where APDUs are ciphered and for HLS 5.
        password: attribute `secret` of the association: LLS password, or HLS secret of mechanisms 3, 4 and 6.
        challenge_length: of CtoS, 8..64, with HLS 7 32..64; some meters take 16 at most.
        max_pdu: what the meter may send at once; longer answers are taken all the same.
        with_list_max: references in one GET or SET with-list; 1 means single requests.
        last_received_counters: by server title, the highest counter known under the global key; used when the policy
            is RISING. A dedicated key starts a counter of its own.
        policy: how requests are protected, and the least protection that answers must have.
        ciphering: the APDUs that carry ciphered services once the association is open; a dedicated key is made of
            fresh random bytes for each association.
        key_choice: key-info of general-ciphering.
        asymmetric: elliptic-curve keys for HLS 7, signatures and agreed keys.
        transaction_policy, last_received_transactions: see TransactionPolicy; the latter by server title.
        ciphered, standard, general, counters_per_apdu: derived. Whether APDUs are ciphered; whether as most meters
            want it: suite 0, authenticated and encrypted, service-specific with the global key; whether general
            protection is needed; and the invocation counters that one APDU uses up at most.
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
    policy: SecurityPolicy = SecurityPolicy.AUTHENTICATED_ENCRYPTED
    ciphering: Ciphering = Ciphering.GLOBAL
    key_choice: KeyChoice = KeyChoice.IDENTIFIED
    asymmetric: AsymmetricKeys | None = None
    transaction_policy: TransactionPolicy = TransactionPolicy.ECHOED
    last_received_transactions: Mapping[bytes, int] = field(default_factory=lambda: MappingProxyType({}))
    ciphered: bool = field(init=False, repr=False)
    standard: bool = field(init=False, repr=False)
    general: bool = field(init=False, repr=False)
    counters_per_apdu: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.client_sap <= 0xFFFF or not 0 <= self.server_sap <= 0xFFFF:
            raise ConfigurationError("client_sap and server_sap are wPorts, 0..65535")
        if not 0 <= self.max_pdu <= MAX_PDU or self.with_list_max < 1:
            raise ConfigurationError("max_pdu is 0..65535, with_list_max at least 1")
        policy, conformance = int(self.policy), int(self.conformance)  # plain: & of flags makes a member each time
        ciphered = self.level.ciphered and policy & _AUTHENTICATED_ENCRYPTED != 0
        standard = (
            ciphered
            and policy == _AUTHENTICATED_ENCRYPTED
            and self.ciphering is Ciphering.GLOBAL
            and self.keys is not None
            and self.keys.suite is SecuritySuite.SUITE_0
            and not conformance & _GENERAL_PROTECTION
        )
        object.__setattr__(self, "ciphered", ciphered)
        object.__setattr__(self, "standard", standard)
        signed = policy & _SIGNED_REQUEST != 0
        general = self.ciphering.general or policy & _SIGNED != 0
        object.__setattr__(self, "general", general and self.level is not Level.NONE)
        object.__setattr__(self, "counters_per_apdu", 2 if ciphered and signed else 1)
        self._check_level()
        if not standard:
            self._check_protection()

    def _check_level(self) -> None:
        level = self.level
        if level is Level.NONE:
            return
        if (self.ciphered or level is Level.HLS5_GMAC) and (self.client_title is None or self.keys is None):
            raise ConfigurationError(f"{level.name} needs client_title and keys")
        if self.client_title is not None:
            check_title(self.client_title, "client")
        elif level.needs_titles:
            raise ConfigurationError(f"{level.name} needs client_title")
        check_proof(level, self.password, self.asymmetric)
        if level.hls:
            check_challenge_length(self.challenge_length, level)

    def _check_protection(self) -> None:
        if self.level is Level.NONE:
            return
        if self.general and not self.conformance & Conformance.GENERAL_PROTECTION:
            raise ConfigurationError("general protection has to be proposed in conformance")
        if self.policy & SecurityPolicy.SIGNED and (self.asymmetric is None or self.client_title is None):
            raise ConfigurationError("signatures need asymmetric keys and client_title")
        if self.ciphering.dedicated and not self.policy & SecurityPolicy.ENCRYPTED_REQUEST:
            raise ConfigurationError("a dedicated key has to be sent encrypted")
        if self.ciphering is Ciphering.GENERAL and self.key_choice.carries_key:
            self._check_carried_key()

    def _check_carried_key(self) -> None:
        if self.key_choice is KeyChoice.WRAPPED:
            if self.keys is None or self.keys.master_key is None:
                raise ConfigurationError("wrapped keys need the master key")
        elif self.asymmetric is None or None in (self.asymmetric.agreement, self.asymmetric.peer_agreement):
            raise ConfigurationError("agreed keys need the key agreement keys of both sides")
        elif self.keys is not None and self.keys.suite is not self.asymmetric.suite:
            raise ConfigurationError("asymmetric keys are not of the suite of the keys")


def check_challenge_length(length: int, level: Level = Level.HLS5_GMAC) -> None:
    """Raises: ChallengeLengthError."""
    bounds = challenge_bounds(level)
    if length not in bounds:
        raise ChallengeLengthError(f"challenge of {length} bytes; {bounds[0]}..{bounds[-1]} are possible")


@lru_cache(maxsize=4096)  # asked for several times in each session
def client_title_for(device_identification: str) -> bytes:
    """System title of the client towards one device: three spaces and its last digits, 12 at most, as a 40-bit number.

    A title of its own per meter keeps nonces of different meters apart even under equal keys. It has no manufacturer
    code, which meters do not check. client_title_for("EXXXX123456789012") == 20 20 20 1C BE 99 1A 14.
    Raises: ConfigurationError when the identification does not end in a digit.
    """
    digits = _TITLE_DIGITS.search(device_identification)
    if digits is None:
        raise ConfigurationError("a device identification ends in digits")
    return _TITLE_PREFIX + int(digits.group()).to_bytes(5, "big")
