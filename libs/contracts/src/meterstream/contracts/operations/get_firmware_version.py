"""GetFirmwareVersion: versions of the firmware modules of an electricity meter."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class FirmwareModuleType(StrEnum):
    """A part of the meter with firmware of its own; its active firmware identifier is a data object (class 1).

    In this order: 1.0.0.2.0.255, 1.1.0.2.0.255, 1.2.0.2.0.255 and, SMR 5 only, 1.4.0.2.0.255.
    """

    ACTIVE_FIRMWARE = "ACTIVE_FIRMWARE"
    MODULE_ACTIVE_FIRMWARE = "MODULE_ACTIVE_FIRMWARE"
    COMMUNICATION_MODULE_ACTIVE_FIRMWARE = "COMMUNICATION_MODULE_ACTIVE_FIRMWARE"
    M_BUS_DRIVER_ACTIVE_FIRMWARE = "M_BUS_DRIVER_ACTIVE_FIRMWARE"


class FirmwareVersion(Record):
    """Version of one module: the meter's octets as ASCII text, without control characters."""

    version: Annotated[str, Soap("Version")]
    module_type: Annotated[FirmwareModuleType, Soap("FirmwareModuleType")]


class GetFirmwareVersionRequest(OperationRequest):
    """Read attribute 2 of the active firmware identifiers that the meter's protocol version has."""


class GetFirmwareVersionResponse(OperationResponse):
    """One version per module."""

    versions: Annotated[list[FirmwareVersion], Soap("FirmwareVersion", bundle="FirmwareVersions")]


OPERATION = Operation(
    name="GetFirmwareVersion",
    request=GetFirmwareVersionRequest,
    response=GetFirmwareVersionResponse,
    function="GET_FIRMWARE_VERSION",
    summary="Read the firmware versions of an electricity meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetFirmwareVersion",
        bundle_action="GetFirmwareVersionRequest",
        bundle_response="GetFirmwareVersionResponse",
    ),
    also_soap=(
        SoapBinding(
            service="CoreFirmwareManagement",
            operation="GetFirmwareVersion",
        ),
    ),
    examples=(GetFirmwareVersionRequest(),),
)
