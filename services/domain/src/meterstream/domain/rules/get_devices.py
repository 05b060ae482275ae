"""GetDevices: what an organisation may see of the registry, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.get_devices import (
    OPERATION,
    DeviceSummary,
    GetDevicesRequest,
    GetDevicesResponse,
)
from meterstream.domain.model.rules import Asked, DevicePage, QueryRule, RegistryReader

PAGE_SIZE: Final = 30


async def get_devices(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """One page for each request; a page beyond the last one is empty."""
    wanted = [
        (header.organisation, request.page) for header, request in asked if isinstance(request, GetDevicesRequest)
    ]
    return [_response(page) for page in await reader.device_pages(wanted, PAGE_SIZE)]


def _response(page: DevicePage) -> GetDevicesResponse:
    return GetDevicesResponse(
        total_pages=-(-page.total // PAGE_SIZE),
        devices=[
            DeviceSummary(
                device_uid=device.uid,
                device_identification=device.identification,
                device_type=device.device_type,
                activated=device.activated,
                has_schedule=device.has_schedule,
                public_key_present=device.public_key_present,
                relay=device.relay,
            )
            for device in page.devices
        ],
    )


RULE = QueryRule(OPERATION, get_devices)
