"""GetMbusEncryptionKeyStatus: how far the user key of an M-Bus device is."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.key_status import EncryptionKeyStatus
from meterstream.contracts.soap import Soap, SoapBinding


class GetMbusEncryptionKeyStatusRequest(OperationRequest):
    """Read the status {72, 0.x.24.1.0.255, 14} of the M-Bus device's channel; not in DSMR 2.2.

    Inside a bundle for its gateway `mbus_device_identification` names the M-Bus device; elsewhere the command does.
    """

    mbus_device_identification: Annotated[
        DeviceIdentification | None, Soap(None, bundle="MbusDeviceIdentification")
    ] = None


class GetMbusEncryptionKeyStatusResponse(OperationResponse):
    """The M-Bus device and the status of its user key."""

    mbus_device_identification: Annotated[DeviceIdentification, Soap(None, bundle="MbusDeviceIdentification")]
    status: Annotated[EncryptionKeyStatus, Soap("EncryptionKeyStatus")]


OPERATION = Operation(
    name="GetMbusEncryptionKeyStatus",
    request=GetMbusEncryptionKeyStatusRequest,
    response=GetMbusEncryptionKeyStatusResponse,
    function="GET_MBUS_ENCRYPTION_KEY_STATUS",
    summary="Read the status of an M-Bus device's user key.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetMbusEncryptionKeyStatus",
        bundle_action="GetMbusEncryptionKeyStatusRequest",
        bundle_response="GetMbusEncryptionKeyStatusResponse",
    ),
    examples=(
        GetMbusEncryptionKeyStatusRequest(),
        GetMbusEncryptionKeyStatusRequest(mbus_device_identification="G0001000000000017"),
    ),
)
