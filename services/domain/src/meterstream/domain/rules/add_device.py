"""AddDevice: who may register a meter, which keys it needs, what becomes of those it had."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.add_device import OPERATION, AddDeviceRequest, AddDeviceResponse, NewDevice
from meterstream.contracts.records import DeviceState, KeyKind
from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.security import PublicKey, SecuritySuite
from meterstream.domain.model import keys
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import OWNER, Device
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.model.uids import device_uid
from meterstream.domain.rules._devices import PROTOCOL_VARIANTS, tell_lifecycle

KEY_FIELDS: Final = MappingProxyType(
    {
        "master_key": KeyKind.E_METER_MASTER_KEY,
        "authentication_key": KeyKind.E_METER_AUTHENTICATION_KEY,
        "global_encryption_unicast_key": KeyKind.E_METER_ENCRYPTION_KEY_UNICAST,
        "lls_password": KeyKind.LLS_PASSWORD,
        "mbus_default_key": KeyKind.G_METER_MASTER_KEY,
        "mbus_user_key": KeyKind.G_METER_ENCRYPTION_KEY,
        "mbus_firmware_update_authentication_key": KeyKind.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY,
        "mbus_p0_key": KeyKind.G_METER_OPTICAL_PORT_KEY,
    }
)
ELECTRICITY: Final = ("master_key", "authentication_key", "global_encryption_unicast_key")
MBUS: Final = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")


def given_ciphertexts(request: OperationRequest) -> dict[KeyKind, bytes]:
    """The RSA ciphertexts of a request by the kind of key that they hold.

    Raises: KEY_NOT_PRESENT (806), VALIDATION_ERROR (401).
    """
    assert isinstance(request, AddDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    check_keys(request.device)
    found = {kind: getattr(request.device, field) for field, kind in KEY_FIELDS.items()}
    return {kind: ciphertext for kind, ciphertext in found.items() if ciphertext is not None}


def needs(header: CommandHeader, request: OperationRequest) -> Needs:
    """Where a device is overwritten, the gateway that it may stand behind."""
    device = header.device_identification
    overwrites = isinstance(request, AddDeviceRequest) and request.overwrite and device is not None
    return Needs(kin=frozenset({device or ""})) if overwrites else Needs()


def check_keys(device: NewDevice) -> None:
    """All three keys of an electricity meter, or all four of an M-Bus device, and never both.

    Raises: KEY_NOT_PRESENT (806), VALIDATION_ERROR (401).
    """
    _check_signature_key(device.signature_public_key)
    if device.mbus_default_key is not None:
        others = (*ELECTRICITY, "lls_password", "signature_public_key")
        mixed = next((field for field in others if getattr(device, field) is not None), None)
        if mixed is not None:
            raise _invalid(f"device.{mixed}", "keys of an electricity meter and of an M-Bus device exclude each other")
    required = ELECTRICITY if device.mbus_default_key is None else MBUS
    missing = next((field for field in required if getattr(device, field) is None), None)
    if missing is not None:
        kind = KEY_FIELDS[missing]
        raise CODES["KEY_NOT_PRESENT"](f"device.{missing}: {kind} is required", field=f"device.{missing}", key=kind)


def _check_signature_key(octets: bytes | None) -> None:
    if octets is None:
        return
    try:
        PublicKey(SecuritySuite.SUITE_1, octets)
    except ConfigurationError:
        raise _invalid("device.signature_public_key", "is no point of the curve P-256, x | y") from None


def add_device(turn: RegistryTurn) -> OperationResponse:
    """Register the device for the organisation, which becomes its OWNER; a protocol variant nobody knows is none.

    Raises: VALIDATION_ERROR (401), EXISTING_DEVICE (204), UNAUTHORIZED (301) where another organisation owns it,
        UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT (206), KEY_NOT_PRESENT (806), and what opening the keys raised.
    """
    request = turn.request
    assert isinstance(request, AddDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    identification = turn.header.device_identification
    if identification is None:
        raise _invalid("device_identification", "is required")
    description = request.device
    is_mbus = description.mbus_default_key is not None
    _check_former(turn, identification, overwrite=request.overwrite, is_mbus=is_mbus)
    if (description.protocol_name, description.protocol_version) not in turn.protocols:
        raise CODES["UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT"](
            f"there is no protocol {description.protocol_name} {description.protocol_version}",
            field="device.protocol_name",
            rule="known protocol name and version",
        )
    given = turn.given_keys
    if isinstance(given, PlatformError):
        raise given
    if given is None:
        raise CODES["TECHNICAL_ERROR"]("the keys were not opened")
    device = _device(turn, identification, request)
    turn.world.put_keys(identification, keys.give(turn.world.keys(identification), given, turn.now))
    turn.world.put_device(device)
    if is_mbus and device.gateway is not None:
        turn.world.revise(device.gateway.identification)  # its record holds the keys of those behind it
    turn.world.grant(turn.header.organisation, identification, OWNER)
    tell_lifecycle(turn, identification, LifecycleChange.ADDED)
    return AddDeviceResponse(revision=device.revision)


def _check_former(turn: RegistryTurn, identification: str, *, overwrite: bool, is_mbus: bool) -> None:
    existing = turn.world.device(identification)
    if existing is None:
        return
    if not overwrite:
        raise CODES["EXISTING_DEVICE"](f"device {identification} exists", device=identification)
    if OWNER not in turn.world.groups(turn.header.organisation, identification):
        raise CODES["UNAUTHORIZED"](
            f"device {identification} belongs to another organisation; only its owner may overwrite it",
            device=identification,
        )
    if existing.is_mbus != is_mbus:
        raise _invalid("device", "an electricity meter does not become an M-Bus device, nor the other way round")


def _device(turn: RegistryTurn, identification: str, request: AddDeviceRequest) -> Device:
    former = turn.world.trace_of(identification)
    revision = former.revision + 1 if former else 1
    is_mbus = request.device.mbus_default_key is not None
    variant = request.device.protocol_variant
    described = {**dict.fromkeys(KEY_FIELDS), "protocol_variant": variant if variant in PROTOCOL_VARIANTS else None}
    device = Device(
        identification=identification,
        uid=former.uid if former else device_uid(identification),
        organisation=turn.header.organisation,
        state=DeviceState.ACTIVE,
        is_mbus=is_mbus,
        gateway=None,
        revision=revision,
        published_revision=former.published_revision if former else 0,
        description=request.device.model_copy(update=described),
        model=request.device_model,
        time_zone=request.device.time_zone,
        changed_at=turn.now,
    )
    if not is_mbus:
        return device.with_own_gateway()
    coupled = former if former and former.is_known else None
    has_record = former is not None and not former.is_mbus and former.published_revision < former.revision
    return replace(
        device,
        published_revision=device.published_revision if has_record else revision,
        gateway=coupled.gateway if coupled else None,
        channel=coupled.channel if coupled else None,
        mbus_identity=coupled.mbus_identity if coupled else None,
    )


def _invalid(field: str, rule: str) -> PlatformError:
    return CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule)


RULE = RegistryRule(OPERATION, add_device, needs=needs, ciphertexts=given_ciphertexts)
