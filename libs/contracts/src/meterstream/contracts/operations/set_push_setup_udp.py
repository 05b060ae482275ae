"""SetPushSetupUdp: lets a meter send its last gasp at any time."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import SoapBinding


class SetPushSetupUdpRequest(OperationRequest):
    """Write an empty communication window {40, 0.3.25.9.0.255, 4}, which is always open; SMR 5.5 only."""


class SetPushSetupUdpResponse(OperationResponse):
    """The meter has taken the window."""


OPERATION = Operation(
    name="SetPushSetupUdp",
    request=SetPushSetupUdpRequest,
    response=SetPushSetupUdpResponse,
    function="SET_PUSH_SETUP_UDP",
    summary="Let a meter send its last gasp at any time.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetPushSetupUdp",
        bundle_action="SetPushSetupUdpRequest",
        bundle_response="ActionResponse",
        result_text="Setting push setup UDP was successful",
    ),
    examples=(SetPushSetupUdpRequest(),),
)
