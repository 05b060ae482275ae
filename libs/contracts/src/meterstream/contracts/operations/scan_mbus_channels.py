"""ScanMbusChannels: what stands on the four M-Bus channels of a gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import MbusChannel


class MbusShortId(Record):
    """The short equipment identifier of an M-Bus device, attributes 6 to 9 of the M-Bus client (class 72).

    A number that is none, a BCD of other digits for example, comes as the meter's raw text.
    """

    identification_number: Annotated[str | None, Soap("IdentificationNumber")] = None
    manufacturer: Annotated[str | None, Soap("ManufacturerIdentification")] = None
    version: Annotated[int | None, Field(ge=0, le=255), Soap("VersionIdentification")] = None
    device_type: Annotated[int | None, Field(ge=0, le=255), Soap("DeviceTypeIdentification")] = None


class ScannedChannel(Record):
    """One channel; without an identifier where the meter said nothing of it."""

    channel: Annotated[MbusChannel, Soap("Channel")]
    short_id: Annotated[MbusShortId | None, Soap("ShortId")] = None


class ScanMbusChannelsRequest(OperationRequest):
    """Read attributes 6 to 9 of the M-Bus clients {72, 0.1.24.1.0.255} to {72, 0.4.24.1.0.255}."""


class ScanMbusChannelsResponse(OperationResponse):
    """The channels in ascending order."""

    channels: Annotated[list[ScannedChannel], Field(max_length=4), Soap("ChannelShortId")] = Field(default_factory=list)


OPERATION = Operation(
    name="ScanMbusChannels",
    request=ScanMbusChannelsRequest,
    response=ScanMbusChannelsResponse,
    function="SCAN_MBUS_CHANNELS",
    summary="Read the identity of the M-Bus devices on a gateway's channels.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="ScanMbusChannels",
        bundle_action="ScanMbusChannelsRequest",
        bundle_response="ScanMbusChannelsResponse",
    ),
    examples=(ScanMbusChannelsRequest(),),
)
