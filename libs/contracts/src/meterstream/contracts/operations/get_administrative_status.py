"""GetAdministrativeStatus: whether a meter is administratively in or out."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.contracts.soap import Soap, SoapBinding


class GetAdministrativeStatusRequest(OperationRequest):
    """Read the status {1, 0.1.94.31.0.255, 2}; not in DSMR 2.2."""


class GetAdministrativeStatusResponse(OperationResponse):
    """The status that the meter holds."""

    status: Annotated[AdministrativeStatus, Soap("Enabled", bundle="AdministrativeStatusType")]


OPERATION = Operation(
    name="GetAdministrativeStatus",
    request=GetAdministrativeStatusRequest,
    response=GetAdministrativeStatusResponse,
    function="GET_ADMINISTRATIVE_STATUS",
    summary="Read the administrative status of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetAdministrativeStatus",
        bundle_action="GetAdministrativeStatusRequest",
        bundle_response="AdministrativeStatusResponse",
    ),
    examples=(GetAdministrativeStatusRequest(),),
)
