"""DecoupleMbusDevice: only a device in use is taken off, from the meter behind which the registry knows it."""

from __future__ import annotations

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.decouple_mbus_device import (
    OPERATION,
    DecoupleMbusDeviceRequest,
    DecoupleMbusDeviceResponse,
)
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.domain.model.addressing import OTHER_GATEWAY
from meterstream.domain.model.coupling import clear_channel
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import Lesson, MeterRule, Subject
from meterstream.domain.rules._mbus import FIELD, is_in_use, named_mbus_device, needs_named, needs_of_channel


def check_decouple(subject: Subject) -> None:
    """Raises: UNKNOWN_DEVICE (201), INACTIVE_DEVICE (207), GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE (221)."""
    device = _named(subject)
    if not is_in_use(subject.world, device):
        raise CODES["INACTIVE_DEVICE"](
            f"{device.identification} is not {DeviceLifecycleStatus.IN_USE}",
            field=FIELD,
            rule=f"an M-Bus device that is {DeviceLifecycleStatus.IN_USE}",
            device=device.identification,
        )
    if _is_on_a_channel(device) and not device.is_behind(subject.device.identification):
        raise OTHER_GATEWAY(FIELD, device.identification)


def settle(subject: Subject) -> OperationResponse | None:
    """A device that is on no channel is left as it is, and its meter too."""
    device = _named(subject)
    if _is_on_a_channel(device):
        return None
    return DecoupleMbusDeviceResponse(mbus_device_identification=device.identification)


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """Who stands behind the meter."""
    assert isinstance(response, DecoupleMbusDeviceResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return needs_of_channel(header, response.channel_values)


def complete(lesson: Lesson) -> OperationResponse:
    """The answer with the device that was asked for."""
    request, response = lesson.request, lesson.response
    assert isinstance(request, DecoupleMbusDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return response.model_copy(update={"mbus_device_identification": request.mbus_device_identification})


def learn_place(lesson: Lesson) -> None:
    """Nothing stands on the channel any more."""
    response = lesson.response
    assert isinstance(response, DecoupleMbusDeviceResponse)  # noqa: S101  # narrows the type; the operation answers no other
    if response.channel_values is not None:
        clear_channel(lesson.world, lesson.gateway, response.channel_values.channel, lesson.observed_at)


def _named(subject: Subject) -> Device:
    request = subject.request
    assert isinstance(request, DecoupleMbusDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return named_mbus_device(subject, request.mbus_device_identification)


def _is_on_a_channel(device: Device) -> bool:
    return device.gateway is not None and device.channel is not None


RULE = MeterRule(
    OPERATION,
    check_decouple,
    learn_place,
    complete=complete,
    learns_from=learns_from,
    settle=settle,
    needs=needs_named,
)
