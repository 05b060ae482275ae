"""ClearMBusStatusOnAllChannels: takes back the status bits that the M-Bus devices of a gateway have set."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import SoapBinding


class ClearMBusStatusOnAllChannelsRequest(OperationRequest):
    """Per channel x: read the status {4, 0.x.24.2.6.255, 2}; where bits are set, clear them.

    The bits are written as mask {1, 0.x.94.31.10.255, 2}, then {72, 0.x.24.1.0.255} method 4 reset_alarm is invoked;
    the first refusal ends it. SMR 5.1 and later.
    """


class ClearMBusStatusOnAllChannelsResponse(OperationResponse):
    """The gateway has cleared all four channels; a bit whose cause remains comes back."""


OPERATION = Operation(
    name="ClearMBusStatusOnAllChannels",
    request=ClearMBusStatusOnAllChannelsRequest,
    response=ClearMBusStatusOnAllChannelsResponse,
    function="CLEAR_MBUS_STATUS_ON_ALL_CHANNELS",
    summary="Clear the status of the M-Bus devices of a gateway.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringManagement",
        operation="ClearMBusStatusOnAllChannels",
        wrapper="ClearMBusStatusOnAllChannelsRequestData",
        bundle_action="ClearMBusStatusOnAllChannelsRequest",
        bundle_response="ActionResponse",
        result_text="Clear M-Bus status on all channels was successful",
    ),
    examples=(ClearMBusStatusOnAllChannelsRequest(),),
)
