"""COSEM dates and times as octets, wildcards included (Blue Book, clause 4.1.6.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_ANY: Final = 0xFF
_MONTHS: Final = frozenset({*range(1, 13), 0xFD, 0xFE, _ANY})
_DAYS: Final = frozenset({*range(1, 32), 0xFD, 0xFE, _ANY})
_WEEKDAYS: Final = frozenset({*range(1, 8), _ANY})
_HOURS: Final = frozenset({*range(24), _ANY})
_SIXTY: Final = frozenset({*range(60), _ANY})
_HUNDREDTHS: Final = frozenset({*range(100), _ANY})
_UNKNOWN_DEVIATION: Final = -0x8000
_WEST: Final = 720
_EAST: Final = -840


def _check(name: str, octet: int, allowed: Collection[int]) -> None:
    if octet not in allowed:
        raise ValueError(f"{name} cannot be {octet:02X}")


def _date(octets: bytes) -> bytes:
    _check("month", octets[2], _MONTHS)
    _check("day of month", octets[3], _DAYS)
    _check("day of week", octets[4], _WEEKDAYS)
    return octets


def _time(octets: bytes) -> bytes:
    _check("hour", octets[0], _HOURS)
    _check("minute", octets[1], _SIXTY)
    _check("second", octets[2], _SIXTY)
    _check("hundredths of a second", octets[3], _HUNDREDTHS)
    return octets


def _date_time(octets: bytes) -> bytes:
    _date(octets[:5])
    _time(octets[5:9])
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    if deviation != _UNKNOWN_DEVIATION and not _EAST <= deviation <= _WEST:
        raise ValueError(f"deviation must be {_EAST} to {_WEST} minutes or 8000, not {deviation}")
    return octets


CosemDate = Annotated[bytes, Field(min_length=5, max_length=5), AfterValidator(_date)]
"""Year (2 octets), month, day of month, day of week (1 Monday).

FFFF and FF stand for any; month FE begins and FD ends daylight saving time; day FE is the last, FD the last but one.
"""

CosemTime = Annotated[bytes, Field(min_length=4, max_length=4), AfterValidator(_time)]
"""Hour, minute, second, hundredths of a second; FF stands for any."""

CosemDateTime = Annotated[bytes, Field(min_length=12, max_length=12), AfterValidator(_date_time)]
"""Date, time, deviation (2 octets, minutes from local time to UTC: FFC4 is UTC+1; 8000 is any), clock status."""
