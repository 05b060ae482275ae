"""What is known of a meter beyond its type, in a number: there is one for nearly every meter."""

from __future__ import annotations

from typing import Final, NamedTuple

from meterstream.contracts.records import Quirks

_FLAGS: Final = 2


class Known(NamedTuple):
    """See Quirks."""

    lists_refused: bool = False
    scalers_verified: bool = False


NOTHING: Final = Known()


def packed(quirks: Quirks) -> int:
    """With the revision of the record for which it holds."""
    return quirks.revision << _FLAGS | quirks.scalers_verified << 1 | quirks.lists_refused


def unpacked(number: int, revision: int) -> Known:
    """What holds for a revision of the meter's record; 0 stands for nothing."""
    if number >> _FLAGS != revision:
        return NOTHING
    return Known(lists_refused=bool(number & 1), scalers_verified=bool(number >> 1 & 1))
