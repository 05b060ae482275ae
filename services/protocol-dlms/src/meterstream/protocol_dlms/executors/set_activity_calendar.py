"""SetActivityCalendar: the passive calendar {20, 0.0.13.0.0.255} attributes 6 to 9, then its activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.set_activity_calendar import (
    OPERATION,
    SetActivityCalendarRequest,
    SetActivityCalendarResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, integer, octet_string
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context, Executor, Meter
from meterstream.protocol_dlms.model.activity_calendar import day_table, season_table, week_table

_ROLE: Final = "activity_calendar"
_PLACE: Final = "classId(20), obisCode(0.0.13.0.0.255)"


async def execute(request: SetActivityCalendarRequest, context: Context) -> SetActivityCalendarResponse:
    """Write all four tables in one list; activate them only when the meter has taken all."""
    tables = [
        ("CALENDARNAME", At(_ROLE, 6), octet_string(request.calendar_name.encode())),
        ("SEASONS", At(_ROLE, 7), season_table(request.seasons)),
        ("WEEKS", At(_ROLE, 8), week_table(request.seasons)),
        ("DAYS", At(_ROLE, 9), day_table(request.seasons)),
    ]
    results = await context.meter.set_list([(target, value) for _, target, value in tables])
    _check(tables, results)
    await _activate(context.meter)
    return SetActivityCalendarResponse()


def _check(tables: Sequence[tuple[str, At, Data]], results: Sequence[DataAccessResult]) -> None:
    """Raises: DEVICE_REFUSED, with a line for each table that was refused."""
    lines = [
        f"{name}: Result({result.name}), request({value.type.name}), {_PLACE}, attributeId({target.attribute})"
        for (name, target, value), result in zip(tables, results, strict=True)
        if result is not DataAccessResult.SUCCESS
    ]
    if lines:
        failed = next(result for result in results if result is not DataAccessResult.SUCCESS)
        raise error("DEVICE_REFUSED", "\n".join(lines), result=failed.name, refused=len(lines))


async def _activate(meter: Meter) -> None:
    """Raises: DEVICE_REFUSED."""
    try:
        await meter.action(Call(_ROLE, 1), integer(0))
    except AccessRefused as refusal:
        raise error(
            "DEVICE_REFUSED",
            f"Activating the activity calendar failed. MethodResult is: {refusal.result.name} "
            "ClassId: 20 obisCode: 0.0.13.0.0.255 method id: 1",
            **refusal.details,
        ) from refusal


EXECUTOR = Executor(OPERATION, execute, writes=True)
