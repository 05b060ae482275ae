"""GetDeviceFirmwareHistory: which firmware files a device had."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.get_device_firmware_history import OPERATION, GetDeviceFirmwareHistoryResponse
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.firmware_files import InstalledFirmware
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader
from meterstream.domain.rules._firmware import to_file


async def get_device_firmware_history(
    reader: RegistryReader, asked: Sequence[Asked]
) -> list[OperationResponse | PlatformError]:
    """The files of each device, the newest first, or UNKNOWN_DEVICE (201)."""
    return [await _history(reader, header.device_identification or "") for header, _ in asked]


async def _history(reader: RegistryReader, device: str) -> OperationResponse | PlatformError:
    found = await reader.read("firmwares_of_device", {"device": device})
    if not found:
        return CODES["UNKNOWN_DEVICE"](f"there is no device {device}", device=device)
    manufacturer, model_code = found[0]["manufacturer"], found[0]["model_code"]
    return GetDeviceFirmwareHistoryResponse(
        device_identification=device,
        firmwares=[
            InstalledFirmware(
                installed_at=row["installed_at"],
                installed_by=row["installed_by"],
                active=row["is_installed"],
                firmware=to_file(row),
            )
            for row in found
            if row["number"] is not None
        ],
        device_model=ModelEntry(manufacturer=manufacturer, model_code=model_code) if manufacturer else None,
    )


RULE = QueryRule(OPERATION, get_device_firmware_history)
