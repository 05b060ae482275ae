"""What the platform notices of devices by itself."""

from __future__ import annotations

from enum import StrEnum


class SystemEventType(StrEnum):
    """What was noticed: an invocation counter comes near its end, the key must be replaced before."""

    INVOCATION_COUNTER_THRESHOLD_REACHED = "INVOCATION_COUNTER_THRESHOLD_REACHED"
