"""SetCommunicationNetworkInformation: where a meter is in the network; what is absent stays as it is."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_communication_network_information import (
    OPERATION,
    SetCommunicationNetworkInformationRequest,
    SetCommunicationNetworkInformationResponse,
)
from meterstream.domain.model.registers import DESCRIPTIONS
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of, needs_description, revise


def set_communication_network_information(turn: RegistryTurn) -> OperationResponse:
    """A new revision of the device's record where the given parts are news.

    Raises: VALIDATION_ERROR (401) for a device without a connection of its own.
    """
    request = turn.request
    assert isinstance(request, SetCommunicationNetworkInformationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = device_of(turn)
    if device.is_mbus:
        field, rule = "header.device_identification", "an M-Bus device is reached through its gateway"
        raise CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule)
    stored = turn.world.row(DESCRIPTIONS, device.identification)
    known = device.description or (stored.description if stored is not None else None)
    if known is None:
        raise CODES["TECHNICAL_ERROR"](f"the registry holds no description of {device.identification}")
    description = known.model_copy(update=request.model_dump(exclude_none=True))
    if description != known:
        device = revise(turn, replace(device, description=description))
    return SetCommunicationNetworkInformationResponse(revision=device.revision)


RULE = RegistryRule(OPERATION, set_communication_network_information, needs_description)
