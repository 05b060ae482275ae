"""AddDevice: registers a meter with its keys, type and way to reach it. No contact with the meter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.keys import EncryptedKey, SignaturePublicKey
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.contracts.types import ZoneName

_Text10 = Annotated[str, StringConstraints(max_length=10)]
_AlphaNumeric10 = Annotated[str, StringConstraints(max_length=10, pattern=r"^[a-zA-Z0-9 ]+$")]


class NewDevice(Record):
    """What is known of the meter. Keys are RSA ciphertext on every face and are opened in domain only.

    Sessions with a `challenge_length` outside 8 to 64 (IEC 62056-5-3) fail with CHALLENGE_LENGTH_OUT_OF_RANGE (213).
    `signature_public_key` is public and comes in clear: a meter of security suite 1 needs it where its master key is to
    be replaced.
    """

    device_type: Annotated[str, StringConstraints(max_length=50), Soap("Device_type")] = "SMART_METER_E"
    time_zone: Annotated[ZoneName | None, Soap("Timezone")] = None
    communication_method: Annotated[_AlphaNumeric10 | None, Soap("Communication_method")] = None
    communication_provider: Annotated[_AlphaNumeric10 | None, Soap("Communication_provider")] = None
    icc_id: Annotated[
        Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-zA-Z0-9 ]+$")] | None, Soap("Icc_id")
    ] = None
    protocol_name: Annotated[_Text10, Soap("protocolName")] = "DSMR"
    protocol_version: Annotated[_Text10, Soap("protocolVersion")] = "4.2.2"
    protocol_variant: Annotated[_Text10 | None, Soap("protocolVariant")] = None
    supplier: Annotated[Annotated[str, StringConstraints(max_length=50)] | None, Soap("Supplier")] = None
    lls1_active: Annotated[bool, Soap("Lls1_active")] = False
    hls3_active: Annotated[bool, Soap("Hls3_active")] = False
    hls4_active: Annotated[bool, Soap("Hls4_active")] = False
    hls5_active: Annotated[bool, Soap("Hls5_active")] = False
    master_key: Annotated[EncryptedKey | None, Soap("Master_key")] = None
    global_encryption_unicast_key: Annotated[EncryptedKey | None, Soap("Global_encryption_unicast_key")] = None
    authentication_key: Annotated[EncryptedKey | None, Soap("Authentication_key")] = None
    lls_password: EncryptedKey | None = None
    signature_public_key: SignaturePublicKey | None = None
    delivery_date: Annotated[Moment | None, Soap("Delivery_date")] = None
    mbus_identification_number: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")] | None, Soap("Mbus_identification_number")
    ] = None
    mbus_manufacturer_identification: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None, Soap("Mbus_manufacturer_identification")
    ] = None
    mbus_version: Annotated[Annotated[int, Field(ge=0, le=255)] | None, Soap("Mbus_version")] = None
    mbus_device_type_identification: Annotated[
        Annotated[int, Field(ge=0, le=255)] | None, Soap("Mbus_device_type_identification")
    ] = None
    mbus_default_key: Annotated[EncryptedKey | None, Soap("Mbus_default_key")] = None
    mbus_user_key: Annotated[EncryptedKey | None, Soap("Mbus_user_key")] = None
    mbus_firmware_update_authentication_key: Annotated[
        EncryptedKey | None, Soap("Mbus_firmware_update_authentication_key")
    ] = None
    mbus_p0_key: Annotated[EncryptedKey | None, Soap("Mbus_p0_key")] = None
    polyphase: Annotated[bool, Soap("Polyphase")] = False
    ip_address_is_static: Annotated[bool, Soap("IpAddressIsStatic")] = False
    with_list_max: Annotated[Annotated[int, Field(ge=1, le=200)] | None, Soap("WithListMax")] = None
    selective_access_supported: Annotated[bool, Soap("SelectiveAccessSupported")] = False
    challenge_length: Annotated[Annotated[int, Field(ge=0, le=255)] | None, Soap("ChallengeLength")] = None
    port: Annotated[Annotated[int, Field(ge=1, le=65535)] | None, Soap("Port")] = None
    network_address: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    logical_id: Annotated[int, Field(ge=1, le=16383)] | None = None
    base_station: Annotated[str, StringConstraints(max_length=40)] | None = None
    cell: Annotated[str, StringConstraints(max_length=40)] | None = None


class DeviceModel(Record):
    """Manufacturer and model of the meter."""

    manufacturer: Annotated[str, StringConstraints(max_length=4), Soap("Manufacturer")]
    model_code: Annotated[Annotated[str, StringConstraints(max_length=255)] | None, Soap("ModelCode")] = None


class AddDeviceRequest(OperationRequest):
    """Register the device; `overwrite` replaces what is known of it, refused with EXISTING_DEVICE otherwise."""

    device: Annotated[NewDevice, Soap("Device")]
    device_model: Annotated[DeviceModel, Soap("DeviceModel")]
    overwrite: Annotated[bool, Soap("overwrite")] = False


class AddDeviceResponse(OperationResponse):
    """The revision of the device's record that the platform works with from now on."""

    revision: int


OPERATION = Operation(
    name="AddDevice",
    request=AddDeviceRequest,
    response=AddDeviceResponse,
    function="ADD_METER",
    summary="Register a meter with its keys, type and address.",
    target=Target.REGISTRY,
    needs_known_device=False,
    soap=SoapBinding(service="SmartMeteringInstallation", operation="AddDevice", device="Device/Device_Identification"),
    examples=(
        AddDeviceRequest(
            device=NewDevice(
                delivery_date=datetime(2025, 2, 3, 8, 30, tzinfo=UTC),
                protocol_name="SMR",
                protocol_version="5.0.0",
                hls5_active=True,
                challenge_length=16,
                ip_address_is_static=True,
                network_address="10.1.2.3",
                port=4059,
                master_key=bytes(256),
                authentication_key=bytes(256),
                global_encryption_unicast_key=bytes(256),
            ),
            device_model=DeviceModel(manufacturer="DEM", model_code="DM-E100"),
        ),
    ),
)
