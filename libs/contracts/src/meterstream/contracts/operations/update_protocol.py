"""UpdateProtocol: which protocol the platform speaks with a meter. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.revisions import RevisedDevice
from meterstream.contracts.soap import Soap, SoapBinding

_Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class UpdateProtocolRequest(OperationRequest):
    """Name, version and variant as the platform knows the protocol; no variant is a variant of its own."""

    protocol_name: Annotated[_Name, Soap("Protocol")]
    protocol_version: Annotated[_Name, Soap("ProtocolVersion")]
    protocol_variant: Annotated[_Name | None, Soap("ProtocolVariant")] = None


class UpdateProtocolResponse(RevisedDevice):
    """The revision of the device's record that the platform works with from now on."""


OPERATION = Operation(
    name="UpdateProtocol",
    request=UpdateProtocolRequest,
    response=UpdateProtocolResponse,
    function="UPDATE_PROTOCOL",
    summary="Change the protocol that the platform speaks with a meter.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="SmartMeteringManagement", operation="UpdateProtocol", wrapper="UpdateProtocolData"),
    examples=(
        UpdateProtocolRequest(protocol_name="SMR", protocol_version="5.1"),
        UpdateProtocolRequest(protocol_name="SMR", protocol_version="4.3", protocol_variant="CDMA"),
    ),
)
