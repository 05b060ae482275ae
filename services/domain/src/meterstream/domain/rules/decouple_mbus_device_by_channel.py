"""DecoupleMbusDeviceByChannel: the registry tells who stood there, and forgets whom it knew there."""

from __future__ import annotations

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.decouple_mbus_device_by_channel import (
    OPERATION,
    DecoupleMbusDeviceByChannelResponse,
)
from meterstream.domain.model.coupling import clear_channel
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._mbus import needs_of_channel, standing_there


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """Whom the channel named, and who stands behind the meter."""
    assert isinstance(response, DecoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return needs_of_channel(header, response.channel_values)


def complete(lesson: Lesson) -> OperationResponse:
    """The answer with the registry's name of the device, where it knows it, wherever that is coupled."""
    response = lesson.response
    assert isinstance(response, DecoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device = standing_there(lesson, response.channel_values)
    named = None if device is None else device.identification
    return response.model_copy(update={"mbus_device_identification": named})


def learn_place(lesson: Lesson) -> None:
    """Nothing stands on the channel any more."""
    response = lesson.response
    assert isinstance(response, DecoupleMbusDeviceByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    clear_channel(lesson.world, lesson.gateway, response.channel_values.channel, lesson.observed_at)


RULE = MeterRule(OPERATION, learn=learn_place, complete=complete, learns_from=learns_from)
