"""RemoveOrganisation: disables an organisation; its row stays."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.remove_organisation import (
    OPERATION,
    RemoveOrganisationRequest,
    RemoveOrganisationResponse,
)
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._organisations import (
    change_organisation_row,
    known_organisation,
    organisation_needs,
    refuse_oneself,
)


def remove_organisation(turn: RegistryTurn) -> OperationResponse:
    """Raises: UNKNOWN_ORGANISATION (101), EXISTING_DEVICE_AUTHORIZATIONS (302), VALIDATION_ERROR (401) for oneself."""
    request = turn.request
    assert isinstance(request, RemoveOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    if known_organisation(turn, request.organisation).has_authorisations:
        message = f"organisation {request.organisation} holds authorisations for devices"
        raise CODES["EXISTING_DEVICE_AUTHORIZATIONS"](message, field="request.organisation")
    refuse_oneself(turn, request.organisation, "remove")
    change_organisation_row(turn, request.organisation, enabled=False)
    return RemoveOrganisationResponse(recorded_at=turn.now)


def _needs(_: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, RemoveOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return organisation_needs(request.organisation)


RULE = RegistryRule(OPERATION, remove_organisation, _needs)
