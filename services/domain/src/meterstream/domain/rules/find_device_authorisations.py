"""FindDeviceAuthorisations: who may do what with a device."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_device_authorisations import (
    OPERATION,
    FindDeviceAuthorisationsRequest,
    FindDeviceAuthorisationsResponse,
)
from meterstream.contracts.shared.registry import Authorisation
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_device_authorisations(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The device's authorisations, the owner's among them."""
    answers: list[OperationResponse] = []
    for header, request in asked:
        assert isinstance(request, FindDeviceAuthorisationsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        found = await reader.read("authorisations_of", {"device": header.device_identification})
        grants = [Authorisation.model_validate(row) for row in found]
        answers.append(FindDeviceAuthorisationsResponse(authorisations=grants))
    return answers


RULE = QueryRule(OPERATION, find_device_authorisations)
