"""ReplaceKeys: the keys that came with the command are stored, then handed over."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.replace_keys import OPERATION, ReplaceKeysRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.rules import Departure, MeterRule
from meterstream.domain.rules._keys import hand_over_meter_keys, needs_keys


def ciphertexts(request: OperationRequest) -> dict[KeyKind, bytes]:
    """The keys of a request, encrypted."""
    assert isinstance(request, ReplaceKeysRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    found = {
        KeyKind.E_METER_AUTHENTICATION_KEY: request.authentication_key,
        KeyKind.E_METER_ENCRYPTION_KEY_UNICAST: request.encryption_key,
        KeyKind.LLS_PASSWORD: request.lls_password,
        KeyKind.E_METER_MASTER_KEY: request.master_key,
    }
    return {kind: ciphertext for kind, ciphertext in found.items() if ciphertext is not None}


def prepare(departure: Departure) -> Sequence[NewKey]:
    """Raises: DECRYPTION_EXCEPTION (804), INVALID_DLMS_KEY_FORMAT (802), KEY_NOT_PRESENT (806)."""
    given = departure.given_keys
    if isinstance(given, PlatformError):
        raise given
    if given is None:
        raise CODES["TECHNICAL_ERROR"]("the keys were not opened")
    by_kind = {key.kind: key for key in given}
    return hand_over_meter_keys(departure, by_kind, by_kind.__getitem__)


RULE = MeterRule(OPERATION, needs=needs_keys, ciphertexts=ciphertexts, prepare=prepare)
