"""DecoupleMbusDeviceAdministrative: forgets on which channel an M-Bus device is. No contact with the meter."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.soap import SoapBinding


class DecoupleMbusDeviceAdministrativeRequest(OperationRequest):
    """The command is for the M-Bus device; its gateway is left as it is, for it was exchanged or cannot be reached."""


class DecoupleMbusDeviceAdministrativeResponse(OperationResponse):
    """The platform knows no gateway of the device any more."""


OPERATION = Operation(
    name="DecoupleMbusDeviceAdministrative",
    request=DecoupleMbusDeviceAdministrativeRequest,
    response=DecoupleMbusDeviceAdministrativeResponse,
    function="DECOUPLE_MBUS_DEVICE_ADMINISTRATIVE",
    summary="Forget the gateway of an M-Bus device.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(
        service="SmartMeteringInstallation",
        operation="DecoupleMbusDeviceAdministrative",
        device="MbusDeviceIdentification",
    ),
    examples=(DecoupleMbusDeviceAdministrativeRequest(),),
)
