"""GetGsmDiagnostic: how well a meter's modem is served by the mobile network."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.gsm import (
    CircuitSwitchedStatus,
    ModemRegistrationStatus,
    PacketSwitchedStatus,
    SignalQuality,
)
from meterstream.contracts.soap import Soap, SoapBinding

_DATA = "GetGsmDiagnosticResponseData"


class GetGsmDiagnosticRequest(OperationRequest):
    """Read attributes 2 to 8 of the GSM diagnostic (class 47) that belongs to the device's communication method.

    CDMA 0.1.25.6.0.255, GPRS 0.0.25.6.0.255, LTE 0.2.25.6.0.255.
    """


class CellInfo(Record):
    """The serving cell, attribute 6: cell, location area, network and channel numbers, as the modem tells them.

    `bit_error_rate` is 0 to 7, 99 not known (3GPP TS 27.007, +CSQ).
    """

    cell_id: Annotated[int, Soap("CellId")]
    location_id: Annotated[int, Soap("LocationId")]
    signal_quality: Annotated[SignalQuality, Soap("SignalQuality")]
    bit_error_rate: Annotated[int, Soap("BitErrorRate")]
    mobile_country_code: Annotated[int, Soap("MobileCountryCode")]
    mobile_network_code: Annotated[int, Soap("MobileNetworkCode")]
    channel_number: Annotated[int, Soap("ChannelNumber")]


class AdjacentCell(Record):
    """A cell next to it, attribute 7."""

    cell_id: Annotated[int, Soap("CellId")]
    signal_quality: Annotated[SignalQuality, Soap("SignalQuality")]


class GetGsmDiagnosticResponse(OperationResponse):
    """What the modem said last, and when; no capture time where the meter tells none."""

    operator: Annotated[str, Soap(f"{_DATA}/Operator", bundle="Operator")]
    modem_registration_status: Annotated[
        ModemRegistrationStatus, Soap(f"{_DATA}/ModemRegistrationStatus", bundle="ModemRegistrationStatus")
    ]
    circuit_switched_status: Annotated[
        CircuitSwitchedStatus, Soap(f"{_DATA}/CircuitSwitchedStatus", bundle="CircuitSwitchedStatus")
    ]
    packet_switched_status: Annotated[
        PacketSwitchedStatus, Soap(f"{_DATA}/PacketSwitchedStatus", bundle="PacketSwitchedStatus")
    ]
    cell_info: Annotated[CellInfo, Soap(f"{_DATA}/CellInfo", bundle="CellInfo")]
    adjacent_cells: Annotated[list[AdjacentCell], Soap(f"{_DATA}/AdjacentCells", bundle="AdjacentCells")] = Field(
        default_factory=list
    )
    capture_time: Annotated[Moment | None, Soap(f"{_DATA}/CaptureTime", bundle="CaptureTime")] = None


OPERATION = Operation(
    name="GetGsmDiagnostic",
    request=GetGsmDiagnosticRequest,
    response=GetGsmDiagnosticResponse,
    function="GET_GSM_DIAGNOSTIC",
    summary="Read how well a meter's modem is served by the mobile network.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringManagement",
        operation="GetGsmDiagnostic",
        wrapper="GetGsmDiagnosticRequestData",
        bundle_action="GetGsmDiagnosticRequest",
        bundle_response="GetGsmDiagnosticResponse",
    ),
    examples=(GetGsmDiagnosticRequest(),),
)
