"""Administrative status of a meter."""

from __future__ import annotations

from enum import StrEnum


class AdministrativeStatus(StrEnum):
    """The status {1, 0.1.94.31.0.255, 2}: 0, 1 and 2 in this order (DSMR P3, Administrative in/out)."""

    UNDEFINED = "UNDEFINED"
    OFF = "OFF"
    ON = "ON"
