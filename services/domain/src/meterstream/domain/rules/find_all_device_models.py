"""FindAllDeviceModels: which models of devices there are."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_all_device_models import OPERATION, FindAllDeviceModelsResponse
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_all_device_models(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The same for all who ask."""
    found = await reader.read("device_models", {"model_code": None})
    response = FindAllDeviceModelsResponse(device_models=[ModelEntry.model_validate(row) for row in found])
    return [response] * len(asked)


RULE = QueryRule(OPERATION, find_all_device_models)
