"""CreateOrganisation: a new organisation."""

from __future__ import annotations

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.organisations import OrganisationEntry, PlatformDomain
from meterstream.contracts.shared.registry import Recorded


class CreateOrganisationRequest(OperationRequest):
    """Its identification must be new; it equals the common name of its client certificate."""

    organisation: OrganisationEntry


class CreateOrganisationResponse(Recorded):
    """When it was made."""


OPERATION = Operation(
    name="CreateOrganisation",
    request=CreateOrganisationRequest,
    response=CreateOrganisationResponse,
    function="CREATE_ORGANISATION",
    summary="Add an organisation.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    needs_known_device=False,
    admin_only=True,
    examples=(
        CreateOrganisationRequest(
            organisation=OrganisationEntry(
                organisation="DemoGridOrg", name="Demo grid operator", prefix="DGO", domains=[PlatformDomain.COMMON]
            )
        ),
    ),
)
