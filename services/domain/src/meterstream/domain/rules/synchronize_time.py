"""SynchronizeTime: the zone in which a meter's clock was set is the zone in which it keeps time."""

from __future__ import annotations

from meterstream.contracts.operations.synchronize_time import OPERATION, SynchronizeTimeRequest
from meterstream.domain.model.rules import Lesson, MeterRule


def learn_time_zone(lesson: Lesson) -> None:
    """The device's record tells the zone from now on, unless a later setting is known."""
    if isinstance(lesson.request, SynchronizeTimeRequest):
        lesson.world.learn_time_zone(lesson.device, lesson.request.time_zone, lesson.observed_at)


RULE = MeterRule(OPERATION, learn=learn_time_zone)
