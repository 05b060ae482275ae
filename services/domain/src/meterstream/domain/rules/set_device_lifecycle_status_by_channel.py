"""SetDeviceLifecycleStatusByChannel: the registry knows which of its devices stands on the channel."""

from __future__ import annotations

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.events import LifecycleChange
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.set_device_lifecycle_status_by_channel import (
    OPERATION,
    SetDeviceLifecycleStatusByChannelResponse,
)
from meterstream.domain.model.events import lifecycle_event
from meterstream.domain.model.registers import UPKEEP, Needs, Upkeep
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._mbus import known_standing_there, needs_of_channel


def learns_from(header: DlmsResponseHeader, response: OperationResponse) -> Needs:
    """Whom the channel names."""
    assert isinstance(response, SetDeviceLifecycleStatusByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    return needs_of_channel(header, response.channel_values)


def complete(lesson: Lesson) -> OperationResponse:
    """The answer with the registry's name of the device.

    Raises: NO_DEVICE_FOUND_ON_CHANNEL (219), NO_MATCHING_MBUS_DEVICE_FOUND (218).
    """
    response = lesson.response
    assert isinstance(response, SetDeviceLifecycleStatusByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device = known_standing_there(lesson, response.channel_values)
    return response.model_copy(update={"mbus_device_identification": device.identification})


def learn_status(lesson: Lesson) -> None:
    """Note the status, unless somebody noted another one later."""
    response = lesson.response
    assert isinstance(response, SetDeviceLifecycleStatusByChannelResponse)  # noqa: S101  # narrows the type; the operation answers no other
    device, status = response.mbus_device_identification, response.device_lifecycle_status
    if device is None:
        return
    kept = lesson.world.row(UPKEEP, device) or Upkeep(device_identification=device)
    if kept.lifecycle_at is not None and kept.lifecycle_at > lesson.observed_at:
        return
    noted = {"lifecycle_status": status, "lifecycle_at": lesson.observed_at}
    lesson.world.put_row(UPKEEP, kept.model_copy(update=noted))
    moment = lesson.observed_at
    lesson.world.tell(lifecycle_event(device, LifecycleChange.CHANGED, lesson.cause, moment, status))


RULE = MeterRule(OPERATION, learn=learn_status, complete=complete, learns_from=learns_from)
