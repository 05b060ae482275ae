"""CreateOrganisation: a new organisation."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.create_organisation import (
    OPERATION,
    CreateOrganisationRequest,
    CreateOrganisationResponse,
)
from meterstream.contracts.shared.organisations import PlatformFunctionGroup
from meterstream.domain.model.registers import ORGANISATIONS, Needs, OrganisationRow
from meterstream.domain.model.registry import Organisation
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._organisations import organisation_needs


def create_organisation(turn: RegistryTurn) -> OperationResponse:
    """Its client certificate has its identification as common name.

    Raises: EXISTING_ORGANISATION (102).
    """
    request = turn.request
    assert isinstance(request, CreateOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    new = request.organisation
    if turn.world.row(ORGANISATIONS, new.organisation) is not None:
        message = f"organisation {new.organisation} exists"
        raise CODES["EXISTING_ORGANISATION"](message, field="request.organisation.organisation")
    is_admin = new.function_group is PlatformFunctionGroup.ADMIN
    row = OrganisationRow(
        organisation=new.organisation,
        name=new.name,
        prefix=new.prefix,
        admin=is_admin,
        enabled=new.enabled,
        domains=[domain.value for domain in new.domains],
    )
    turn.world.put_row(ORGANISATIONS, row)
    turn.world.organisations[new.organisation] = Organisation(new.organisation, new.enabled, is_admin)
    return CreateOrganisationResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, CreateOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return organisation_needs(request.organisation.organisation)


RULE = RegistryRule(OPERATION, create_organisation, _needs)
