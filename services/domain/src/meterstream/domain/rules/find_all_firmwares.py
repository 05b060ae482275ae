"""FindAllFirmwares: the firmware files for a model."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_all_firmwares import (
    OPERATION,
    FindAllFirmwaresRequest,
    FindAllFirmwaresResponse,
)
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader
from meterstream.domain.rules._firmware import to_file


async def find_all_firmwares(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse | PlatformError]:
    """The files by number, without their contents."""
    answers: list[OperationResponse | PlatformError] = []
    for _, request in asked:
        assert isinstance(request, FindAllFirmwaresRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        wanted = {name: getattr(request, name) for name in ("manufacturer", "model_code", "active")}
        found = await reader.read("firmware_files", wanted)
        files = [to_file(row, models=row["device_models"] or ()) for row in found]
        answers.append(FindAllFirmwaresResponse(firmwares=files))
    return answers


RULE = QueryRule(OPERATION, find_all_firmwares)
