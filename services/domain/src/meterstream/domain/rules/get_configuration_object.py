"""GetConfigurationObject: the device's record follows the flags that the meter holds."""

from __future__ import annotations

from meterstream.contracts.operations.get_configuration_object import OPERATION, GetConfigurationObjectResponse
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._configuration_object import note_hls_flags


def learn_flags(lesson: Lesson) -> None:
    """HLS flags of port P3 that the protocol version has."""
    response = lesson.response
    assert isinstance(response, GetConfigurationObjectResponse)  # noqa: S101  # narrows the type; the operation answers no other
    note_hls_flags(lesson, response.configuration.flags)


RULE = MeterRule(OPERATION, learn=learn_flags)
