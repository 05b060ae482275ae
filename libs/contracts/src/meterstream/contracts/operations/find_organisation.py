"""FindOrganisation: one organisation of the registry."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import OrganisationIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.contracts.soap import Soap, SoapBinding


class FindOrganisationRequest(OperationRequest):
    """Which organisation."""

    organisation: Annotated[OrganisationIdentification, Soap("OrganisationIdentification")]


class FindOrganisationResponse(OperationResponse):
    """The organisation, if there is one of that name."""

    organisation: Annotated[OrganisationEntry | None, Soap("Organisation")] = None


OPERATION = Operation(
    name="FindOrganisation",
    request=FindOrganisationRequest,
    response=FindOrganisationResponse,
    function="GET_ORGANISATIONS",
    summary="Show an organisation.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    resources=("organisations/{organisation}",),
    needs_known_device=False,
    soap=SoapBinding(service="CoreDeviceManagement", operation="FindOrganisation", device=None),
    examples=(FindOrganisationRequest(organisation="DemoGridOrg"),),
)
