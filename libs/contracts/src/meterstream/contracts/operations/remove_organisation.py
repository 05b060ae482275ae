"""RemoveOrganisation: disables an organisation."""

from __future__ import annotations

from meterstream.contracts.base import OrganisationIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Recorded


class RemoveOrganisationRequest(OperationRequest):
    """Its row stays; refused while it holds authorisations for devices."""

    organisation: OrganisationIdentification


class RemoveOrganisationResponse(Recorded):
    """When it was disabled."""


OPERATION = Operation(
    name="RemoveOrganisation",
    request=RemoveOrganisationRequest,
    response=RemoveOrganisationResponse,
    function="REMOVE_ORGANISATION",
    summary="Disable an organisation without devices.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    examples=(RemoveOrganisationRequest(organisation="DemoGridOrg"),),
)
