"""ActivateOrganisation: lets a disabled organisation work again."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.activate_organisation import (
    OPERATION,
    ActivateOrganisationRequest,
    ActivateOrganisationResponse,
)
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._organisations import change_organisation_row, organisation_needs


def activate_organisation(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_ORGANISATION (101)."""
    request = turn.request
    assert isinstance(request, ActivateOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    change_organisation_row(turn, request.organisation, enabled=True)
    return ActivateOrganisationResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, ActivateOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return organisation_needs(request.organisation)


RULE = RegistryRule(OPERATION, activate_organisation, _needs)
