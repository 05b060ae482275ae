"""Whether a face may speak for the organisation that it names."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.records import KafkaCommands
from meterstream.contracts.topics import SIGNATURE_HEADER
from meterstream.domain.model.registry import Organisation
from meterstream.domain.model.submissions import Face, Origin


def signed_bytes(key: bytes | None, value: bytes) -> bytes:
    """What an organisation signs: the key's length (4 octets, big-endian), the key, the value."""
    present = key or b""
    return len(present).to_bytes(4, "big") + present + value


def refusal(origin: Origin, organisation: Organisation | None, named: str) -> PlatformError | None:
    """Why a message on Kafka does not speak for the organisation `named`; None where it does.

    What ws-adapter sends is vouched for by the organisation's certificate.
    """
    if origin.face is Face.PLATFORM:
        return None
    if organisation is None:
        return CODES["UNKNOWN_ORGANISATION"](f"there is no organisation {named}", field="header.organisation")
    policy = organisation.kafka_commands
    if origin.face is Face.OWN_TOPIC:
        if policy is KafkaCommands.OWN_TOPIC and organisation.slug == origin.slug:
            return None
        return _refused(named, "this topic belongs to another organisation, or its policy is not own-topic")
    if policy is KafkaCommands.TRUSTED:
        return None
    if policy is not KafkaCommands.SIGNED:
        return _refused(named, f"its policy for commands over Kafka is {policy}")
    if origin.signature is None:
        return _refused(named, f"the header {SIGNATURE_HEADER} is missing")
    if not _is_signed(organisation, origin):
        return _refused(named, "the signature does not fit key and value")
    return None


def _refused(named: str, rule: str) -> PlatformError:
    return CODES["UNAUTHORIZED"](
        f"organisation {named} may not send this: {rule}", field="header.organisation", rule=rule
    )


def _is_signed(organisation: Organisation, origin: Origin) -> bool:
    if organisation.signing_key is None or origin.signature is None:
        return False
    message = signed_bytes(origin.key, origin.value)
    try:
        match load_der_public_key(organisation.signing_key):
            case Ed25519PublicKey() as key:
                key.verify(origin.signature, message)
            case RSAPublicKey() as key:
                key.verify(origin.signature, message, PKCS1v15(), SHA256())
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
