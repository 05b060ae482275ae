"""What rules on breakers and valves share: the registry keeps their last known state."""

from __future__ import annotations

from meterstream.contracts.operations.get_relay_status import GetRelayStatusResponse
from meterstream.contracts.operations.set_relay_status import SetRelayStatusResponse
from meterstream.domain.model.observations import RELAYS, RelaySeen
from meterstream.domain.model.rules import Lesson


def note_relay(lesson: Lesson, source: str, named: str | None) -> None:
    """What the disconnect control of the device said when it was read; the command's device where none is named."""
    response = lesson.response
    assert isinstance(response, GetRelayStatusResponse | SetRelayStatusResponse)  # noqa: S101  # narrows the type; the operations answer no other
    seen = RelaySeen(
        device_identification=named or lesson.device,
        observed_at=response.read_at,
        output_state=response.output_state,
        control_state=response.control_state,
        source=source,
    )
    lesson.world.observe(RELAYS, seen)
