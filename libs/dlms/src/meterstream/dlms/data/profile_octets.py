"""The octets of a profile buffer straight to rows of typed values: what profile_buffer makes of decoded values.

Rows of one layout, which is what meters send, never become values of COSEM types one by one: their octets are unpacked
by column. Everything else goes the long way, with the same outcome and the same errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.dlms.data.captures import NextCapture
from meterstream.dlms.data.decoder import DEFAULT_LIMITS, DataLimits, decode
from meterstream.dlms.data.lengths import decode_length
from meterstream.dlms.data.profile_buffer import Cell, ProfileColumn, profile_rows, table_rows
from meterstream.dlms.data.rows import ROWS_PER_RUN, tagged_layout
from meterstream.dlms.data.types import DataType, Run
from meterstream.dlms.errors import DecodeError

_ARRAY: Final = DataType.ARRAY
_STRUCTURE: Final = DataType.STRUCTURE
_DEPTH: Final = 2
_SHORT_RUNS: Final = 8


def decode_profile_rows(
    raw: bytes,
    columns: Sequence[ProfileColumn],
    next_capture: NextCapture | None = None,
    limits: DataLimits = DEFAULT_LIMITS,
) -> list[tuple[Cell, ...]]:
    """profile_rows(decode(raw, limits), columns, next_capture), in less than half the time for a buffer of like rows.

    Args:
        raw: the encoded buffer: the result of a GET as the meter sent it, blocks put together.
        columns: what the buffer captures, in the buffer's order.
        next_capture: see `every` and `monthly`; None when the profile has no period.
        limits: as for decode.
    Raises: DecodeError, LimitExceeded, and what profile_rows raises.
    """
    runs = _runs(raw, len(columns), limits)
    if not runs:
        return profile_rows(decode(raw, limits), columns, next_capture)
    return table_rows(runs, columns, next_capture)


def _runs(raw: bytes, width: int, limits: DataLimits) -> list[Run]:
    """The whole buffer in a few runs; none when it is anything else."""
    runs: list[Run] = []
    short_runs = 0
    try:
        if raw[0] != _ARRAY or limits.max_depth < _DEPTH:
            return []
        count, offset = decode_length(raw, 1)
        if count * (1 + width) > limits.max_values:
            return []
        while count:
            layout = tagged_layout(raw, offset) if raw[offset] == _STRUCTURE else None
            if layout is None or len(layout.kinds) != width:
                return []
            number = layout.run_length(raw, offset, count)
            short_runs += number < ROWS_PER_RUN
            if not number or short_runs > _SHORT_RUNS:
                return []
            runs.append(layout.run(raw, offset, number))
            offset += number * layout.values.size
            count -= number
    except (IndexError, DecodeError):
        return []
    return runs if offset == len(raw) else []
