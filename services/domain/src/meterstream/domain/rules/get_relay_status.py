"""GetRelayStatus: what was read is the last known state."""

from __future__ import annotations

from meterstream.contracts.operations.get_relay_status import OPERATION
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._relays import note_relay


def learn_state(lesson: Lesson) -> None:
    """The state stands until a later answer tells another."""
    note_relay(lesson, OPERATION.name, OPERATION.named_device(lesson.request))


RULE = MeterRule(OPERATION, learn=learn_state)
