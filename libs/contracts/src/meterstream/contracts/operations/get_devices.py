"""GetDevices: the devices for which an organisation has an authorisation, page by page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.relays import KnownRelay
from meterstream.contracts.soap import Soap, SoapBinding


class GetDevicesRequest(OperationRequest):
    """A page of 30 devices, the first is 0; descending device identification."""

    page: Annotated[int, Field(ge=0, le=10_000_000), Soap("Page")] = 0


class DeviceSummary(Record):
    """A device as the registry knows it; `relay` is absent where the state of its breaker or valve is not known."""

    device_uid: Annotated[str, Soap("DeviceUid")]
    device_identification: Annotated[str, Soap("DeviceIdentification")]
    device_type: Annotated[str, Soap("DeviceType")]
    activated: Annotated[bool, Soap("Activated")]
    has_schedule: Annotated[bool, Soap("HasSchedule")]
    public_key_present: Annotated[bool, Soap("PublicKeyPresent")]
    relay: KnownRelay | None = None


class GetDevicesResponse(OperationResponse):
    """The page, and how many there are."""

    total_pages: Annotated[int, Soap("DevicePage/TotalPages")]
    devices: Annotated[list[DeviceSummary], Soap("DevicePage/Devices")]


OPERATION = Operation(
    name="GetDevices",
    request=GetDevicesRequest,
    response=GetDevicesResponse,
    function="GET_DEVICES",
    summary="List the devices of the organisation.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    resources=("devices",),
    soap=SoapBinding(service="SmartMeteringManagement", operation="GetDevices", device=None),
    examples=(GetDevicesRequest(page=0),),
)
