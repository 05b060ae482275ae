"""SetSpecialDays: the whole table {11, 0.0.11.0.0.255, 2} at once."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_special_days import (
    OPERATION,
    SetSpecialDaysRequest,
    SetSpecialDaysResponse,
)
from meterstream.dlms.data import array, long_unsigned, octet_string, structure, unsigned
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.refusals import write_one

_TABLE: Final = At("special_days_table")


async def execute(request: SetSpecialDaysRequest, context: Context) -> SetSpecialDaysResponse:
    """Entries count from 0, in the order of the request."""
    entries = [
        structure(long_unsigned(index), octet_string(day.date), unsigned(day.day_id))
        for index, day in enumerate(request.special_days)
    ]
    await write_one(context.meter, _TABLE, array(entries), "Set special days reported result is: ")
    return SetSpecialDaysResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
