"""SynchronizeTime: writes the present moment to the clock {8, 0.0.1.0.0.255, 2}."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from meterstream.contracts.operations.synchronize_time import (
    OPERATION,
    SynchronizeTimeRequest,
    SynchronizeTimeResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import CosemDateTime, Data
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Executor
from meterstream.protocol_dlms.model.cosem_text import octets_text

_CLOCK: Final = At("clock")
_CLOCK_SETTINGS: Final = {
    "time_zone": At("clock", 3),
    "daylight_savings_begin": At("clock", 5),
    "daylight_savings_end": At("clock", 6),
    "daylight_savings_enabled": At("clock", 8),
}
_HUNDREDTH_US: Final = 10_000


async def execute(request: SynchronizeTimeRequest, context: Context) -> SynchronizeTimeResponse:
    """Set the clock to now, taken as late as possible: when nothing but the line lies between it and the meter."""
    zone = ZoneInfo(request.time_zone)
    await context.meter.ready()
    now = context.now().astimezone(zone)
    now = now.replace(microsecond=now.microsecond // _HUNDREDTH_US * _HUNDREDTH_US)
    try:
        await context.meter.set(_CLOCK, CosemDateTime.from_datetime(now).to_data())
    except AccessRefused as refusal:
        if refusal.result is DataAccessResult.OTHER_REASON:
            refusal.details |= await _clock_settings(context)
        raise
    return SynchronizeTimeResponse(set_to=now)


async def _clock_settings(context: Context) -> dict[str, str]:
    """What the meter says of its own zone: a clock that contradicts it is refused with other-reason."""
    answers = await context.meter.get_list(list(_CLOCK_SETTINGS.values()))
    return {
        f"meter_{name}": octets_text(answer.value) if isinstance(answer.value, bytes) else str(answer.value)
        for name, answer in zip(_CLOCK_SETTINGS, answers, strict=True)
        if isinstance(answer, Data)
    }


EXECUTOR = Executor(OPERATION, execute, writes=True)
