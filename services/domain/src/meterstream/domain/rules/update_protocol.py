"""UpdateProtocol: which protocol a meter speaks from its next session on."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.update_protocol import OPERATION, UpdateProtocolRequest, UpdateProtocolResponse
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import (
    PROTOCOL_VARIANTS,
    connected_device_of,
    description_of,
    needs_description,
    revise,
)


def update_protocol(turn: RegistryTurn) -> OperationResponse:
    """A new revision of the device's record where the protocol is news; name, version and variant fit exactly.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for an M-Bus device,
        UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT (206).
    """
    request = turn.request
    assert isinstance(request, UpdateProtocolRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = connected_device_of(turn)
    name, version, variant = request.protocol_name, request.protocol_version, request.protocol_variant
    if (name, version) not in turn.protocols or variant not in PROTOCOL_VARIANTS:
        raise CODES["UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT"](
            f"there is no protocol {name} {version}" + (f" in variant {variant}" if variant else ""),
            field="request.protocol_name",
            rule="known protocol name, version and variant",
        )
    known = description_of(turn, device)
    changes = {"protocol_name": name, "protocol_version": version, "protocol_variant": variant}
    description = known.model_copy(update=changes)
    if description != known:
        device = revise(turn, replace(device, description=description))
    return UpdateProtocolResponse(revision=device.revision)


RULE = RegistryRule(OPERATION, update_protocol, needs_description)
