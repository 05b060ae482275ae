"""FindOrganisation: one organisation of the registry."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_organisation import (
    OPERATION,
    FindOrganisationRequest,
    FindOrganisationResponse,
)
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_organisation(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The organisation of each request, where there is one."""
    answers: list[OperationResponse] = []
    for _, request in asked:
        assert isinstance(request, FindOrganisationRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        found = await reader.read("organisation_entries", {"organisation": request.organisation})
        entries = [OrganisationEntry.model_validate(row) for row in found]
        answers.append(FindOrganisationResponse(organisation=entries[0] if entries else None))
    return answers


RULE = QueryRule(OPERATION, find_organisation)
