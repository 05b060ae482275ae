"""FindDevicesWithoutOwner: devices for which nobody answers."""

from __future__ import annotations

from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.paging import Page, PageNumber, PageSize


class FindDevicesWithoutOwnerRequest(OperationRequest):
    """A page of them."""

    page: PageNumber = 0
    page_size: PageSize = 25


class FindDevicesWithoutOwnerResponse(OperationResponse):
    """The devices by identification, and which page of how many it is."""

    devices: list[str]
    pages: Page


OPERATION = Operation(
    name="FindDevicesWithoutOwner",
    request=FindDevicesWithoutOwnerRequest,
    response=FindDevicesWithoutOwnerResponse,
    function="GET_DEVICE_NO_OWNER",
    summary="List devices without owner.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    examples=(FindDevicesWithoutOwnerRequest(page=0),),
)
