"""DisableDebugging: keeps no more frames of a meter's sessions. No contact with the meter."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.revisions import RevisedDevice
from meterstream.contracts.soap import SoapBinding


class DisableDebuggingRequest(OperationRequest):
    """From the next session on, no frame goes into the message log; what is there stays."""


class DisableDebuggingResponse(RevisedDevice):
    """The revision of the device's record that the platform works with from now on."""


OPERATION = Operation(
    name="DisableDebugging",
    request=DisableDebuggingRequest,
    response=DisableDebuggingResponse,
    function="DISABLE_DEBUGGING",
    summary="Keep no more frames of a meter's sessions.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="SmartMeteringManagement", operation="DisableDebugging"),
    examples=(DisableDebuggingRequest(),),
)
