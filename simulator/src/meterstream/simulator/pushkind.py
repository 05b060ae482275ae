"""What can make a meter push, by the names that the control interface uses."""

from __future__ import annotations

from enum import StrEnum


class PushKind(StrEnum):
    """What can make a meter push: a push setup, or being woken up, or a supply that fails."""

    SETUP = "setup"
    SMS = "sms"
    CALL = "call"
    SCHEDULER = "scheduler"
    LAST_GASP = "last-gasp"
