"""SetPushSetupLastGasp: where a meter sends its last gasp."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.push import PushHost, PushPort
from meterstream.contracts.soap import Soap, SoapBinding


class SetPushSetupLastGaspRequest(OperationRequest):
    """Write the destination {40, 0.3.25.9.0.255, 3}: UDP, host:port, A-XDR encoded APDU; SMR 5.5 only."""

    host: Annotated[PushHost, Soap("PushSetupLastGasp/Host")]
    port: Annotated[PushPort, Soap("PushSetupLastGasp/Port")]


class SetPushSetupLastGaspResponse(OperationResponse):
    """The meter has taken the destination."""


OPERATION = Operation(
    name="SetPushSetupLastGasp",
    request=SetPushSetupLastGaspRequest,
    response=SetPushSetupLastGaspResponse,
    function="SET_PUSH_SETUP_LAST_GASP",
    summary="Set where a meter sends its last gasp.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetPushSetupLastGasp",
        wrapper="SetPushSetupLastGaspRequestData",
        bundle_action="SetPushSetupLastGaspRequest",
        bundle_response="ActionResponse",
        result_text="Setting push setup LastGasp was successful",
    ),
    examples=(SetPushSetupLastGaspRequest(host="push.example.org", port=9598),),
)
