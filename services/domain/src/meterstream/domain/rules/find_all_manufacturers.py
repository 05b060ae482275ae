"""FindAllManufacturers: who makes the devices of the registry."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_all_manufacturers import OPERATION, FindAllManufacturersResponse
from meterstream.contracts.shared.device_models import Manufacturer
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_all_manufacturers(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The same for all who ask."""
    found = await reader.read("manufacturers", {})
    response = FindAllManufacturersResponse(manufacturers=[Manufacturer.model_validate(row) for row in found])
    return [response] * len(asked)


RULE = QueryRule(OPERATION, find_all_manufacturers)
