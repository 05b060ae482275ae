"""SetPushSetupSms: where a meter calls after a wake-up SMS."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.push import PushHost, PushPort
from meterstream.contracts.soap import Soap, SoapBinding


class SetPushSetupSmsRequest(OperationRequest):
    """Write the destination {40, 0.2.25.9.0.255, 3}: TCP, host:port; not in DSMR 2.2."""

    host: Annotated[PushHost, Soap("PushSetupSms/Host")]
    port: Annotated[PushPort, Soap("PushSetupSms/Port")]


class SetPushSetupSmsResponse(OperationResponse):
    """The meter has taken the destination."""


OPERATION = Operation(
    name="SetPushSetupSms",
    request=SetPushSetupSmsRequest,
    response=SetPushSetupSmsResponse,
    function="SET_PUSH_SETUP_SMS",
    summary="Set where a meter calls after a wake-up SMS.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetPushSetupSms",
        wrapper="SetPushSetupSmsRequestData",
        bundle_action="SetPushSetupSmsRequest",
        bundle_response="ActionResponse",
        result_text="Setting push setup SMS was successful",
    ),
    examples=(SetPushSetupSmsRequest(host="push.example.org", port=9598),),
)
