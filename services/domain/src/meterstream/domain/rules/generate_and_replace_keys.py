"""GenerateAndReplaceKeys: keys are made and stored, then handed over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations.generate_and_replace_keys import OPERATION, GenerateAndReplaceKeysRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.rules import Departure, MeterRule
from meterstream.domain.rules._keys import METER_KEYS, hand_over_meter_keys, needs_keys


def prepare(departure: Departure) -> Sequence[NewKey]:
    """Made once: a later attempt hands over the same.

    Raises: KEY_NOT_PRESENT (806).
    """
    device, request = departure.subject.device.identification, departure.subject.request
    assert isinstance(request, GenerateAndReplaceKeysRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    kinds = list(METER_KEYS)
    if request.lls_password:
        kinds.append(KeyKind.LLS_PASSWORD)
    if request.master_key:
        kinds.append(KeyKind.E_METER_MASTER_KEY)
    return hand_over_meter_keys(departure, kinds, partial(departure.make_key, device))


RULE = MeterRule(OPERATION, needs=needs_keys, prepare=prepare)
