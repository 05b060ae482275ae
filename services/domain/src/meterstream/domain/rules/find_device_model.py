"""FindDeviceModel: one model of devices."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_device_model import (
    OPERATION,
    FindDeviceModelRequest,
    FindDeviceModelResponse,
)
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_device_model(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse | PlatformError]:
    """The first model of the code by manufacturer, or UNKNOWN_DEVICEMODEL (601)."""
    answers: list[OperationResponse | PlatformError] = []
    for _, request in asked:
        assert isinstance(request, FindDeviceModelRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        found = await reader.read("device_models", {"model_code": request.model_code})
        if found:
            answers.append(FindDeviceModelResponse(device_model=ModelEntry.model_validate(found[0])))
        else:
            message = f"request.model_code: there is no device model {request.model_code}"
            answers.append(CODES["UNKNOWN_DEVICEMODEL"](message, field="request.model_code"))
    return answers


RULE = QueryRule(OPERATION, find_device_model)
