"""Identifiers that follow from what they name."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

_DEVICES: Final = UUID("6f0e0d3c-1a5b-4c58-9d8e-7f8a4f1f6b21")


def device_uid(identification: str) -> str:
    """A device's uid: the same for the same identification, over removal too."""
    return str(uuid5(_DEVICES, identification))
