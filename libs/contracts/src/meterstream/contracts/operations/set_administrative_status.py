"""SetAdministrativeStatus: takes a meter administratively in or out."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.contracts.soap import Soap, SoapBinding


class SetAdministrativeStatusRequest(OperationRequest):
    """Write the status {1, 0.1.94.31.0.255, 2}; not in DSMR 2.2."""

    status: Annotated[AdministrativeStatus, Soap("Enabled", bundle="AdministrativeStatusType")]


class SetAdministrativeStatusResponse(OperationResponse):
    """The meter has taken the status."""


OPERATION = Operation(
    name="SetAdministrativeStatus",
    request=SetAdministrativeStatusRequest,
    response=SetAdministrativeStatusResponse,
    function="SET_ADMINISTRATIVE_STATUS",
    summary="Set the administrative status of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetAdministrativeStatus",
        bundle_action="SetAdministrativeStatusRequest",
        bundle_response="ActionResponse",
        result_text="Set administrative status was successful",
    ),
    examples=(SetAdministrativeStatusRequest(status=AdministrativeStatus.ON),),
)
