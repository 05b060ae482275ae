"""UpdateFirmware: which image goes along, and whether the device may have it."""

from __future__ import annotations

from datetime import datetime

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.update_firmware import OPERATION, UpdateFirmwareRequest, UpdateFirmwareResponse
from meterstream.contracts.records import FirmwareImage
from meterstream.domain.model.firmware import MODEL_OF, OFFERED, OfferedImage
from meterstream.domain.model.registers import Needs, model_key, rows
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import MeterRule, Subject
from meterstream.domain.model.world import World

_FIELD = "request.firmware_identification"
_ACTIVATE_AT = "request.activate_at"


def images(subject: Subject) -> list[FirmwareImage]:
    """The image that the request names.

    Raises: UNKNOWN_FIRMWARE (701), UNKNOWN_DEVICEMODEL (601), FIRMWARE_DOES_NOT_SUPPORT_DEVICE_MODEL (704),
        VALIDATION_ERROR (401).
    """
    request = subject.request
    assert isinstance(request, UpdateFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    name = request.firmware_identification
    offered = subject.world.row(OFFERED, name)
    if offered is None:
        message = f"No firmware file found with Identification {name}"
        raise CODES["UNKNOWN_FIRMWARE"](message, field=_FIELD, rule="a firmware file of the registry")
    if offered.sha256 is None:
        message = f"Firmware file '{name}' is not available."
        raise CODES["UNKNOWN_FIRMWARE"](message, field=_FIELD, rule="a firmware file with contents")
    _check_model(offered, subject.device.identification, subject.world)
    _check_kind(offered, subject.device)
    return [
        FirmwareImage(
            firmware_identification=name,
            sha256=offered.sha256,
            size=offered.size,
            image_identifier=None if subject.device.is_mbus else offered.image_identifier,
            url=offered.url,
        )
    ]


def _check_model(offered: OfferedImage, device: str, world: World) -> None:
    model = world.row(MODEL_OF, device)
    if model is None or model.manufacturer is None or model.model_code is None:
        field, rule = "header.device_identification", "a device whose model is known"
        raise CODES["UNKNOWN_DEVICEMODEL"](
            f"No deviceModel for SmartMeter {device}", field=field, rule=rule, device=device
        )
    if model_key(model.manufacturer, model.model_code) not in offered.models:
        raise CODES["FIRMWARE_DOES_NOT_SUPPORT_DEVICE_MODEL"](
            f"model {model.model_code} of device {device} is none of firmware file {offered.identification}:"
            f" {', '.join(offered.models) or 'it has none'}",
            field=_FIELD,
            rule="a firmware file for the model of the device",
            device=device,
            model=model.model_code,
        )


def _check_kind(offered: OfferedImage, device: Device) -> None:
    """Files for M-Bus devices go to M-Bus devices, all others to electricity meters; a file that lies elsewhere shows
    what it is when it is fetched."""
    if offered.is_mbus is not None and offered.is_mbus != device.is_mbus:
        right = "M-Bus devices" if offered.is_mbus else "electricity meters"
        rule = f"{offered.identification} is a file for {right}"
        raise CODES["VALIDATION_ERROR"](f"{_FIELD}: {rule}", field=_FIELD, rule=rule)
    if not device.is_mbus and offered.image_identifier is None:
        rule = f"{offered.identification} has no image identifier"
        raise CODES["VALIDATION_ERROR"](f"{_FIELD}: {rule}", field=_FIELD, rule=rule)


def check(subject: Subject) -> None:
    """Raises: VALIDATION_ERROR for a later activation in a bundle, or one that is later than the command lives."""
    request = subject.request
    assert isinstance(request, UpdateFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    if request.activate_at is None:
        return
    rule = ""
    if subject.in_bundle:
        rule = "is not for bundles"
    elif request.activate_at > subject.header.expires_at:
        rule = "must not be after expires_at"
    if rule:
        raise CODES["VALIDATION_ERROR"](f"{_ACTIVATE_AT}: {rule}", field=_ACTIVATE_AT, rule=rule)


def goes_on_at(response: OperationResponse) -> datetime | None:
    """When the image is to be activated that the meter holds by now."""
    assert isinstance(response, UpdateFirmwareResponse)  # noqa: S101  # narrows the type; the operation's answer is no other
    return response.activates_at


def _needs(header: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, UpdateFirmwareRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    named = rows(OFFERED, request.firmware_identification).rows
    return Needs(named + rows(MODEL_OF, header.device_identification).rows)


RULE = MeterRule(OPERATION, check=check, goes_on_at=goes_on_at, needs=_needs, images=images)
