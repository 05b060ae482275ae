"""FindAllOrganisations: every organisation of the registry, disabled ones too; for most who ask, only themselves."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_all_organisations import OPERATION, FindAllOrganisationsResponse
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_all_organisations(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """All of them for an organisation that administers the platform; for any other itself alone."""
    answers: list[OperationResponse] = []
    for header, _ in asked:
        (standing,) = await reader.read("standing", {"organisation": header.organisation, "device": None})
        own = None if standing["admin"] else header.organisation
        found = await reader.read("organisation_entries", {"organisation": own})
        entries = [OrganisationEntry.model_validate(row) for row in found]
        answers.append(FindAllOrganisationsResponse(organisations=entries))
    return answers


RULE = QueryRule(OPERATION, find_all_organisations)
