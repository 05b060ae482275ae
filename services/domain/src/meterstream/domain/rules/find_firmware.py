"""FindFirmware: one firmware file, with its contents."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_firmware import OPERATION, FindFirmwareRequest, FindFirmwareResponse
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader
from meterstream.domain.rules._firmware import to_file


async def find_firmware(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse | PlatformError]:
    """The file of each number; none where there is no such file."""
    answers: list[OperationResponse | PlatformError] = []
    for _, request in asked:
        assert isinstance(request, FindFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        found = await reader.read("firmware_file", {"number": request.number})
        file = to_file(found[0], models=found[0]["device_models"] or ()) if found else None
        answers.append(FindFirmwareResponse(firmware=file))
    return answers


RULE = QueryRule(OPERATION, find_firmware)
