"""Key agreement and key derivation of suites 1 and 2 (IEC 62056-5-3, 5.3.4.6; NIST SP 800-56A). Pure functions.

C(1e, 1s) and C(0e, 2s) give the key of one general-ciphering APDU. C(2e, 0s) gives global keys through method
key_agreement of class 64: both sides send an ephemeral public key with its signature, then both derive the same key.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from meterstream.dlms.errors import AuthenticationError, ConfigurationError, DecipherError
from meterstream.dlms.security.curves import PrivateKey, PublicKey
from meterstream.dlms.security.suites import SecuritySuite

_ALGORITHM_OID: Final = bytes.fromhex("608574050803")
_HASHES: Final[dict[SecuritySuite, hashes.HashAlgorithm]] = {
    SecuritySuite.SUITE_1: hashes.SHA256(),
    SecuritySuite.SUITE_2: hashes.SHA384(),
}


class AlgorithmId(IntEnum):
    """Last arc of 2.16.756.5.8.3.x: what the derived key is for."""

    AES_GCM_128 = 0
    AES_GCM_256 = 1
    AES_WRAP_128 = 2
    AES_WRAP_256 = 3

    @staticmethod
    def of_ciphering(suite: SecuritySuite) -> AlgorithmId:
        return AlgorithmId.AES_GCM_256 if suite is SecuritySuite.SUITE_2 else AlgorithmId.AES_GCM_128

    @staticmethod
    def of_key_wrap(suite: SecuritySuite) -> AlgorithmId:
        return AlgorithmId.AES_WRAP_256 if suite is SecuritySuite.SUITE_2 else AlgorithmId.AES_WRAP_128


class KeyId(IntEnum):
    """key_id of class 64, methods global_key_transfer and key_agreement."""

    GLOBAL_UNICAST_ENCRYPTION = 0
    GLOBAL_BROADCAST_ENCRYPTION = 1
    AUTHENTICATION = 2
    MASTER = 3


def derive_key(
    suite: SecuritySuite, shared_secret: bytes, algorithm: AlgorithmId, party_u: bytes, party_v: bytes
) -> bytes:
    """The key that concatenation KDF makes of Z; OtherInfo is AlgorithmID | PartyUInfo | PartyVInfo.

    Raises: ConfigurationError in suite 0.
    """
    if suite not in _HASHES:
        raise ConfigurationError("suite 0 has no key agreement")
    other_info = _ALGORITHM_OID + bytes((algorithm,)) + party_u + party_v
    return ConcatKDFHash(_HASHES[suite], suite.key_octets, other_info).derive(shared_secret)


def one_pass_key(own: PrivateKey, peer: PublicKey, originator: bytes, recipient: bytes) -> bytes:
    """Key of a general-ciphering APDU by C(1e, 1s): one of the two keys is the originator's ephemeral one.

    Args:
        originator, recipient: system titles as the APDU names them.
    Raises: DecipherError when the curves differ.
    """
    return derive_key(own.suite, own.shared_secret(peer), AlgorithmId.of_ciphering(own.suite), originator, recipient)


def static_key(own: PrivateKey, peer: PublicKey, originator: bytes, recipient: bytes, transaction: bytes) -> bytes:
    """Key of a general-ciphering APDU by C(0e, 2s); `transaction`, the transaction id, is the nonce of party U.

    Raises: DecipherError when the curves differ, or without a transaction id.
    """
    if not 0 < len(transaction) < 0x80:
        raise DecipherError("static unified model without a transaction id of 1..127 octets")
    party_u = originator + bytes((len(transaction),)) + transaction
    return derive_key(own.suite, own.shared_secret(peer), AlgorithmId.of_ciphering(own.suite), party_u, recipient)


def sign_ephemeral(ephemeral: PublicKey, signing: PrivateKey) -> bytes:
    """key-ciphered-data of a one-pass key: the ephemeral public key and its signature."""
    return ephemeral.octets + signing.sign(ephemeral.octets)


def check_ephemeral(suite: SecuritySuite, data: bytes, signer: PublicKey) -> PublicKey:
    """Reverse of sign_ephemeral. Raises: AuthenticationError, DecipherError."""
    return _verified(suite, data, signer, b"")


def key_agreement_data(key_id: KeyId, ephemeral: PublicKey, signing: PrivateKey) -> bytes:
    """key_data of method key_agreement: the ephemeral public key and a signature over key_id and it."""
    return ephemeral.octets + signing.sign(bytes((key_id,)) + ephemeral.octets)


def check_key_agreement_data(suite: SecuritySuite, key_id: KeyId, data: bytes, signer: PublicKey) -> PublicKey:
    """The ephemeral public key that the other side sent. Raises: AuthenticationError, DecipherError."""
    return _verified(suite, data, signer, bytes((key_id,)))


def agreed_global_key(
    key_id: KeyId, own: PrivateKey, peer: PublicKey, client_title: bytes, server_title: bytes
) -> bytes:
    """The key both sides have after method key_agreement, by C(2e, 0s); the client is party U.

    Args:
        own, peer: ephemeral keys; each is for one agreement.
    Raises: DecipherError when the curves differ, AuthenticationError when the other side sent our own key back.
    """
    if own.public == peer:
        raise AuthenticationError("the other side sent our own ephemeral key back")
    suite = own.suite
    wraps = key_id is KeyId.MASTER
    algorithm = AlgorithmId.of_key_wrap(suite) if wraps else AlgorithmId.of_ciphering(suite)
    return derive_key(suite, own.shared_secret(peer), algorithm, client_title, server_title)


def _verified(suite: SecuritySuite, data: bytes, signer: PublicKey, prefix: bytes) -> PublicKey:
    octets = 2 * suite.coordinate_octets
    if len(data) != 2 * octets:
        raise DecipherError(f"ephemeral key and signature of {len(data)} instead of {2 * octets} octets")
    if not signer.verifies(data[octets:], prefix + data[:octets]):
        raise AuthenticationError("signature of the ephemeral key is wrong")
    try:
        return PublicKey(suite, data[:octets])
    except ConfigurationError as error:
        raise DecipherError("ephemeral key is no point of the curve") from error
