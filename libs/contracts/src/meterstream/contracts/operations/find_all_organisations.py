"""FindAllOrganisations: every organisation of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.contracts.soap import Soap, SoapBinding


class FindAllOrganisationsRequest(OperationRequest):
    """All of them."""


class FindAllOrganisationsResponse(OperationResponse):
    """The organisations by identification, disabled ones too."""

    organisations: Annotated[list[OrganisationEntry], Soap("Organisations")]


OPERATION = Operation(
    name="FindAllOrganisations",
    request=FindAllOrganisationsRequest,
    response=FindAllOrganisationsResponse,
    function="GET_ORGANISATIONS",
    summary="List the organisations.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("organisations",),
    needs_known_device=False,
    soap=SoapBinding(service="CoreDeviceManagement", operation="FindAllOrganisations", device=None),
    examples=(FindAllOrganisationsRequest(),),
)
