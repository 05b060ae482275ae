"""FindDevicesWithoutOwner: devices for which nobody answers."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_devices_without_owner import (
    OPERATION,
    FindDevicesWithoutOwnerRequest,
    FindDevicesWithoutOwnerResponse,
)
from meterstream.contracts.shared.paging import Page
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader


async def find_devices_without_owner(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """A page for each request; one beyond the last is empty."""
    answers: list[OperationResponse] = []
    for _, request in asked:
        assert isinstance(request, FindDevicesWithoutOwnerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        size = request.page_size
        found = await reader.read("devices_without_owner", {"size": size, "skip": request.page * size})
        (count,) = await reader.read("count_devices_without_owner", {})
        pages = Page(total_pages=-(-count["total"] // size), page_size=size, current_page=request.page)
        devices = [row["device_identification"] for row in found]
        answers.append(FindDevicesWithoutOwnerResponse(devices=devices, pages=pages))
    return answers


RULE = QueryRule(OPERATION, find_devices_without_owner)
