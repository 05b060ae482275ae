"""EnableDebugging: keeps the frames of a meter's sessions in the message log. No contact with the meter."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.revisions import RevisedDevice
from meterstream.contracts.soap import SoapBinding


class EnableDebuggingRequest(OperationRequest):
    """From the next session on, every frame sent to and received from the meter is kept in the message log."""


class EnableDebuggingResponse(RevisedDevice):
    """The revision of the device's record that the platform works with from now on."""


OPERATION = Operation(
    name="EnableDebugging",
    request=EnableDebuggingRequest,
    response=EnableDebuggingResponse,
    function="ENABLE_DEBUGGING",
    summary="Keep the frames of a meter's sessions in the message log.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="SmartMeteringManagement", operation="EnableDebugging"),
    examples=(EnableDebuggingRequest(),),
)
