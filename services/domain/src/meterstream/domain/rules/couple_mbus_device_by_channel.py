"""CoupleMbusDeviceByChannel: the registry knows which of its devices stands on the channel, and takes it over."""

from __future__ import annotations

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.couple_mbus_device_by_channel import (
    OPERATION,
    CoupleMbusDeviceByChannelResponse,
)
from meterstream.domain.model.coupling import couple
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._mbus import known_standing_there, needs_of_channel, refuse_in_use


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """Whom the channel names, and who else stands behind the meter."""
    assert isinstance(response, CoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return needs_of_channel(header, response.channel_values)


def complete(lesson: Lesson) -> OperationResponse:
    """The answer with the registry's name of the device.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL (219), NO_MATCHING_MBUS_DEVICE_FOUND (218),
        MBUS_DEVICE_NOT_MOVED_TO_ANOTHER_EMETER (222).
    """
    response = lesson.response
    assert isinstance(response, CoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device = known_standing_there(lesson, response.channel_values)
    refuse_in_use(lesson.world, device, "request.channel")
    return response.model_copy(update={"mbus_device_identification": device.identification})


def learn_place(lesson: Lesson) -> None:
    """The device stands on that channel of the meter."""
    response = lesson.response
    assert isinstance(response, CoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device = lesson.world.device(response.mbus_device_identification)
    if device is not None:
        values = response.channel_values
        couple(lesson.world, device, lesson.gateway, values.channel, values.primary_address, lesson.observed_at)


RULE = MeterRule(OPERATION, learn=learn_place, complete=complete, learns_from=learns_from)
