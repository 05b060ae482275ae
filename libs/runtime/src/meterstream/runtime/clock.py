"""The clock as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """The machine's clock in UTC."""
    return datetime.now(UTC)
