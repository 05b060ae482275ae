"""Breakers and valves over the Meter port: disconnect control (IEC 62056-6-2, class 70)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from meterstream.contracts.shared.relays import RelayState
from meterstream.dlms.data import Data
from meterstream.protocol_dlms.executor import At, Device
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected

_OUTPUT_STATE, _CONTROL_STATE, _CONTROL_MODE = 2, 3, 4
_STATES: Final = tuple(RelayState)
_MODES: Final = range(7)


class Relay(NamedTuple):
    """The disconnect control of a device."""

    role: str
    channel: int | None

    @property
    def targets(self) -> list[At]:
        """Output state, control state, control mode."""
        return [At(self.role, attribute, self.channel) for attribute in (_OUTPUT_STATE, _CONTROL_STATE, _CONTROL_MODE)]

    def named(self, attribute: str) -> str:
        """An attribute in messages."""
        return f"{self.role} {attribute}" if self.channel is None else f"{self.role} {attribute} channel {self.channel}"


def relay_of(device: Device) -> Relay:
    """The breaker of an electricity meter, or the valve of the M-Bus meter on a channel."""
    return Relay("disconnect_control" if device.channel is None else "mbus_disconnect_control", device.channel)


def states(relay: Relay, answers: Sequence[Data]) -> tuple[bool, RelayState, int]:
    """Output state, control state and control mode.

    Raises: ILLEGAL_RESPONSE.
    """
    output, state, mode = answers
    if not isinstance(output.value, bool):
        raise unexpected(relay.named("output_state"), f"expected a boolean, got {output.type.name}")
    place = read_integer(state, relay.named("control_state"))
    if place is None or not 0 <= place < len(_STATES):
        raise unexpected(relay.named("control_state"), f"a control state is 0 to {len(_STATES) - 1}")
    number = read_integer(mode, relay.named("control_mode"))
    if number is None or number not in _MODES:
        raise unexpected(relay.named("control_mode"), f"a control mode is 0 to {_MODES[-1]}")
    return output.value, _STATES[place], number
