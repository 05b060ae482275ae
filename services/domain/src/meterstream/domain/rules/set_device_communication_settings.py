"""SetDeviceCommunicationSettings: how a meter is talked to from its next session on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_device_communication_settings import (
    OPERATION,
    SetDeviceCommunicationSettingsRequest,
    SetDeviceCommunicationSettingsResponse,
)
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import connected_device_of, description_of, needs_description, revise

DESCRIBED: Final = frozenset(
    {"challenge_length", "with_list_max", "selective_access_supported", "ip_address_is_static", "polyphase"}
)
"""Settings that AddDevice gives too; the other two are off after it."""


def set_device_communication_settings(turn: RegistryTurn) -> OperationResponse:
    """Replace all seven settings; a new revision of the device's record where one of them is news.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for an M-Bus device.
    """
    request = turn.request
    assert isinstance(request, SetDeviceCommunicationSettingsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = connected_device_of(turn)
    description = description_of(turn, device).model_copy(update=request.model_dump(include=set(DESCRIBED)))
    known = replace(device, description=description_of(turn, device))
    wanted = replace(known, description=description, use_short_names=request.use_short_names, use_hdlc=request.use_hdlc)
    if wanted != known:
        device = revise(turn, wanted)
    return SetDeviceCommunicationSettingsResponse(revision=device.revision)


RULE = RegistryRule(OPERATION, set_device_communication_settings, needs_description)
