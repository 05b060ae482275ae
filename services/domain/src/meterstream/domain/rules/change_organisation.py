"""ChangeOrganisation: name, rights and domains of an organisation."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.change_organisation import (
    OPERATION,
    ChangeOrganisationRequest,
    ChangeOrganisationResponse,
)
from meterstream.contracts.shared.organisations import PlatformFunctionGroup
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._organisations import change_organisation_row, organisation_needs, refuse_oneself


def change_organisation(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_ORGANISATION (101); VALIDATION_ERROR (401) for an administrator that gives up its own rights."""
    request = turn.request
    assert isinstance(request, ChangeOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    changes = request.model_dump(mode="json", exclude_none=True, include={"name", "prefix", "domains"})
    if request.function_group is not None:
        changes["admin"] = request.function_group is PlatformFunctionGroup.ADMIN
        if not changes["admin"]:
            refuse_oneself(turn, request.organisation, "take the administration from")
    change_organisation_row(turn, request.organisation, **changes)
    return ChangeOrganisationResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, ChangeOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return organisation_needs(request.organisation)


RULE = RegistryRule(OPERATION, change_organisation, _needs)
