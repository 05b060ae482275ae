"""CoupleMbusDevice: which M-Bus device may come to which gateway, and what the registry knows of it afterwards."""

from __future__ import annotations

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.couple_mbus_device import (
    OPERATION,
    CoupleMbusDeviceRequest,
    CoupleMbusDeviceResponse,
)
from meterstream.contracts.records import DeviceState
from meterstream.domain.model.coupling import CHANNELS, couple
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import Lesson, MeterRule, Subject
from meterstream.domain.rules._mbus import FIELD, named_mbus_device, needs_named, refuse_in_use


def check_couple(subject: Subject) -> None:
    """Raises: UNKNOWN_DEVICE (201), MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER (222), GIVEN_MBUS_DEVICE_ALREADY_COUPLED
    (216) without `force`, ALL_MBUS_CHANNELS_OCCUPIED (217)."""
    request = subject.request
    assert isinstance(request, CoupleMbusDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = named_mbus_device(subject, request.mbus_device_identification)
    refuse_in_use(subject.world, device, FIELD)
    gateway = device.gateway
    if not request.force and gateway is not None and gateway.state is DeviceState.ACTIVE:
        raise CODES["GIVEN_MBUS_DEVICE_ALREADY_COUPLED"](
            f"{device.identification} is coupled with {gateway.identification}",
            field=FIELD,
            rule="an M-Bus device that is coupled with no gateway, or force",
            device=device.identification,
        )
    _check_room(subject, device)


def _check_room(subject: Subject, device: Device) -> None:
    meter = subject.device.identification
    others = [other for other in subject.world.behind(meter) if other.identification != device.identification]
    if len(others) >= CHANNELS:
        raise CODES["ALL_MBUS_CHANNELS_OCCUPIED"](
            f"{meter} has {len(others)} M-Bus devices",
            field="header.device_identification",
            rule=f"a meter with fewer than {CHANNELS} M-Bus devices",
            device=meter,
        )


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """The device with the gateway that it had, and who else stands behind the meter."""
    assert isinstance(response, CoupleMbusDeviceResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return Needs(kin=frozenset({header.gateway, response.mbus_device_identification}))


def learn_place(lesson: Lesson) -> None:
    """The device stands on that channel of the meter."""
    response = lesson.response
    assert isinstance(response, CoupleMbusDeviceResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device = lesson.world.device(response.mbus_device_identification)
    if device is not None:
        values = response.channel_values
        couple(lesson.world, device, lesson.gateway, values.channel, values.primary_address, lesson.observed_at)


RULE = MeterRule(OPERATION, check_couple, learn_place, needs=needs_named, learns_from=learns_from)
