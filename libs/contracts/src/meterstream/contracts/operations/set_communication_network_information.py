"""SetCommunicationNetworkInformation: where a meter is in the network. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target

NetworkAddress = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=255, pattern=r"^[0-9A-Za-z]([0-9A-Za-z.:-]*[0-9A-Za-z:])?$|^::[0-9A-Fa-f.:]*$"
    ),
]
"""An IPv4 or IPv6 address, or a host name."""


class SetCommunicationNetworkInformationRequest(OperationRequest):
    """Address (IP address or host name), base station and cell; what is absent stays as it is."""

    network_address: NetworkAddress | None = None
    base_station: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    cell: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None


class SetCommunicationNetworkInformationResponse(OperationResponse):
    """The revision of the device's record that the platform works with from now on."""

    revision: int


OPERATION = Operation(
    name="SetCommunicationNetworkInformation",
    request=SetCommunicationNetworkInformationRequest,
    response=SetCommunicationNetworkInformationResponse,
    function="SET_COMMUNICATION_NETWORK_INFORMATION",
    summary="Change where a meter is in the network.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    examples=(SetCommunicationNetworkInformationRequest(network_address="10.1.2.3", base_station="2001", cell="3"),),
)
