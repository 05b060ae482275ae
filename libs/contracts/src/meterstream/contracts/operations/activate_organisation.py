"""ActivateOrganisation: lets a disabled organisation work again."""

from __future__ import annotations

from meterstream.contracts.base import OrganisationIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Recorded


class ActivateOrganisationRequest(OperationRequest):
    """Which organisation."""

    organisation: OrganisationIdentification


class ActivateOrganisationResponse(Recorded):
    """When it was enabled."""


OPERATION = Operation(
    name="ActivateOrganisation",
    request=ActivateOrganisationRequest,
    response=ActivateOrganisationResponse,
    function="CHANGE_ORGANISATION",
    summary="Enable an organisation.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    examples=(ActivateOrganisationRequest(organisation="DemoGridOrg"),),
)
