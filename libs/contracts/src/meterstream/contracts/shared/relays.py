"""Breakers and valves (IEC 62056-6-2, disconnect control, class 70)."""

from __future__ import annotations

from enum import StrEnum

from meterstream.contracts.base import Moment, Record


class RelayState(StrEnum):
    """Control state, attribute 3: 0, 1, 2."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTED = "CONNECTED"
    READY_FOR_RECONNECTION = "READY_FOR_RECONNECTION"


class RelayFilter(StrEnum):
    """Devices by the last known control state of their breaker or valve; UNKNOWN: nobody has asked them yet."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTED = "CONNECTED"
    READY_FOR_RECONNECTION = "READY_FOR_RECONNECTION"
    UNKNOWN = "UNKNOWN"


class KnownRelay(Record):
    """What the disconnect control of a device said last: output state, control state, when it was read and by what.

    `source` names the operation that read it. Nobody knows what happened at the meter since.
    """

    output_state: bool
    control_state: RelayState
    read_at: Moment
    source: str
