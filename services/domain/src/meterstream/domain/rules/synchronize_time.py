"""SynchronizeTime: the zone in which a meter's clock was set is the zone in which it keeps time."""

from __future__ import annotations

from meterstream.contracts.operations.synchronize_time import OPERATION, SynchronizeTimeRequest
from meterstream.domain.model.observations import TIME_ZONES, TimeZone
from meterstream.domain.model.rules import Lesson, MeterRule


def learn_time_zone(lesson: Lesson) -> None:
    """The device's record tells the zone from now on, unless a later setting is known."""
    if isinstance(lesson.request, SynchronizeTimeRequest):
        zone = TimeZone(
            device_identification=lesson.device, observed_at=lesson.observed_at, time_zone=lesson.request.time_zone
        )
        lesson.world.observe(TIME_ZONES, zone)


RULE = MeterRule(OPERATION, learn=learn_time_zone)
