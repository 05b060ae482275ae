"""Breakers and valves (IEC 62056-6-2, disconnect control, class 70)."""

from __future__ import annotations

from enum import StrEnum


class RelayState(StrEnum):
    """Control state, attribute 3: 0, 1, 2."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTED = "CONNECTED"
    READY_FOR_RECONNECTION = "READY_FOR_RECONNECTION"
