"""GetActualMeterReadsGas: the last value that a gas meter sent to its gateway."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import DeviceIdentification, Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import Quantity


class GetActualMeterReadsGasRequest(OperationRequest):
    """Read value and capture time of the M-Bus master value {4, 0.x.24.2.1.255} of the gas meter's channel.

    Inside a bundle for its gateway `device_identification` names the gas meter; elsewhere the command does.
    """

    device_identification: Annotated[DeviceIdentification | None, Soap(None, bundle="DeviceIdentification")] = None


class GetActualMeterReadsGasResponse(OperationResponse):
    """When the platform asked, the volume in m3, and when the gas meter captured it."""

    log_time: Annotated[Moment, Soap("LogTime")]
    consumption: Annotated[Quantity | None, Soap("Consumption")] = None
    capture_time: Annotated[Moment, Soap("CaptureTime")]


OPERATION = Operation(
    name="GetActualMeterReadsGas",
    request=GetActualMeterReadsGasRequest,
    response=GetActualMeterReadsGasResponse,
    function="REQUEST_ACTUAL_METER_DATA",
    summary="Read the last captured value of a gas meter.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetActualMeterReadsGas",
        bundle_action="GetActualMeterReadsGasRequest",
        bundle_response="ActualMeterReadsGasResponse",
    ),
    examples=(
        GetActualMeterReadsGasRequest(),
        GetActualMeterReadsGasRequest(device_identification="G0001000000000017"),
    ),
)
