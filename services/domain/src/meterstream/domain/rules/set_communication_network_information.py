"""SetCommunicationNetworkInformation: where a meter is in the network; what is absent stays as it is."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_communication_network_information import (
    OPERATION,
    SetCommunicationNetworkInformationRequest,
    SetCommunicationNetworkInformationResponse,
)
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import connected_device_of, description_of, needs_description, revise


def set_communication_network_information(turn: RegistryTurn) -> OperationResponse:
    """A new revision of the device's record where the given parts are news.

    Raises: VALIDATION_ERROR (401) for a device without a connection of its own.
    """
    request = turn.request
    assert isinstance(request, SetCommunicationNetworkInformationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = connected_device_of(turn)
    known = description_of(turn, device)
    description = known.model_copy(update=request.model_dump(exclude_none=True))
    if description != known:
        device = revise(turn, replace(device, description=description))
    return SetCommunicationNetworkInformationResponse(revision=device.revision)


RULE = RegistryRule(OPERATION, set_communication_network_information, needs_description)
