"""SetKeyOnGMeter: gives an M-Bus device a new key, through its gateway."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.keys import SecretType
from meterstream.contracts.soap import Soap, SoapBinding

_EXCHANGEABLE: Final = (
    SecretType.G_METER_ENCRYPTION_KEY,
    SecretType.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY,
    SecretType.G_METER_OPTICAL_PORT_KEY,
)


def _exchangeable(kind: SecretType) -> SecretType:
    if kind not in _EXCHANGEABLE:
        raise ValueError(f"must be one of {', '.join(_EXCHANGEABLE)}")
    return kind


class SetKeyOnGMeterRequest(OperationRequest):
    """Make a key, encrypt it with the device's default key and send it through {72, 0.x.24.1.0.255}.

    User key: methods 8 (transfer_key), then 7 (set_encryption_key); the others: method 6 (data_send), SMR 5 only.
    `close_optical_port` sends an optical port key of zeros, which closes the port, and keeps no key.
    A repeat sends the same key again, until the gateway has taken it.
    """

    mbus_device_identification: Annotated[DeviceIdentification, Soap("MbusDeviceIdentification")]
    secret_type: Annotated[SecretType, AfterValidator(_exchangeable), Soap("SecretType")]
    close_optical_port: Annotated[bool, Soap("CloseOpticalPort")] = False


class SetKeyOnGMeterResponse(OperationResponse):
    """The gateway has taken the key; whether the device has, GetMbusEncryptionKeyStatus and its events tell."""


OPERATION = Operation(
    name="SetKeyOnGMeter",
    request=SetKeyOnGMeterRequest,
    response=SetKeyOnGMeterResponse,
    function="SET_KEY_ON_G_METER",
    summary="Give an M-Bus device a new key.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetKeyOnGMeter",
        wrapper="SetKeyOnGMeterRequestData",
        bundle_action="SetKeyOnGMeterRequest",
        bundle_response="ActionResponse",
        result_text="M-Bus key exchange on Gas meter was successful",
    ),
    examples=(
        SetKeyOnGMeterRequest(
            mbus_device_identification="G0001000000000017", secret_type=SecretType.G_METER_ENCRYPTION_KEY
        ),
        SetKeyOnGMeterRequest(
            mbus_device_identification="G0001000000000017",
            secret_type=SecretType.G_METER_OPTICAL_PORT_KEY,
            close_optical_port=True,
        ),
    ),
    aliases=("SetEncryptionKeyExchangeOnGMeter",),
)
