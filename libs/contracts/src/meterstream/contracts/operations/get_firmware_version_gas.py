"""GetFirmwareVersionGas: firmware version of a gas meter, as its gateway knows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from meterstream.contracts.base import DeviceIdentification, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.soap import Soap, SoapBinding


class FirmwareModuleGasType(StrEnum):
    """What the version is of; there is one kind."""

    SIMPLE_VERSION_INFO = "SIMPLE_VERSION_INFO"


class FirmwareVersionGas(Record):
    """The version as the gateway holds it, most significant octet first: 00400011 for example."""

    version: Annotated[bytes, Soap("Version")]
    module_type: Annotated[FirmwareModuleGasType, Soap("FirmwareModuleType")] = (
        FirmwareModuleGasType.SIMPLE_VERSION_INFO
    )


class GetFirmwareVersionGasRequest(OperationRequest):
    """Read the simple version information {4, 0.x.24.2.11.255, 2} of the gas meter's channel; SMR 5 only.

    Inside a bundle for its gateway `device_identification` names the gas meter; elsewhere the command does.
    """

    device_identification: Annotated[DeviceIdentification | None, Soap(None, bundle="DeviceIdentification")] = None


class GetFirmwareVersionGasResponse(OperationResponse):
    """The gas meter's version."""

    version: Annotated[FirmwareVersionGas, Soap("FirmwareVersion")]


OPERATION = Operation(
    name="GetFirmwareVersionGas",
    request=GetFirmwareVersionGasRequest,
    response=GetFirmwareVersionGasResponse,
    function="GET_FIRMWARE_VERSION",
    summary="Read the firmware version of a gas meter.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetFirmwareVersionGas",
        bundle_action="GetFirmwareVersionGasRequest",
        bundle_response="GetFirmwareVersionGasResponse",
    ),
    examples=(
        GetFirmwareVersionGasRequest(),
        GetFirmwareVersionGasRequest(device_identification="G0001000000000017"),
    ),
)
