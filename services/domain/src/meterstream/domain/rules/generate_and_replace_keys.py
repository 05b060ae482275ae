"""GenerateAndReplaceKeys: keys are made and stored, then handed over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations.generate_and_replace_keys import OPERATION
from meterstream.domain.model.rules import Departure, MeterRule
from meterstream.domain.rules._keys import hand_over_meter_keys, needs_keys


def prepare(departure: Departure) -> Sequence[NewKey]:
    """Made once: a later attempt hands over the same."""
    device = departure.subject.device.identification
    return hand_over_meter_keys(departure, partial(departure.make_key, device))


RULE = MeterRule(OPERATION, needs=needs_keys, prepare=prepare)
