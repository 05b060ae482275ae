"""FindAllOrganisations: every organisation of the registry, disabled ones too."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_all_organisations import OPERATION, FindAllOrganisationsResponse
from meterstream.contracts.shared.organisations import OrganisationEntry
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_all_organisations(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The same for all who ask."""
    found = await reader.read("organisation_entries", {"organisation": None})
    response = FindAllOrganisationsResponse(organisations=[OrganisationEntry.model_validate(row) for row in found])
    return [response] * len(asked)


RULE = QueryRule(OPERATION, find_all_organisations)
