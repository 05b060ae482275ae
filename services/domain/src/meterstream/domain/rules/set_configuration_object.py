"""SetConfigurationObject: the device's record follows the flags that the meter took."""

from __future__ import annotations

from meterstream.contracts.operations.set_configuration_object import OPERATION, SetConfigurationObjectRequest
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._configuration_object import note_hls_flags


def learn_flags(lesson: Lesson) -> None:
    """HLS flags of port P3 that the request names; the others are as they were."""
    request = lesson.request
    assert isinstance(request, SetConfigurationObjectRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    note_hls_flags(lesson, request.configuration.flags)


RULE = MeterRule(OPERATION, learn=learn_flags)
