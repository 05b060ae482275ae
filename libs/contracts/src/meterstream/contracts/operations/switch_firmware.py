"""SwitchFirmware: activates the image that a meter holds already: image_activate {18, 0.0.44.0.0.255, method 4}."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class SwitchFirmwareRequest(OperationRequest):
    """The version to which the meter is to switch."""

    version: Annotated[Annotated[str, StringConstraints(min_length=1, max_length=255)], Soap("Version")]


class SwitchFirmwareResponse(OperationResponse):
    """When the meter took the order."""

    activated_at: Moment


OPERATION = Operation(
    name="SwitchFirmware",
    request=SwitchFirmwareRequest,
    response=SwitchFirmwareResponse,
    function="SWITCH_FIRMWARE",
    summary="Activate the firmware image that a meter holds.",
    repeatable=True,
    soap=SoapBinding(service="CoreFirmwareManagement", operation="SwitchFirmware"),
    examples=(SwitchFirmwareRequest(version="2.4"),),
)
