"""Values that several operations share."""

from __future__ import annotations

import zoneinfo
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from meterstream.contracts.base import ExactDecimal, Record
from meterstream.contracts.soap import Soap


class Quantity(Record):
    """An exact amount with its unit (names of the SOAP contract: KWH, M3, V …)."""

    value: Annotated[ExactDecimal, Soap(".")]
    unit: Annotated[str, Soap("@unit")]


class AmrProfileStatusFlag(StrEnum):
    """Bits 0 to 7 of a profile's status octet (DSMR P3, AMR profile status)."""

    CRITICAL_ERROR = "CRITICAL_ERROR"
    CLOCK_INVALID = "CLOCK_INVALID"
    DATA_NOT_VALID = "DATA_NOT_VALID"
    DAYLIGHT_SAVING = "DAYLIGHT_SAVING"
    NOT_USED = "NOT_USED"
    CLOCK_ADJUSTED = "CLOCK_ADJUSTED"
    RECOVERED_VALUE = "RECOVERED_VALUE"
    POWER_DOWN = "POWER_DOWN"


_ZONES = frozenset(zoneinfo.available_timezones())


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        raise ValueError("is no IANA time zone")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""A name of the IANA time zone database, for example Europe/Amsterdam."""

MbusChannel = Annotated[int, Field(ge=1, le=4)]
"""Channel of an M-Bus device at its gateway."""
