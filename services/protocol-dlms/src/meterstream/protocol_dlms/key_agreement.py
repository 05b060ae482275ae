"""Agreement on the master key of a meter (class 64, method 3; C(2e, 0s) of IEC 62056-5-3, 5.3.4.6.3).

Both sides send an ephemeral public key that they sign, and derive the same key. A lost answer loses that key: another
agreement, with fresh ephemeral keys, is what helps, for which neither side needs the master key before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import DeviceRecord
from meterstream.dlms import errors as dlms
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.objects import MeterProfile
from meterstream.dlms.security import (
    KeyId,
    PrivateKey,
    PublicKey,
    SecuritySuite,
    agreed_global_key,
    check_key_agreement_data,
    key_agreement_data,
)
from meterstream.protocol_dlms.failures import translate

SIGNATURE_KEY: Final = "E_METER_SIGNATURE_PUBLIC_KEY"
"""What errors call the meter's own public key; it is no kind of the registry's keys, for it is no secret."""
_OFFERED: Final = (SecuritySuite.SUITE_0, SecuritySuite.SUITE_1)


def suite_of(profile: MeterProfile) -> SecuritySuite:
    """The security suite that the type of a meter lays down.

    Raises: UNSUPPORTED_COMMUNICATION_SETTING for one that this platform does not offer: its keys have 16 octets.
    """
    suite = profile.security_suite
    if suite not in _OFFERED:
        raise error(
            "UNSUPPORTED_COMMUNICATION_SETTING", f"security suite {suite} is not offered", setting="security suite"
        )
    return _OFFERED[suite]


class Agreements:
    """Begins agreements: holds the platform's own private key of signatures.

    Args:
        signing: None where the platform has none.
        fresh: so many fresh random octets.
    """

    def __init__(self, signing: PrivateKey | None, fresh: Callable[[int], bytes]) -> None:
        self._signing = signing
        self._fresh = fresh

    def are_possible(self, record: DeviceRecord) -> bool:
        """Whether both sides have the keys that an agreement needs."""
        return self._signing is not None and record.signature_public_key is not None

    def begin(self, record: DeviceRecord, suite: SecuritySuite) -> Agreement:
        """Raises: UNSUPPORTED_COMMUNICATION_SETTING where the platform has no private key of signatures,
        KEY_NOT_PRESENT where the meter's public one is not registered, INVALID_DLMS_KEY_FORMAT where it is none.
        """
        gateway = record.device_identification
        if self._signing is None:
            raise error(
                "UNSUPPORTED_COMMUNICATION_SETTING",
                f"the master key of {gateway} is agreed on, and the platform has no key to sign with",
                setting="METERSTREAM_KEYS__SIGNING_KEY",
            )
        if record.signature_public_key is None:
            raise error("KEY_NOT_PRESENT", f"{gateway} has no {SIGNATURE_KEY}", kind=SIGNATURE_KEY, device=gateway)
        try:
            meter = PublicKey(suite, record.signature_public_key)
        except dlms.ConfigurationError as failure:
            raise error(
                "INVALID_DLMS_KEY_FORMAT", f"{SIGNATURE_KEY} of {gateway}: {failure}", kind=SIGNATURE_KEY
            ) from None
        ephemeral = PrivateKey.from_random(suite, self._fresh(PrivateKey.random_octets(suite)))
        return Agreement(self._signing, meter, ephemeral)


class Agreement:
    """One agreement on a master key.

    Attributes:
        offer: key data of the request, an octet-string: our ephemeral public key and its signature.
    """

    def __init__(self, signing: PrivateKey, meter: PublicKey, ephemeral: PrivateKey) -> None:
        self._meter = meter
        self._ephemeral = ephemeral
        self.offer = Data(DataType.OCTET_STRING, key_agreement_data(KeyId.MASTER, ephemeral.public, signing))

    def agreed(self, answer: Data | None, client_title: bytes, server_title: bytes) -> bytes:
        """The key that both sides have after the meter's answer.

        Raises: ILLEGAL_RESPONSE for an answer of another form, about another key, or with an ephemeral key that is no
        point of the curve; AUTHENTICATION_ERROR where the meter has not signed it, or sent our own back.
        """
        suite = self._ephemeral.suite
        try:
            peer = check_key_agreement_data(suite, KeyId.MASTER, _key_data(answer), self._meter)
            return agreed_global_key(KeyId.MASTER, self._ephemeral, peer, client_title, server_title)
        except dlms.DecipherError as failure:
            raise _illegal(str(failure)) from failure
        except dlms.DlmsError as failure:
            raise translate(failure) from failure


def _key_data(answer: Data | None) -> bytes:
    """Of an array of one structure{enum key id, octet-string key data}. Raises: ILLEGAL_RESPONSE."""
    match answer:
        case Data(DataType.ARRAY, (Data(DataType.STRUCTURE, (Data(DataType.ENUM, key_id), Data(_, bytes(octets)))),)):
            if key_id == KeyId.MASTER:
                return octets
            raise _illegal(f"key {key_id!r} instead of {KeyId.MASTER.value}")
    raise _illegal("no array of one key id with its key data")


def _illegal(what: str) -> PlatformError:
    return error("ILLEGAL_RESPONSE", f"key agreement answered with {what}", value="key_agreement")
