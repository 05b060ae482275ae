"""SetKeyOnGMeter: which M-Bus devices a key can be sent to, and which key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations.set_key_on_g_meter import OPERATION, SetKeyOnGMeterRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.addressing import NO_GATEWAY
from meterstream.domain.model.rules import Departure, MeterRule
from meterstream.domain.rules._keys import hand_over_mbus_key, needs_keys
from meterstream.domain.rules._mbus import MBUS_ONLY

IN_BUNDLE: Final = replace(MBUS_ONLY, no_gateway=replace(NO_GATEWAY, code="VALIDATION_ERROR"))
"""Clients know 401 here where a single request gets 220."""


def prepare(departure: Departure) -> Sequence[NewKey]:
    """A key is made, but for closing the optical port, which takes no key that anybody has to remember.

    Raises: KEY_NOT_PRESENT (806).
    """
    request = departure.subject.request
    assert isinstance(request, SetKeyOnGMeterRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    kind = KeyKind(request.secret_type)
    if request.close_optical_port and kind is KeyKind.G_METER_OPTICAL_PORT_KEY:
        return []
    return hand_over_mbus_key(departure, request.mbus_device_identification, kind)


RULE = MeterRule(OPERATION, needs=needs_keys, addressing=MBUS_ONLY, addressing_in_bundle=IN_BUNDLE, prepare=prepare)
